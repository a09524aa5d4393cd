/** `countersign export`: takes sealed records away, as a table, as JSON lines, or as a bundle that proves itself. */
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

/** Repeated here, so that other verbs do not load the export's modules. */
const FORMATS = ['csv', 'jsonl', 'bundle'] as const satisfies readonly ExportFormat[];

const FILTERS = ['surface', 'action', 'actor', 'approver', 'decision', 'type', 'from', 'to', 'q'] as const;

interface ExportOptions extends ConnectOptions, Partial<Record<(typeof FILTERS)[number], string>> {
  format: string;
  out?: string;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = program
    .command('export')
    .description('export sealed records; that it was done is itself sealed')
    // `--format` and `--out` after `actions` are its own.
    .enablePositionalOptions()
    .addOption(
      new Option('--format <format>', 'csv, jsonl, or bundle: all that `countersign verify` needs')
        .choices(FORMATS)
        .default('bundle'),
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
    .option('--json', 'say in JSON what was written');
  withConnection(command, { as: true }).action((options: ExportOptions) => run(io, options));
  registerActions(command, io);
}

/** As `GET /v1/actions` takes them. */
const ACTION_FILTERS = [
  'surface',
  'actor',
  'requester',
  'approver',
  'status',
  'decision',
  'basis',
  'mode',
  'policy',
  'rule',
  'folder',
  'via',
  'currency',
  'amountFrom',
  'amountTo',
  'from',
  'to',
  'q',
  'sort',
  'zone',
] as const;

function registerActions(command: Command, io: Io): void {
  const actions = command
    .command('actions')
    .description('export exactly the actions of a filter, for spreadsheets and auditors; sealed, with control totals')
    .addOption(
      new Option('--format <format>', 'csv, csv-excel (`;` and decimal commas), jsonl, or xlsx with typed cells')
        .choices(['csv', 'csv-excel', 'jsonl', 'xlsx'] satisfies ActionFormat[])
        .default('xlsx'),
    )
    .option('--out <file>', 'where to write it (default: a name with the time, here), or - for standard output')
    .option('--json', 'say in JSON what was written');
  for (const name of ACTION_FILTERS) {
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    actions.option(`--${flag} <value>`, name === 'zone' ? 'IANA zone of the local times' : `as in GET /v1/actions`);
  }
  withConnection(actions, { as: true }).action(
    (options: ExportOptions & Partial<Record<(typeof ACTION_FILTERS)[number], string>>) => {
      const { format } = options;
      const query = new URLSearchParams({ format });
      for (const name of ACTION_FILTERS) {
        const value = options[name];
        if (value !== undefined) query.set(name, value);
      }
      return fetchFile(io, options, `v1/actions/export?${query.toString()}`, format.replace('csv-excel', 'csv'));
    },
  );
}

async function run(io: Io, options: ExportOptions): Promise<void> {
  const { format } = options;
  const query = new URLSearchParams({ format });
  for (const name of FILTERS) {
    const value = options[name];
    if (value !== undefined) query.set(name, value);
  }
  await fetchFile(io, options, `v1/export?${query.toString()}`, format === 'bundle' ? 'tar.gz' : format);
}

async function fetchFile(io: Io, options: ExportOptions, path: string, extension: string): Promise<void> {
  const { format } = options;
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
