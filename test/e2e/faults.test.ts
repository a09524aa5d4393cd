/**
 * Every durable write of an action's cycle (docs/action-cycle.md) that fails, that fails though it was persisted, and after which its
 * process dies: the answer is the same afterwards, nothing is released twice, and nothing is answered whose start is not acknowledged.
 */
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gateway } from '../../src/gateway/index.ts';
import { slackNotifiers } from '../../src/main/slack-notifiers.ts';
import { Faults, startDoomed, type Doomed, type Fault, type Write } from '../support/doomed.ts';
import { eventually } from '../support/eventually.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD, refund, type Answer } from '../support/stack.ts';

const faults = new Faults();
let it_: SharedStack;
let doomed: Doomed;
beforeAll(async () => {
  it_ = await sharedStack();
  const { parts, temporal } = it_.stack;
  const { botToken, signingSecret } = it_.sandbox;
  const slack = { botToken, signingSecret, appToken: undefined, apiUrl: `${it_.url}/slack-sandbox/api/` };
  doomed = await startDoomed(
    { parts, connection: temporal.connection, namespace: temporal.namespace, notifiers: slackNotifiers(parts, slack) },
    faults,
  );
});
afterAll(async () => {
  faults.bury();
  await doomed.worker.stop();
});

const FAULTS: Fault[] = ['failed', 'failed but persisted', 'died after'];
/** A step whose process died is given up after twenty seconds. */
const PATIENCE_MS = 240_000;
/** Writes of whoever is asked, and those of the worker. */
const ASKED: Write[] = ['start', 'payload', 'limit', 'verdict', 'decide', 'redemption', 'outcome'];
const WORKERS: Write[] = ['message', 'decision', 'release'];
type Where = 'split' | 'together';

const idOf = (key: string): string => `act_${createHash('sha256').update(key).digest('hex')}`;

/** Calls it again while a busy machine's database is not reached in time: every call here may be repeated. */
const steady: SharedStack['call'] = (...call) =>
  eventually('it is answered', async () => {
    const answer = await it_.call(...call);
    return answer.status === 503 ? undefined : answer;
  });

async function recordsOf(action: string): Promise<string[]> {
  const { records } = await it_.stack.parts.store.records.list('default', { action }, undefined, 100);
  return records.map(({ record }) => record.type).reverse();
}

/** One action from its request to its report: what a doomed process is asked, and then, as after any fault, another one. */
class Course {
  readonly key = randomUUID();
  readonly id = idOf(this.key);
  readonly #supervised: boolean;
  readonly #gateway: Gateway;
  readonly #dies: boolean;
  readonly #struck: Promise<void>;
  #dead = false;

  constructor(supervised: boolean, where: Where, write: Write, fault: Fault) {
    this.#supervised = supervised;
    this.#gateway = doomed[where];
    this.#dies = fault === 'died after';
    this.#struck = faults.arm(this.id, write, fault).then(() => void (this.#dead = this.#dies));
  }

  /** What the doomed process answers; null where it throws, or dies, or is dead. */
  async #tried<T>(ask: (gateway: Gateway) => Promise<T>): Promise<T | null> {
    if (this.#dead) return null;
    const answer = ask(this.#gateway).catch(() => null);
    return this.#dies ? Promise.race([answer, this.#struck.then(() => null)]) : answer;
  }

  async run(): Promise<void> {
    const request = refund(this.#supervised ? 420.5 : 7);
    const caller = await this.#gateway.authenticate(`Bearer ${it_.stack.firstKey}`);
    const asked = await this.#tried((gateway) => gateway.request(caller, request, this.key, 0));
    // Nothing is answered whose start is not acknowledged.
    if (!faults.acknowledged.has(this.id)) expect(asked).toBeNull();

    const again = await this.#answered(request);
    if (asked !== null && asked.action.status !== 'evaluating') {
      expect(again).toMatchObject({ records: asked.action.records, permit: asked.action.permit });
    }
    const released = this.#supervised ? await this.#decided() : again;
    expect(released.status).toBe('released');
    const redeem = { permit: released.permit as string, redeemer: this.key };
    await this.#tried((gateway) => gateway.redeem(caller, redeem));
    expect((await steady('POST', '/v1/permits/redeem', redeem)).status).toBe(200);
    const other = await steady('POST', '/v1/permits/redeem', { ...redeem, redeemer: randomUUID() });
    expect([other.status, other.body.code]).toEqual([409, 'permit-already-redeemed']);
    const report = { permit: redeem.permit, status: 'executed' as const };
    await this.#tried((gateway) => gateway.report(caller, this.id, report));
    const reported = await steady('POST', `/v1/actions/${this.id}/outcome`, report);
    expect([reported.status, reported.body.status]).toEqual([200, 'executed']);
    const decided = this.#supervised ? ['decision'] : [];
    expect(await recordsOf(this.id)).toEqual(['verdict', ...decided, 'release', 'redemption', 'outcome']);
    // That the fault struck at all.
    await this.#struck;
  }

  /** The caller's repeat, with the same key, to a process that is well. */
  async #answered(request: object): Promise<Answer['body']> {
    return eventually('the action is answered', async () => {
      const { status, body } = await it_.ask(request, { key: this.key });
      return status < 500 && body.status !== 'evaluating' ? (body as Answer['body']) : undefined;
    });
  }

  async #decided(): Promise<Answer['body']> {
    const token = await it_.person(LEAD);
    const approver = await this.#gateway.authenticate(`Bearer ${token}`);
    const decision = { decision: 'approve' as const };
    await this.#tried((gateway) => gateway.decide(approver, this.id, decision, 'api'));
    return eventually('the action is released', async () => {
      const { body } = await steady('GET', `/v1/actions/${this.id}`);
      if (body.status === 'released') return body as Answer['body'];
      // An approver who had no answer says it again: it counts once.
      await steady('POST', `/v1/actions/${this.id}/decisions`, decision, { token });
      return undefined;
    });
  }
}

/** To the others a process that died is the same, whatever it ran: only what goes on by itself differs by where its worker is. */
const asked = ASKED.flatMap((write) => [
  ...FAULTS.map((fault): [Write, Fault, Where] => [write, fault, 'split']),
  ...FAULTS.slice(0, 2).map((fault): [Write, Fault, Where] => [write, fault, 'together']),
]);

describe('at a write of the process that was asked', () => {
  it.concurrent.each(asked)(
    '%s %s, %s',
    (write, fault, where) => new Course(write === 'decide', where, write, fault).run(),
    PATIENCE_MS,
  );
});

describe('at a write of the worker', () => {
  const table = WORKERS.flatMap((write) => FAULTS.map((fault): [Write, Fault] => [write, fault]));
  it.concurrent.each(table)('%s %s', (write, fault) => new Course(true, 'together', write, fault).run(), PATIENCE_MS);
});
