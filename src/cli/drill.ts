/** `countersign drill`: planted requests that are never released, and who noticed them. */
import { randomInt } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import { drillReportSchema, plantedDrillSchema, type DrillReport } from '../contract/views/index.ts';
import type { JsonObject } from '../contract/index.ts';
import { parseDuration } from '../policy/duration.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call, type ApiConnection } from './http.ts';
import type { Io } from './io.ts';
import { readJsonObject, usage } from './values.ts';

interface PlantOptions extends ConnectOptions {
  missed: string;
  rate?: string;
  for?: string;
  json?: boolean;
}

/** `3/8h`: three in eight hours. */
const RATE = /^([1-9][0-9]{0,3})\/(\S+)$/;

/** Milliseconds to wait before each drill of a run: one at a random moment of each equal part of the time. */
export function momentsOf(rate: string, forMs: number | null, random: (below: number) => number): number[] {
  const [, count = '', within = ''] = RATE.exec(rate) ?? [];
  const withinMs = parseDuration(within);
  if (withinMs === null || withinMs <= 0)
    throw usage(`\`--rate ${rate}\` is no rate; write so many in so long, such as 3/8h`);
  const apartMs = withinMs / Number(count);
  const drills = Math.max(1, Math.floor((forMs ?? withinMs) / apartMs));
  return Array.from({ length: drills }, (_, i) => Math.floor(i * apartMs) + random(Math.max(1, Math.floor(apartMs))));
}

async function plant(io: Io, connection: ApiConnection, body: JsonObject, json: boolean): Promise<void> {
  const planted = readAnswer(plantedDrillSchema, await call(connection, { path: 'v1/drills', method: 'POST', body }));
  if (json) io.json(planted);
  else io.out(planted.action);
}

const percent = (rate: number | null): string => (rate === null ? 'none decided' : `${Math.round(rate * 100)} % seen`);

function linesOf({ open, drills, detection, attention }: DrillReport): string[] {
  return [
    `${String(drills.length)} drills are over, ${String(open)} go on`,
    ...detection.map(
      ({ person, surface, caught, missed, rate }) =>
        `${person} on ${surface}: ${String(caught)} seen, ${String(missed)} missed (${percent(rate)})`,
    ),
    ...attention.flatMap(({ person, flaggedAt }) =>
      flaggedAt === null ? [] : [`${person} approves without looking, by the drill of ${flaggedAt}`],
    ),
    ...drills.map(
      ({ action, end, person, missed }) => `${action}  ${end}${person === null ? '' : ` by ${person}`}: ${missed}`,
    ),
  ];
}

export function register(program: Command, io: Io): void {
  const drill = program
    .command('drill')
    .description('requests planted for those who approve, which are never released; and who saw them');
  const plantOne = drill
    .command('plant')
    .description('plant the request of a file; it is asked like any other, and never released')
    .argument('<file>', 'the request as JSON, or - for standard input')
    .requiredOption('--missed <text>', 'what is to be seen in it: whoever approves it is told at once')
    .option('--rate <rate>', 'again and again at random moments, such as 3/8h; this command then runs as long')
    .option('--for <duration>', 'with --rate: how long; default once the time of the rate')
    .option('--json', 'print JSON');
  withConnection(plantOne, { as: true }).action(async (file: string, options: PlantOptions) => {
    const forMs = options.for === undefined ? null : parseDuration(options.for);
    if (options.for !== undefined && (options.rate === undefined || forMs === null))
      throw usage('`--for` is a duration such as 8h, and goes with `--rate`');
    const body = { request: await readJsonObject(io, file), missed: options.missed };
    const moments = options.rate === undefined ? [0] : momentsOf(options.rate, forMs, (below) => randomInt(below));
    const connection = await connect(io, options);
    const begun = io.now();
    for (const moment of moments) {
      await setTimeout(Math.max(0, begun + moment - io.now()));
      await plant(io, connection, body, options.json === true);
    }
  });
  const report = drill
    .command('report')
    .description('what became of the drills, by approver and surface, and who approves without looking')
    .option('--json', 'print JSON');
  withConnection(report, { as: true }).action(async (options: ConnectOptions & { json?: boolean }) => {
    const answer = readAnswer(drillReportSchema, await call(await connect(io, options), { path: 'v1/drills' }));
    if (options.json === true) io.json(answer);
    else for (const line of linesOf(answer)) io.out(line);
  });
}
