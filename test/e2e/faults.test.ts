/**
 * Every durable write of an action's cycle (docs/action-cycle.md), and of a plan's, that fails, that fails though it was persisted, and
 * after which its process dies: the answer is the same afterwards, nothing is released twice, and nothing is answered whose start is not
 * acknowledged.
 */
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planIdOf, stepIdOf } from '../../src/engine/ids.ts';
import type { Gateway } from '../../src/gateway/index.ts';
import type { Caller } from '../../src/identity/index.ts';
import { slackNotifiers } from '../../src/main/slack-notifiers.ts';
import { Faults, startDoomed, type Doomed, type Fault, type Write } from '../support/doomed.ts';
import { eventually } from '../support/eventually.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD, REFUND, refund, type Answer } from '../support/stack.ts';

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
const ASKED: Write[] = ['start', 'payload', 'limit', 'take', 'verdict', 'decide', 'redemption', 'outcome'];
const WORKERS: Write[] = ['post', 'message', 'decision', 'release'];
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

/**
 * Only the worker that runs an action can fail at it, and whoever starts it chooses which. So the doomed process is asked again where a busy machine
 * kept it from answering, rather than another one.
 */
async function untilAnswered(ask: () => Promise<unknown>, struck: Promise<void> | undefined): Promise<void> {
  const answered = (): Promise<true | undefined> =>
    ask().then(
      () => true,
      () => undefined,
    );
  // One that dies meanwhile answers nothing.
  const over = struck?.then(() => true as const);
  await eventually('the doomed process answers', () =>
    over === undefined ? answered() : Promise.race([answered(), over]),
  );
}

/** Whether a message may be there that nobody knows. One whose row is there is edited like any other, when the dead process is given up. */
const strikesPost = (write: Write, fault: Fault): boolean =>
  write === 'post' || (write === 'message' && fault !== 'died after');

