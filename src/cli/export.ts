/** `countersign export`: exports sealed records as a table, as JSON lines, or as an archive that can be verified. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Option, type Command } from 'commander';
import { CountersignError } from '../contract/index.ts';
import type { ActionFormat } from '../export/actions/index.ts';
import type { ExportFormat } from '../export/index.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { download } from './http.ts';
import type { Io } from './io.ts';
import { usage } from './values.ts';

/** Repeated here, so that other verbs do not load the export's modules. */
const FORMATS = ['csv', 'jsonl', 'bundle', 'ocsf'] as const satisfies readonly ExportFormat[];
const ACTION_FORMATS = ['csv', 'csv-excel', 'jsonl', 'xlsx'] as const satisfies readonly ActionFormat[];

/** As `GET /v1/export` takes them. */
const FILTERS = [
  'surface',
  'action',
  'actor',
  'approver',
  'decision',
  'type',
  'from',
  'to',
  'q',
  'actions',
  'sample',
] as const;
/** Further parameters of `GET /v1/actions/export`, which has no `action` and `type`. */
const OF_ACTIONS = {
  requester: 'of what was asked for on behalf of this person',
  status: 'that are now so, such as executed',
  basis: 'released on this basis, such as override',
  mode: 'judged in this mode',
  policy: 'judged by this policy',
  rule: 'judged by this rule',
  folder: 'in this folder, or below',
  via: 'decided through this door',
  currency: 'in this currency',
  'amount-from': 'of at least so much',
  'amount-to': 'of at most so much',
  sort: 'in this order, such as -amount',
  zone: 'with local times of this IANA zone beside UTC',
} as const;

/** Extensions of formats whose name is not one. */
const EXTENSIONS: Readonly<Record<string, string>> = { bundle: 'tar.gz', ocsf: 'ocsf.jsonl', 'csv-excel': 'csv' };

interface ExportOptions extends ConnectOptions {
  of: 'records' | 'actions';
  format?: string;
  out?: string;
  everything?: boolean;
  json?: boolean;
  [filter: string]: unknown;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command('export')
    .description('export sealed records, or a table of actions; that it was done is itself sealed')
    .addOption(
      new Option('--of <what>', 'sealed records, or exactly the actions of a filter')
        .choices(['records', 'actions'])
        .default('records'),
    )
    .addOption(
      new Option(
        '--format <format>',
        'of records csv, jsonl, ocsf (for a SIEM), or bundle (all that `countersign verify` needs; the default); of actions csv, csv-excel, jsonl, or xlsx (the default)',
      ).choices([...new Set([...FORMATS, ...ACTION_FORMATS])]),
    )
    .option('--out <file>', 'where to write it (default: a name with the time, here), or - for standard output')
    .option('--surface <surface>', 'of this surface')
    .option('--action <id>', 'of this action')
    .option('--actor <id>', 'of what this actor asked for')
    .option('--approver <id>', 'that this person decided')
    .option('--decision <decision>', 'such as approve, refuse, executed')
    .option('--type <type>', 'such as verdict, decision, release, outcome')
    .option('--from <time>', 'from this time on, RFC 3339')
    .option('--to <time>', 'before this time, RFC 3339')
    .option('--q <text>', 'that contain this text')
    .option('--actions <ids>', 'records: of these actions only, their ids with commas between')
    .option('--sample <text>', 'with --actions: what they were drawn by; sealed with the export');
  for (const [name, what] of Object.entries(OF_ACTIONS)) command.option(`--${name} <value>`, `actions: ${what}`);
  command
    .option(
      '--everything',
      'a folder with all that there is of the tenant, to leave with: the log, keys, policies, lists',
    )
    .option('--json', 'say in JSON what was written');
  withConnection(command, { as: true }).action((options: ExportOptions) => run(io, options));
}

const camel = (name: string): string => name.replaceAll(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase());

async function run(io: Io, options: ExportOptions): Promise<void> {
  if (options.everything === true) {
    const filter = [...FILTERS, ...Object.keys(OF_ACTIONS).map(camel)].find((name) => options[name] !== undefined);
    if (filter !== undefined) throw usage(`--everything takes no filter; leave --${filter} out`);
    const { exportEverything } = await import('./export-everything.ts');
    await exportEverything(io, options);
    return;
  }
  const ofActions = options.of === 'actions';
  const formats: readonly string[] = ofActions ? ACTION_FORMATS : FORMATS;
  const format = options.format ?? (ofActions ? 'xlsx' : 'bundle');
  if (!formats.includes(format)) throw usage(`an export of ${options.of} is one of ${formats.join(', ')}`);
  const takes = ofActions
    ? [
        ...FILTERS.filter((name) => !['action', 'type', 'actions', 'sample'].includes(name)),
        ...Object.keys(OF_ACTIONS).map(camel),
      ]
    : [...FILTERS];
  const given = [...FILTERS, ...Object.keys(OF_ACTIONS).map(camel)].filter((name) => options[name] !== undefined);
  const wrong = given.find((name) => !takes.includes(name));
  // A filter that is ignored must not become an export of everything.
  if (wrong !== undefined) throw usage(`an export of ${options.of} does not take --${wrong}`);
  const query = new URLSearchParams({ format });
  for (const name of given) query.set(name, String(options[name]));
  const extension = EXTENSIONS[format] ?? format;
  await fetchFile(
    io,
    { ...options, format },
    `v1/${ofActions ? 'actions/export' : 'export'}?${query.toString()}`,
    extension,
  );
}

async function fetchFile(
  io: Io,
  { format, ...options }: ExportOptions & { format: string },
  path: string,
  extension: string,
): Promise<void> {
  const response = await download(await connect(io, options), path);
  const name = /filename="([A-Za-z0-9._-]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  const file = options.out ?? name ?? `countersign-export.${extension}`;
  const { bytes, sha256 } = file === '-' ? await toStandardOutput(io, response) : await toFile(response, file);
  const record = response.headers.get('countersign-receipt');
  if (options.json === true && file !== '-') io.json({ file, format, bytes, sha256, record });
  else if (file !== '-') io.out(`wrote ${file}: ${bytes} bytes, SHA-256 ${sha256}`);
  io.err(`sealed as ${record ?? 'an export'}`);
}

interface Written {
  bytes: number;
  sha256: string;
}

async function* counted(response: Response, written: Written): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    hash.update(chunk);
    written.bytes += chunk.length;
    yield chunk;
  }
  written.sha256 = hash.digest('hex');
}

const cutShort = (cause: unknown): CountersignError =>
  new CountersignError('unavailable', 'the export was cut short, so nothing was kept; try again', { cause });

/** All or nothing, so that half an export is not mistaken for a whole one. */
async function toFile(response: Response, file: string): Promise<Written> {
  const written: Written = { bytes: 0, sha256: '' };
  const part = `${file}.part`;
  try {
    await pipeline(counted(response, written), createWriteStream(part));
    await rename(part, file);
  } catch (cause) {
    await rm(part, { force: true });
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    if (!/^E[A-Z]+$/.test(code) || code === 'ECONNRESET') throw cutShort(cause);
    throw new CountersignError('invalid-request', `\`${file}\` cannot be written (${code}); give another --out`, {
      cause,
    });
  }
  return written;
}

async function toStandardOutput(io: Io, response: Response): Promise<Written> {
  const written: Written = { bytes: 0, sha256: '' };
  try {
    for await (const chunk of counted(response, written)) await io.bytes(chunk);
  } catch (cause) {
    throw cutShort(cause);
  }
  return written;
}
