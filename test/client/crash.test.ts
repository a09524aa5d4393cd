/** kill -9 of whoever governs, anywhere: the effect happens at most once, what is told is true, and nobody is asked twice. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD } from '../support/stack.ts';
import { hasPython, PYTHON, pythonEnv } from './python.ts';
import { startWire, type Step, type Wire } from './wire.ts';

const AMOUNT = 420.5;
const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const CALLERS: Record<string, [string, string[]]> = {
  JavaScript: [process.execPath, ['--import', 'tsx', file('caller.ts')]],
  ...(hasPython ? { Python: [PYTHON, [file('caller.py')]] as [string, string[]] } : {}),
};

let stack: SharedStack;
beforeAll(async () => {
  stack = await sharedStack();
});

/** What one caller ended with, or null where it was killed. */
type Ended = { status: string; outcome: string | null } | null;

class Scene {
  readonly key = `ord_${randomUUID()}`;
  readonly language: string;
  wire!: Wire;
  #kill: Step | null;
  #child: ChildProcess | null = null;
  #approved: Promise<unknown> | null = null;

  constructor(language: string, kill: Step | null) {
    this.language = language;
    this.#kill = kill;
  }

  async open(): Promise<this> {
    this.wire = await startWire(stack.url, async (step) => {
      // The human answers once somebody was asked; a caller that dies there is told when it comes back.
      if (step === 'ask-answered') this.#approved ??= this.#approve();
      if (step !== this.#kill) return true;
      this.#kill = null;
      if (step === 'wait') await new Promise((next) => setTimeout(next, 200));
      this.#child?.kill('SIGKILL');
      return false;
    });
    return this;
  }

  async run(): Promise<Ended> {
    const [command, args] = CALLERS[this.language] as [string, string[]];
    const child = spawn(command, args, {
      env: {
        ...process.env,
        ...pythonEnv,
        COUNTERSIGN_URL: this.wire.url,
        COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '',
        CALLER_LEDGER: this.wire.url,
        CALLER_KEY: this.key,
        CALLER_AMOUNT: String(AMOUNT),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    let [out, problems] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (out += String(text)));
    child.stderr.on('data', (text: Buffer) => (problems += String(text)));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code === null) return null;
    if (code !== 0) throw new Error(problems);
    return JSON.parse(out) as Ended;
  }

  /** The action as the engine knows it: asking again with its key is looking. */
  async action(): Promise<{ id: string; status: string; redeemedAt?: string | null }> {
    const { control } = stack.sandbox;
    const asked = control
      .messages('finance-approvals')
      .filter(({ threadTs, blocks }) => threadTs === undefined && JSON.stringify(blocks).includes(this.key));
    expect(asked, 'a human is asked exactly once').toHaveLength(1);
    const id = await this.#id();
    return (await stack.call('GET', `/v1/actions/${id}`)).body;
  }

  async #id(): Promise<string> {
    const { body } = await stack.ask(
      {
        surface: 'payments.refund',
        action: 'refund.create',
        actor: { id: 'agent:support-bot', type: 'agent' },
        resource: { type: 'order', id: this.key },
        params: { amount: AMOUNT, currency: 'USD' },
        context: { environment: 'production' },
      },
      { key: this.key },
    );
    return body.id;
  }

  async #approve(): Promise<void> {
    const token = await stack.person(LEAD);
    const id = await this.#id();
    await stack.sandbox.control.waitFor(
      () => stack.sandbox.control.messages('finance-approvals').find((one) => JSON.stringify(one.blocks).includes(id)),
      30_000,
    );
    const answer = await stack.call(
      'POST',
      `/v1/actions/${id}/decisions`,
      { decision: 'approve', reason: 'fits' },
      { token },
    );
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  }
}

const EXECUTED = { status: 'executed', outcome: null };
const ALREADY = { status: 'already', outcome: 'executed' };
/** Somebody redeemed, and nobody can know whether it acted: the second must not, and says so. */
const BEGUN = { status: 'begun', outcome: null };

describe.each(Object.keys(CALLERS))('govern() in %s, killed', (language) => {
  it.each<[string, Step, Ended, number, string]>([
    ['before ask', 'ask', EXECUTED, 1, 'executed'],
    ['after ask', 'ask-answered', EXECUTED, 1, 'executed'],
    ['waiting', 'wait', EXECUTED, 1, 'executed'],
    ['after release', 'wait-answered', EXECUTED, 1, 'executed'],
    ['before redeem', 'redeem', EXECUTED, 1, 'executed'],
    ['when the answer to redeem is lost', 'redeem-answered', BEGUN, 0, 'released'],
    ['after redeem', 'begin', BEGUN, 0, 'released'],
    ['in execute', 'effect', BEGUN, 1, 'released'],
    ['after execute', 'done', BEGUN, 1, 'released'],
    ['before the report arrives', 'report', BEGUN, 1, 'released'],
    ['when the answer to report is lost', 'report-answered', ALREADY, 1, 'executed'],
    ['after report', 'end', ALREADY, 1, 'executed'],
  ])('%s', async (_name, step, ended, effects, status) => {
    const scene = await new Scene(language, step).open();
    expect(await scene.run()).toBeNull();
    expect(await scene.run()).toEqual(ended);
    expect(scene.wire.effects).toEqual(Array.from({ length: effects }, () => AMOUNT));
    expect((await scene.action()).status).toBe(status);
    await scene.wire.close();
  });

  it('not at all, with a second process at the same time', async () => {
    const scene = await new Scene(language, null).open();
    const both = await Promise.all([scene.run(), scene.run()]);
    expect(scene.wire.effects).toEqual([AMOUNT]);
    expect(both.filter((one) => one?.status === 'executed')).toHaveLength(1);
    expect(['begun', 'already']).toContain(both.find((one) => one?.status !== 'executed')?.status);
    expect((await scene.action()).status).toBe('executed');
    await scene.wire.close();
  });
});
