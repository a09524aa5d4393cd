/** `countersign policy diff|backtest`: what another version of the policies would say, to their cases and to sealed history. */
import { readBounds, type Verdict } from '../contract/index.ts';
import { backtestReportSchema, type BacktestView } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, type ConnectOptions } from './connect.ts';
import { call, type ApiConnection } from './http.ts';
import type { Io } from './io.ts';
import {
  asking,
  compileFolder,
  fetchBundle,
  isStored,
  readFolder,
  resolverOf,
  storedHash,
  type Folder,
} from './policy-folder.ts';
import { usage } from './values.ts';

export interface RangeOptions extends ConnectOptions {
  from?: string;
  to?: string;
  surface?: string;
  json?: boolean;
}

export interface DiffOptions extends RangeOptions {
  recorded?: boolean;
}

export interface BacktestOptions extends RangeOptions {
  bundle?: string;
}

/** The time limit in milliseconds for judging thousands of sealed actions again. */
const LONG_MS = 120_000;

export async function diff(io: Io, before: string, after: string, options: DiffOptions): Promise<void> {
  if (options.recorded === true) {
    const connection = await connect(io, options);
    await report(io, connection, options, {
      ...(await candidate(io, connection, after)),
      base: await candidate(io, connection, before),
    });
    return;
  }
  if (options.from !== undefined || options.to !== undefined || options.surface !== undefined)
    throw usage('`--from`, `--to` and `--surface` choose from sealed history; add `--recorded`');
  const { diffBundles } = await import('../policy/index.ts');
  const [a, b] = [await side(io, before, options), await side(io, after, options)];
  // Cases and people come from the later folder, because a stored bundle has none.
  const around = b.folder ?? a.folder ?? (await readFolder(io, undefined));
  const [former, later] = [await asking(a.bundle), await asking(b.bundle)];
  // The first asks the programs of one bundle, the second those of the other. The answers of the first are kept.
  await former.judged((bundle) => diffBundles(bundle, later.bundle, around.files, resolverOf(around)));
  const { value: changes } = await later.judged((bundle) =>
    diffBundles(former.bundle, bundle, around.files, resolverOf(around)),
  );
  if (options.json === true) {
    io.json(changes);
    return;
  }
  for (const [sign, names] of [
    ['+', changes.added],
    ['-', changes.removed],
    ['~', changes.changed],
  ] as const) {
    for (const name of names) io.out(`${sign} ${name}`);
  }
  for (const { name, why } of changes.verdicts) io.out(`  ${name}: ${why}`);
  io.out(`${changes.verdicts.length} of ${changes.total} cases are judged otherwise`);
}

export async function backtestVerb(io: Io, options: BacktestOptions): Promise<void> {
  const connection = await connect(io, options);
  const given =
    options.bundle === undefined
      ? { files: (await readFolder(io, options.policies)).files }
      : { bundle: await storedHash(connection, options.bundle) };
  await report(io, connection, options, given);
}

async function side(io: Io, name: string, options: ConnectOptions) {
  if (isStored(name)) return { bundle: await fetchBundle(await connect(io, options), name), folder: null };
  const folder: Folder = await readFolder(io, name);
  return { bundle: await compileFolder(folder), folder };
}

/** A bundle as the server takes it: the files of a folder, or a hash that it knows. */
async function candidate(io: Io, connection: ApiConnection, name: string): Promise<object> {
  return isStored(name)
    ? { bundle: await storedHash(connection, name) }
    : { files: (await readFolder(io, name)).files };
}

async function report(io: Io, connection: ApiConnection, options: RangeOptions, candidates: object): Promise<void> {
  const body = {
    ...candidates,
    ...readBounds(options),
    ...(options.surface === undefined ? {} : { surface: options.surface }),
  };
  const answer = await call(connection, { method: 'POST', path: 'v1/policies/backtest', body, allowMs: LONG_MS });
  if (options.json === true) io.json(answer);
  else {
    const { lines, examples } = readAnswer(backtestReportSchema, answer);
    for (const example of examples) io.out(`  ${describeExample(example)}`);
    for (const line of lines) io.out(line);
  }
}

function describeExample({ name, from, to }: BacktestView['examples'][number]): string {
  const said = ({ decision, policy, rule }: Verdict): string =>
    `${decision} (${[policy, rule].filter((part) => part !== null).join(' / ') || 'no policy'})`;
  return `${name}: ${said(from)} → ${said(to)}`;
}
