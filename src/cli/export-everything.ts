/** `countersign export --everything`: everything of a tenant, in one folder that is readable without a server. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CountersignError } from '../contract/index.ts';
import { policyViewSchema, type ActivationView } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, type ConnectOptions } from './connect.ts';
import { call, download, type ApiConnection } from './http.ts';
import type { Io } from './io.ts';
import { writeKeys } from './keys.ts';
import { publicKeys } from './public-keys.ts';

interface List {
  path: string;
  /** The member of the answer that holds the items. */
  items: string;
  /** Whether it is answered a page at a time. */
  paged?: boolean;
}

/** Answers of list routes, one file for each. */
const LISTS: Record<string, List> = {
  'actions.jsonl': { path: 'v1/actions', items: 'actions', paged: true },
  'attempts.jsonl': { path: 'v1/attempts', items: 'attempts', paged: true },
  'api-keys.jsonl': { path: 'v1/api-keys', items: 'keys' },
  'read-tokens.jsonl': { path: 'v1/read-tokens', items: 'tokens' },
  'delegations.jsonl': { path: 'v1/delegations', items: 'delegations' },
  'freezes.jsonl': { path: 'v1/freezes', items: 'freezes' },
  'reviews.jsonl': { path: 'v1/reviews', items: 'reviews' },
  'surfaces.jsonl': { path: 'v1/surfaces', items: 'surfaces' },
};
const ACTIVATIONS: List = { path: 'v1/policies', items: 'activations', paged: true };

const PAGE = 200;

const README = (tenant: string, at: string): string => `# Everything of the tenant \`${tenant}\`

Taken away on ${at}. Nothing here needs a server.

| file | is |
| --- | --- |
| \`evidence.tar.gz\` | the whole log: every record, receipt, policy, key, tile; \`countersign verify evidence.tar.gz --key … --log-key …\` and \`countersign audit --bundle evidence.tar.gz\` check it |
| \`keys/\` | the public keys to check it with. Compare them with those that you pinned before: keys that lie beside evidence prove nothing about it |
| \`policies/HASH.json\` | every bundle that was ever in force, in the canonical form that its hash is of |
| \`policies.jsonl\` | which bundle came into force when, by whom, and why; newest first |
| \`actions.jsonl\` | one line an action, as \`GET /v1/actions\` lists it |
| \`freezes.jsonl\`, \`delegations.jsonl\`, \`reviews.jsonl\` | what is in force or open |
| \`api-keys.jsonl\`, \`read-tokens.jsonl\` | who may ask and read. No secrets: these are nowhere |
| \`surfaces.jsonl\`, \`attempts.jsonl\` | what was governed; who was refused at the door |
| \`SHA256SUMS\` | for \`sha256sum -c\`; it proves nothing by itself |

Not here: values that policy does not disclose (records hold salted commitments to them), secrets, and the YAML of your policies, which you have.
`;

export interface EverythingOptions extends ConnectOptions {
  out?: string;
  json?: boolean;
}

/** All or nothing: the folder has its name once everything is in it. */
export async function exportEverything(io: Io, options: EverythingOptions): Promise<void> {
  const connection = await connect(io, options);
  const { tenant } = (await call(connection, { path: 'v1/me' })) as { tenant: string };
  const at = new Date().toISOString();
  const out = options.out ?? `countersign-${tenant}-${at.slice(0, 10)}`;
  const part = `${out}.part`;
  try {
    await mkdir(join(part, 'policies'), { recursive: true });
    await writeKeys(join(part, 'keys'), await publicKeys(io, { ...options, tenant }));
    await writePolicies(part, connection);
    for (const [file, list] of Object.entries(LISTS)) {
      await writeLines(join(part, file), itemsOf(connection, list));
    }
    // Last, so that the log includes everything in the lists.
    const archive = await download(connection, 'v1/export?format=bundle');
    await pipeline((archive.body ?? []) as AsyncIterable<Uint8Array>, createWriteStream(join(part, 'evidence.tar.gz')));
    await writeFile(join(part, 'README.md'), README(tenant, at));
    await writeFile(join(part, 'SHA256SUMS'), await sumsOf(part));
    await rename(part, out);
  } catch (cause) {
    await rm(part, { recursive: true, force: true });
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (!['EEXIST', 'ENOTEMPTY', 'EACCES', 'ENOSPC', 'EROFS', 'ENOTDIR'].includes(code)) throw cause;
    throw new CountersignError('invalid-request', `\`${out}\` cannot be written (${code}); give another --out`, {
      cause,
    });
  }
  if (options.json === true) io.json({ folder: out, tenant });
  else io.out(`wrote ${out}; its README.md says what is what`);
}

const lineOf = (value: unknown): string => `${JSON.stringify(value)}\n`;

async function* itemsOf(connection: ApiConnection, { path, items, paged }: List): AsyncGenerator<unknown> {
  for (let cursor: string | null = null, first = true; first || cursor !== null; first = false) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(cursor === null ? {} : { cursor }) });
    const page = (await call(connection, { path: paged === true ? `${path}?${query.toString()}` : path })) as Record<
      string,
      unknown
    >;
    const list = page[items];
    if (!Array.isArray(list)) throw new CountersignError('unavailable', `\`/${path}\` answers without \`${items}\``);
    yield* list as unknown[];
    cursor = typeof page['next_cursor'] === 'string' ? page['next_cursor'] : null;
  }
}

async function writeLines(file: string, items: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
  const lines = async function* (): AsyncGenerator<string> {
    for await (const item of items) yield lineOf(item);
  };
  await pipeline(lines, createWriteStream(file));
}

async function writePolicies(folder: string, connection: ApiConnection): Promise<void> {
  const activations: ActivationView[] = [];
  for await (const item of itemsOf(connection, ACTIVATIONS)) activations.push(item as ActivationView);
  await writeLines(join(folder, 'policies.jsonl'), activations);
  for (const bundle of new Set(activations.map((one) => one.bundle))) {
    const answer = await call(connection, { path: `v1/policies/${encodeURIComponent(bundle)}` });
    const { source } = readAnswer(policyViewSchema, answer);
    await writeFile(join(folder, 'policies', `${bundle.slice('sha256:'.length)}.json`), lineOf(source));
  }
}

async function sumsOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
  const lines: string[] = [];
  for (const file of files) {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(join(folder, file))) hash.update(chunk as Uint8Array);
    lines.push(`${hash.digest('hex')}  ${file}\n`);
  }
  return lines.join('');
}
