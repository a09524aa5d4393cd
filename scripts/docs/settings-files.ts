/** The tables of the keys in settings files, from the schemas that read them. */
import { z } from 'zod';
import { connectorsSchema } from '../../src/connectors/settings.ts';
import { advisersSchema } from '../../src/main/advisers.ts';
import { issuersSchema } from '../../src/main/issuers.ts';
import { rotasSchema } from '../../src/main/oncall.ts';
import { tenantsSchema } from '../../src/main/tenants.ts';
import { webhooksSchema } from '../../src/main/webhooks.ts';
import { witnessesSchema } from '../../src/main/witnesses.ts';
import { mappingSchema } from '../../src/mcp/settings.ts';

interface File {
  title: string;
  /** What names the file. */
  named: string;
  /** The page that tells of it. */
  page: string;
  schema: z.ZodType;
}

const FILES: readonly File[] = [
  { title: 'Issuers', named: 'COUNTERSIGN_ISSUERS', page: 'identity.md', schema: issuersSchema },
  { title: 'Tenants', named: 'COUNTERSIGN_TENANTS', page: 'identity.md', schema: tenantsSchema },
  { title: 'Connectors', named: 'COUNTERSIGN_CONNECTORS', page: 'connectors.md', schema: connectorsSchema },
  { title: 'Advisers', named: 'COUNTERSIGN_ADVISERS', page: 'policies.md', schema: advisersSchema },
  { title: 'Rotas', named: 'COUNTERSIGN_ONCALL', page: 'identity.md', schema: rotasSchema },
  { title: 'Webhooks', named: 'COUNTERSIGN_WEBHOOKS', page: 'webhooks.md', schema: webhooksSchema },
  { title: 'Witnesses and anchors', named: 'COUNTERSIGN_WITNESSES', page: 'auditing.md', schema: witnessesSchema },
  { title: 'Tools of an MCP server', named: 'countersign mcp --mapping', page: 'mcp.md', schema: mappingSchema },
];

/** One key of a file: where it stands, and what is said of it. */
export interface Key {
  /** `rotas[].token`; `tools.*.surface` under a key that the owner names. */
  path: string;
  /** As JSON; null where there is none. */
  fallback: string | null;
  required: boolean;
  description: string | undefined;
}

type Schema = z.core.JSONSchema.JSONSchema;

/** What may hold more keys: the schema itself, what is in a list, the forms of a choice, and what stands under names of the owner's. */
function inside(schema: Schema, path: string): [Schema, string][] {
  const { items, additionalProperties: named } = schema;
  const within: [Schema, string][] = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].map((form) => [
    form as Schema,
    path,
  ]);
  if (typeof items === 'object' && !Array.isArray(items)) within.push([items as Schema, `${path}[]`]);
  if (typeof named === 'object') within.push([named as Schema, `${path}.*`]);
  return within;
}

function keysIn(schema: Schema, path: string): Key[] {
  const properties = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const held = property as Schema;
    // What tells the forms of a choice apart stands with its value.
    const form = held.const === undefined ? '' : `: ${String(held.const)}`;
    const key: Key = {
      path: `${path === '' ? '' : `${path}.`}${name}${form}`,
      fallback: held.default === undefined ? null : JSON.stringify(held.default),
      required: schema.required?.includes(name) === true,
      description: held.description,
    };
    return [key, ...keysIn(held, key.path)];
  });
  return [...properties, ...inside(schema, path).flatMap(([held, at]) => keysIn(held, at))];
}

/** The keys of a file, each form of a choice after the other. What forms share stands once. */
export function keysOf(schema: z.ZodType): Key[] {
  const keys = keysIn(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), '');
  const seen = new Set<string>();
  return keys.filter((key) => !seen.has(JSON.stringify(key)) && seen.add(JSON.stringify(key)));
}

/** Every key of every file, under the title of its file. */
export const KEYS: readonly (File & { keys: Key[] })[] = FILES.map((file) => ({ ...file, keys: keysOf(file.schema) }));

const code = (text: string): string => '`' + text.replaceAll('|', '\\|') + '`';

function rowOf({ path, fallback, required, description }: Key): string {
  const value = fallback === null ? '' : code(fallback);
  return `| ${code(path)} | ${required ? 'required' : value} | ${description ?? ''} |`;
}

/** The part of the page about settings files. */
export function settingsFiles(): string {
  const tables = KEYS.map(({ title, named, page, keys }) =>
    [
      `### ${title}`,
      '',
      `Named by ${code(named)}; with examples in [${page}](${page}).`,
      '',
      '| key | default | what it is for |',
      '| --- | --- | --- |',
      ...keys.map(rowOf),
      '',
    ].join('\n'),
  );
  return [
    '## Settings files\n',
    `Files in YAML, each named by a variable. They are read when a process starts, and one that does not fit stops it. ${code('[]')} is each of a`,
    `list, ${code('.*')} what stands under a name that you choose. Secrets stand in them where the table says so; such a file belongs where secrets do.\n`,
    ...tables,
  ].join('\n');
}
