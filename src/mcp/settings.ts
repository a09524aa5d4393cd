/** The mapping file of a governed MCP server: the surface of each tool, and what else of the server may be used. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { ACTOR_TYPES, CountersignError, surfaceSchema } from '../contract/index.ts';

const name = z.string().min(1).max(256);
/** The name of an argument, or a dotted path of names in one. */
const argument = z.string().min(1).max(256);

const toolSchema = z.strictObject({
  surface: surfaceSchema.optional().meta({ description: 'Default: `mcp.<server>.<tool>`.' }),
  action: name.optional().meta({ description: 'The verb of the request; default: the name of the tool.' }),
  resource: z
    .strictObject({
      type: name.meta({ description: 'Its type.' }),
      id: argument.meta({ description: 'The argument that is its id.' }),
    })
    .optional()
    .meta({ description: 'What it is done to.' }),
  params: z
    .record(name, name)
    .default({})
    .meta({ description: 'Names of params, and the argument that each is; all others keep their names.' }),
  content: z.array(name).default([]).meta({ description: 'Arguments that records and approvers only see committed.' }),
  open: z
    .boolean()
    .default(false)
    .meta({ description: 'True: a tool that approves things may be used by agents nevertheless.' }),
});
export type ToolSetting = z.infer<typeof toolSchema>;

/** What an MCP server offers beside tools, and agents may use only where it is listed. */
export const LISTABLE = [
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'prompts/list',
  'prompts/get',
  'completion/complete',
] as const;

/** The file. */
export const mappingSchema = z.strictObject({
  server: name
    .regex(/^[a-z0-9][a-z0-9_-]*$/, 'lower case letters, digits, `-` and `_`')
    .default('server')
    .meta({ description: 'What this server is called in surfaces and records.' }),
  tools: z
    .record(name, toolSchema)
    .default({})
    .meta({ description: 'Tools by name; one that is not listed has the defaults.' }),
  allow: z
    .array(z.enum(LISTABLE))
    .default([])
    .meta({ description: 'Methods beside `tools/*` that go through without being governed.' }),
});
export type McpSettings = z.infer<typeof mappingSchema>;

/** @throws CountersignError `configuration` saying what is wrong, and where */
export function readSettings(file: string | undefined, server: string | undefined): McpSettings {
  const given: unknown = file === undefined ? {} : readYaml(file);
  const parsed = mappingSchema.safeParse(given ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw unusable(file ?? '', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it does not fit'}`);
  }
  const settings = server === undefined ? parsed.data : mappingSchema.parse({ ...parsed.data, server });
  for (const [tool, { params }] of Object.entries(settings.tools)) {
    const twice = Object.values(params).find((one, at, all) => all.indexOf(one) !== at);
    if (twice !== undefined) throw unusable(file ?? '', `tools.${tool}.params: \`${twice}\` is there twice`);
  }
  return settings;
}

function readYaml(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw unusable(file, cause instanceof Error ? cause.message : 'it cannot be read');
  }
}

const unusable = (file: string, why: string): CountersignError =>
  new CountersignError('configuration', `the mapping file \`${file}\` cannot be used: ${why}`);

/** Who asks: an id of the contract, and its kind. @throws CountersignError `configuration` */
export function actorOf(id: string): { id: string; type: (typeof ACTOR_TYPES)[number] } {
  const type = ACTOR_TYPES.find((known) => id.startsWith(`${known}:`));
  if (type !== undefined) return { id, type };
  throw new CountersignError('configuration', `\`${id}\` is no actor; name the agent, such as agent:claude-code`);
}