/** Slack may be told later, also by another process; then no message offers what is over. */
async function noneAsks(about: string): Promise<void> {
  await eventually('no message asks', () => {
    const blocks = it_.sandbox.control.messages('finance-approvals').map((message) => JSON.stringify(message.blocks));
    const asking = blocks.some((text) => text.includes(about) && /"action_id":"(approve|refuse)/.test(text));
    return Promise.resolve(asking ? undefined : true);
  });
}

/** One action from its request to its report: what a doomed process is asked, and then, as after any fault, another one. */
class Course {
  readonly key = randomUUID();
  readonly id = idOf(this.key);
  readonly #supervised: boolean;
  readonly #gateway: Gateway;
  readonly #dies: boolean;
  readonly #posts: boolean;
  readonly #isWorkers: boolean;
  readonly #struck: Promise<void>;
  #dead = false;

  constructor(supervised: boolean, where: Where, write: Write, fault: Fault) {
    this.#supervised = supervised;
    this.#gateway = doomed[where];
    this.#dies = fault === 'died after';
    this.#posts = strikesPost(write, fault);
    this.#isWorkers = WORKERS.includes(write);
    this.#struck = faults.arm(this.id, write, fault).then(() => void (this.#dead = this.#dies));
  }

  /** What the doomed process answers; null where it throws, or dies, or is dead. */
  async #tried<T>(ask: (gateway: Gateway) => Promise<T>): Promise<T | null> {
    if (this.#dead) return null;
    const answer = ask(this.#gateway).catch(() => null);
    return this.#dies ? Promise.race([answer, this.#struck.then(() => null)]) : answer;
  }

  async run(): Promise<void> {
    // A limit of its own: nothing is taken of it by others, so what was counted beside the start holds.
    const actor = { ...REFUND.actor, id: `agent:${this.key}` };
    const request = refund(this.#supervised ? 420.5 : 7, { actor });
    const caller = await this.#gateway.authenticate(`Bearer ${it_.stack.firstKey}`);
    if (this.#isWorkers) await untilAnswered(() => this.#gateway.request(caller, request, this.key, 0), this.#struck);
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
    if (this.#posts) await noneAsks(this.id);
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

/** What becomes of the first step of a plan: then the second is released, or withdrawn. */
type Ending = 'executed' | 'failed';

/** A plan of two steps, the second of which waits for people, from its request to the report of its last. */
class PlanCourse {
  readonly key = randomUUID();
  readonly id = planIdOf(this.key);
  readonly #ending: Ending;
  readonly #gateway: Gateway;
  readonly #dies: boolean;
  readonly #posts: boolean;
  readonly #isWorkers: boolean;
  readonly #arm: () => Promise<void>;
  #struck: Promise<void> | undefined;
  #dead = false;

  constructor(where: Where, { of, write, ending = 'executed' }: PlanWrite, fault: Fault) {
    this.#ending = ending;
    this.#gateway = doomed[where];
    this.#dies = fault === 'died after';
    this.#posts = strikesPost(write, fault);
    this.#isWorkers = where === 'together';
    const about = { plan: idOf(this.key), message: this.id, first: stepIdOf(this.id, 0), second: stepIdOf(this.id, 1) };
    this.#arm = () => faults.arm(about[of], write, fault).then(() => void (this.#dead = this.#dies));
    // The withdrawal is sealed as a decision as well, after that of people.
    if (ending === 'executed') this.#struck = this.#arm();
  }

  async #tried(ask: (gateway: Gateway) => Promise<unknown>): Promise<void> {
    if (this.#dead) return;
    const answer = ask(this.#gateway).catch(() => null);
    await (this.#dies ? Promise.race([answer, this.#struck]) : answer);
  }

  async run(): Promise<void> {
    const body = { steps: [refund(7), refund(420.5)] };
    const caller = await this.#gateway.authenticate(`Bearer ${it_.stack.firstKey}`);
    const submit = (gateway: Gateway) => gateway.submitPlan(caller, body, this.key, 0);
    if (this.#isWorkers) await untilAnswered(() => submit(this.#gateway), this.#struck);
    await this.#tried(submit);
    const headers = { 'idempotency-key': this.key };
    const plan = await eventually('the plan is answered', async () => {
      const answer = await it_.call('POST', '/v1/plans', body, { headers });
      return answer.status < 500 && answer.body.verdict !== null ? answer.body : undefined;
    });
    expect([plan.id, plan.verdict.decision]).toEqual([this.id, 'supervise']);
    const token = await it_.person(LEAD);
    const approver = await this.#gateway.authenticate(`Bearer ${token}`);
    const yes = { decision: 'approve' as const };
    await this.#tried((gateway) => gateway.decidePlan(approver, this.id, yes, 'api'));
    await eventually('the second step is decided', async () => {
      const { body: now } = await steady('GET', `/v1/plans/${this.id}`);
      if (now.steps[1].approval.stages[0].decisions.length === 1) return now;
      await steady('POST', `/v1/plans/${this.id}/decisions`, yes, { token });
      return undefined;
    });
    this.#struck ??= this.#arm();
    await this.#carriedOut(caller, 0, this.#ending);
    if (this.#ending === 'executed') await this.#carriedOut(caller, 1, 'executed');
    else await this.#stands(1, 'cancelled');
    const last = this.#ending === 'executed' ? ['release', 'redemption', 'outcome'] : ['decision'];
    expect(await recordsOf(stepIdOf(this.id, 0))).toEqual(['verdict', 'release', 'redemption', 'outcome']);
    expect(await recordsOf(stepIdOf(this.id, 1))).toEqual(['verdict', 'decision', ...last]);
    await this.#struck;
    if (this.#posts) await noneAsks(this.id);
  }

  async #carriedOut(caller: Caller, index: number, status: Ending): Promise<void> {
    const { id, permit } = await this.#stands(index, 'released');
    await this.#tried((gateway) => gateway.redeem(caller, { permit, redeemer: this.key }));
    expect((await steady('POST', '/v1/permits/redeem', { permit, redeemer: this.key })).status).toBe(200);
    await this.#tried((gateway) => gateway.report(caller, id, { permit, status }));
    const reported = await steady('POST', `/v1/actions/${id}/outcome`, { permit, status });
    expect([reported.status, reported.body.status]).toEqual([200, status]);
  }

  #stands(index: number, status: string): Promise<{ id: string; permit: string }> {
    return eventually(`step ${index} is ${status}`, async () => {
      const { body } = await steady('GET', `/v1/plans/${this.id}`);
      const step = body.steps[index];
      return step.status === status ? (step as { id: string; permit: string }) : undefined;
    });
  }
}

interface PlanWrite {
  of: 'plan' | 'message' | 'first' | 'second';
  write: Write;
  ending?: Ending;
}

/** Of the process that is asked for a plan, or about it. */
const PLAN_ASKED: PlanWrite[] = [
  { of: 'plan', write: 'start' },
  { of: 'second', write: 'payload' },
  { of: 'second', write: 'start' },
  { of: 'second', write: 'limit' },
  { of: 'second', write: 'verdict' },
  { of: 'second', write: 'decide' },
];

/** Of the worker that lets it go on, withdraws what is left, and tells people. */
const PLAN_WORKERS: PlanWrite[] = [
  { of: 'first', write: 'release' },
  { of: 'message', write: 'message' },
  { of: 'second', write: 'release' },
  { of: 'second', write: 'decision', ending: 'failed' },
];

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

describe('at a write of a plan', () => {
  const table = [
    ...PLAN_ASKED.map((write): [PlanWrite, Where] => [write, 'split']),
    ...PLAN_WORKERS.map((write): [PlanWrite, Where] => [write, 'together']),
  ].flatMap(([write, where]) => FAULTS.map((fault) => ({ ...write, where, fault })));
  it.concurrent.each(table)(
    '$write of the $of $fault, $ending',
    ({ where, fault, ...write }) => new PlanCourse(where, write, fault).run(),
    PATIENCE_MS,
  );
});
