/** `countersign plan`: has several steps reviewed as one, shows their state, and decides them. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { PlanDecision } from '../contract/index.ts';
import { planDecidedSchema, planSchema, type PlanView } from '../contract/views/index.ts';
import { RESPONSIBILITY } from '../contract/responsibility.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { EXIT, exitOfStatus } from './exit.ts';
import { call, callPatiently } from './http.ts';
import type { Io } from './io.ts';
import { collectValues, readJsonObject, secondsOf, usage } from './values.ts';

interface PlanOptions extends ConnectOptions {
  idempotencyKey?: string;
  wait?: string;
  step?: string[];
  others?: string;
  reason?: string;
  json?: boolean;
}

/** Seconds that one call waits at most. */
const WAIT_MAX = 60;

export function register(program: Command, io: Io): void {
  const plan = program
    .command('plan')
    .description('have up to 100 steps reviewed as one; exits 0 when it goes on, 3 when refused, 4 when it waits');
  const verb = (name: string, description: string): Command =>
    plan.command(name).description(description).option('--json', 'print JSON');
  const connected = (command: Command): Command => withConnection(command, { as: true });

  connected(
    verb('ask', 'submit a plan: `{"steps": [request, …]}`, with `title`, `order`, `onFailure` and `open` as you like')
      .argument('<file>', 'JSON, or - for standard input')
      .option('--idempotency-key <key>', 'the same key and plan is the same plan (default: a new one)')
      .option('--wait <seconds>', `wait until people have decided, at most ${WAIT_MAX}`),
  ).action((file: string, options: PlanOptions) => ask(io, file, options));

  connected(
    verb('add', 'add the next steps to an open plan: `{"steps": [request, …]}`')
      .argument('<id>', 'the plan’s id')
      .argument('<file>', 'JSON, or - for standard input')
      .requiredOption('--after <steps>', 'how many steps the plan has: the same steps after them are the same for ever')
      .option('--wait <seconds>', `wait until people have decided, at most ${WAIT_MAX}`),
  ).action((id: string, file: string, options: PlanOptions & { after: string }) => add(io, id, file, options));

  connected(
    verb('show', 'how a plan and its steps stand')
      .argument('<id>', 'the plan’s id')
      .option('--wait <seconds>', `wait until people have decided, at most ${WAIT_MAX}`),
  ).action(async (id: string, options: PlanOptions) => {
    const request = { path: pathOf(id), ...waitOf(options) };
    print(io, readAnswer(planSchema, await call(await connect(io, options), request)), options);
  });

  for (const decision of ['approve', 'refuse'] as const) {
    connected(
      verb(decision, `${decision} all steps that wait for you, or some`)
        .argument('<id>', 'the plan’s id')
        .option('--step <number>', 'a step that is meant, from 1 as `show` lists them (repeatable)', collectValues)
        .option('--others <decision>', 'what is said of the others that wait for you: refuse (default: nothing)')
        .option('--reason <text>', 'why; sealed with each decision'),
    )
      .addHelpText('after', decision === 'approve' ? `\n${RESPONSIBILITY}` : '')
      .action((id: string, options: PlanOptions) => decide(io, id, decision, options));
  }

  connected(
    verb('cancel', 'withdraw every step that nobody began')
      .argument('<id>', 'the plan’s id')
      .option('--reason <text>', 'why; sealed'),
  ).action(async (id: string, options: PlanOptions) => {
    const body = options.reason === undefined ? {} : { reason: options.reason };
    const request = { method: 'POST', path: `${pathOf(id)}/cancel`, body } as const;
    print(io, readAnswer(planSchema, await call(await connect(io, options), request)), options);
    io.exitCode = EXIT.ok;
  });
}

const pathOf = (id: string): string => `v1/plans/${encodeURIComponent(id)}`;

function waitOf({ wait }: PlanOptions): { wait?: number } {
  return wait === undefined ? {} : { wait: Math.min(WAIT_MAX, secondsOf('--wait', wait)) };
}

async function ask(io: Io, file: string, options: PlanOptions): Promise<void> {
  const body = await readJsonObject(io, file);
  const key = options.idempotencyKey ?? `cli-${randomUUID()}`;
  const headers = { 'idempotency-key': key };
  const connection = await connect(io, options);
  const request = { method: 'POST', path: 'v1/plans', body, headers, ...waitOf(options) } as const;
  const answer = await callPatiently(connection, request, { note: (line) => io.err(line), answered: false });
  print(io, readAnswer(planSchema, answer), options);
}

async function add(io: Io, id: string, file: string, options: PlanOptions & { after: string }): Promise<void> {
  if (!/^[1-9]\d?$/.test(options.after))
    throw usage(`\`--after ${options.after}\` is no number of steps, from 1 to 99`);
  const { steps } = await readJsonObject(io, file);
  const body = { at: Number(options.after), steps };
  const request = { method: 'POST', path: `${pathOf(id)}/steps`, body, ...waitOf(options) } as const;
  const answer = await callPatiently(await connect(io, options), request, {
    note: (line) => io.err(line),
    answered: false,
  });
  print(io, readAnswer(planSchema, answer), options);
}

async function decide(io: Io, id: string, decision: 'approve' | 'refuse', options: PlanOptions): Promise<void> {
  if (options.others !== undefined && options.others !== 'refuse') throw usage('`--others` is `refuse`, or left out');
  if (decision === 'approve' && options.json !== true) io.err(RESPONSIBILITY);
  const body: PlanDecision = {
    decision,
    ...(options.step === undefined ? {} : { steps: options.step.map(indexOf) }),
    ...(options.others === undefined ? {} : { rest: 'refuse' }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
  };
  const headers = { 'countersign-door': 'cli' };
  const request = { method: 'POST', path: `${pathOf(id)}/decisions`, body, headers } as const;
  const answer = readAnswer(planDecidedSchema, await call(await connect(io, options), request));
  if (options.json === true) io.json(answer);
  else print(io, answer.plan, options);
  const refused = answer.decided.filter(({ code }) => code !== null);
  for (const { index, detail } of refused) io.err(`step ${index + 1}: ${detail ?? 'it does not count'}`);
  io.exitCode = refused.length > 0 ? EXIT.refused : EXIT.ok;
}

function indexOf(step: string): number {
  if (!/^[1-9]\d{0,2}$/.test(step)) throw usage(`\`--step ${step}\` is no number of a step, from 1`);
  return Number(step) - 1;
}

function print(io: Io, plan: PlanView, { json }: PlanOptions): void {
  io.exitCode = exitOf(plan);
  if (json === true) return io.json(plan);
  const { verdict } = plan;
  io.out(`${plan.id}  ${plan.status}${plan.title === null ? '' : `  ${plan.title}`}`);
  if (verdict !== null) {
    const effect = verdict.effect === null ? '' : `, worst effect ${verdict.effect}`;
    io.out(`  ${verdict.approve} approved, ${verdict.supervise} for people, ${verdict.refuse} refused${effect}`);
    for (const { limit, sum, left, max } of verdict.limits) io.out(`  ${limit}: takes ${sum}, ${left} of ${max} left`);
  }
  for (const step of plan.steps) {
    io.out(
      `  ${String(step.index + 1).padStart(3)}. ${step.status.padEnd(10)} ${step.action} on ${step.surface}  ${step.id}`,
    );
  }
}

/** Ended with some of its steps done: somebody has to look. */
const exitOf = ({ status }: PlanView): number => (status === 'partial' ? EXIT.fault : exitOfStatus(status));
