/** What `govern()` ends with, for each way an action can go. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  Countersign,
  CountersignError,
  OutcomeUnknown,
  Skip,
  type Action,
  type ActionRequest,
  type Plan,
} from '../../src/client/index.ts';
import { eventually } from '../support/eventually.ts';
import { expired } from '../support/permits.ts';
import { policiesFolder } from '../support/policies.ts';
import { hasPython, PYTHON, pythonEnv } from './python.ts';
import { LEAD, REFUND, startTestStack, type TestStack } from '../support/stack.ts';

/** A permit of one second, and a constraint. */
const POLICY = `
policy: client.sample
surfaces: [client.short, client.constrained]
permit: 1s
rules:
  - id: short
    when: surface == "client.short"
    then: approve
  - id: constrained
    when: "true"
    then: constrain
    changes: { params.amount: 50 }
`;

/** Nobody has time to decide, or to collect. */
const ENDINGS = `
policy: client.endings
surfaces: [client.expiring, client.lapsing]
permit: 1s
collectWithin: 1s
rules:
  - id: lapsing
    when: surface == "client.lapsing"
    then: approve
  - id: expiring
    when: "true"
    then: supervise
    approval: { stages: [{ name: finance, approvers: ["group:finance"] }], expires: 1s }
`;

/** What is approved can be withdrawn for a while before it begins. */
const held = (surface: string, after: string): string => `policy: ${surface}
surfaces: [${surface}]
rules:
  - { id: all, when: 'true', then: approve }
effect: { kind: irreversible }
release: { after: ${after} }
`;

let stack: TestStack;
let client: Countersign;
let policies: ReturnType<typeof policiesFolder>;
beforeAll(async () => {
  policies = policiesFolder({
    'client.sample.yaml': POLICY,
    'client.endings.yaml': ENDINGS,
    'client.held.yaml': held('client.held', '1h'),
    'client.soon.yaml': held('client.soon', '1s'),
  });
  stack = await startTestStack({ COUNTERSIGN_POLICIES: policies.path });
  client = new Countersign({ url: stack.url, key: stack.stack.firstKey ?? '' });
});
afterAll(async () => {
  await stack?.stop();
  policies?.remove();
});

const request = (amount: number, more: Partial<ActionRequest> = {}): ActionRequest => ({
  ...(REFUND as ActionRequest),
  resource: { type: 'order', id: `ord_${String(amount)}` },
  params: { amount, currency: 'USD' },
  ...more,
});

async function decide({ id }: Action, body: object): Promise<void> {
  const answer = await stack.call('POST', `/v1/actions/${id}/decisions`, body, { token: await stack.person(LEAD) });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

/** The client for Python says the same of the same action: status, and whether for good. */
async function expectInPython(
  asked: ActionRequest,
  key: string,
  said: [status: string, final: boolean],
  timeout: 'inf' | 0 = 'inf',
): Promise<void> {
  if (!hasPython) return;
  const script = `
import json, sys
from countersign import Countersign
def never(*_):
    raise AssertionError("it was executed")
result = Countersign().govern(json.loads(sys.argv[1]), never, key=sys.argv[2], timeout=float(sys.argv[3]))
print(json.dumps([result.status, result.final]))`;
  const { stdout } = await promisify(execFile)(PYTHON, ['-c', script, JSON.stringify(asked), key, String(timeout)], {
    env: { ...process.env, ...pythonEnv, COUNTERSIGN_URL: stack.url, COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '' },
  });
  expect(JSON.parse(stdout)).toEqual(said);
}

const statusOf = async (id: string): Promise<string> => (await stack.call('GET', `/v1/actions/${id}`)).body.status;

describe('govern()', () => {
  it('approved: executes, reports with a reference, and tells the same for ever', async () => {
    const key = randomUUID();
    const execute = vi.fn(async ({ params }: ActionRequest) => `re_${params?.['amount']}`);
    const options = { key, reference: (id: string) => id };
    expect(await client.govern(request(42), options, execute)).toMatchObject({
      status: 'executed',
      decision: 'approve',
      value: 're_42',
      changes: null,
      reported: true,
      action: { status: 'executed' },
    });
    expect(await client.govern(request(42), options, execute)).toMatchObject({
      status: 'already',
      outcome: 'executed',
    });
    expect(execute).toHaveBeenCalledTimes(1);
  });

  it('constrained: executes what policy made of it', async () => {
    const execute = vi.fn(({ params }: ActionRequest) => params);
    const result = await client.govern(request(70, { surface: 'client.constrained' }), { key: randomUUID() }, execute);
    expect(result).toMatchObject({
      status: 'executed',
      decision: 'constrain',
      value: { amount: 50, currency: 'USD' },
      changes: { 'params.amount': 50 },
    });
  });

  it('approved by a human who lowered the amount: the caller obeys without noticing', async () => {
    const onWaiting = vi.fn(
      (action: Action) => void decide(action, { decision: 'approve', changes: { 'params.amount': 320 } }),
    );
    const execute = vi.fn(({ params }: ActionRequest) => params?.['amount']);
    const result = await client.govern(request(640), { key: randomUUID(), onWaiting }, execute);
    expect(result).toMatchObject({ status: 'executed', decision: 'supervise', value: 320 });
    expect(onWaiting).toHaveBeenCalledTimes(1);
  });

  it('refused by policy: with its reasons and the receipt', async () => {
    const execute = vi.fn();
    const result = await client.govern(request(5000), { key: randomUUID() }, execute);
    expect(result).toMatchObject({
      status: 'refused',
      reasons: ['Refunds above 1,000 go through the treasury desk.'],
      receipt: { kind: 'countersign.receipt/v1' },
    });
    expect(execute).not.toHaveBeenCalled();
  });

  it('refused by a human', async () => {
    const onWaiting = (action: Action): void => void decide(action, { decision: 'refuse', reason: 'paid already' });
    expect(await client.govern(request(641), { key: randomUUID(), onWaiting }, vi.fn())).toMatchObject({
      status: 'refused',
    });
  });

  it('waiting after its timeout, then gone on with under the same key; cancelled', async () => {
    const key = randomUUID();
    const execute = vi.fn();
    const first = await client.govern(request(642), { key, timeout: 100 }, execute);
    expect(first).toMatchObject({ status: 'waiting', action: { status: 'supervised' } });
    await client.cancel((first.action as Action).id);
    expect(await client.govern(request(642), { key }, execute)).toMatchObject({ status: 'cancelled' });
    await expectInPython(request(642), key, ['cancelled', false]);
    expect(execute).not.toHaveBeenCalled();
  });

  it('approved and held: waits until it may begin, no longer than it may wait, and the same in Python', async () => {
    const [key, execute] = [randomUUID(), vi.fn(() => 'done')];
    const asked = request(650, { surface: 'client.held' });
    expect(await client.govern(asked, { key, timeout: 0 }, execute)).toMatchObject({
      status: 'waiting',
      action: { status: 'released' },
    });
    await expectInPython(asked, key, ['waiting', false], 0);
    expect(execute).not.toHaveBeenCalled();
    const soon = request(651, { surface: 'client.soon' });
    expect(await client.govern(soon, { key: randomUUID() }, execute)).toMatchObject({ status: 'executed' });
  });

  it.each(['expired', 'lapsed'] as const)('%s: nothing happened, and nothing does', async (status) => {
    const [key, execute] = [randomUUID(), vi.fn()];
    const asked = request(1, { surface: status === 'expired' ? 'client.expiring' : 'client.lapsing' });
    const { id } = await client.request(asked, { idempotencyKey: key });
    await eventually(`it is ${status}`, async () => ((await statusOf(id)) === status ? true : undefined));
    expect(await client.govern(asked, { key }, execute)).toMatchObject({ status, action: { id } });
    expect(execute).not.toHaveBeenCalled();
    await expectInPython(asked, key, [status, false]);
  });

  it('refused for good by a human, by policy as long as it is what it is, and the same in Python', async () => {
    const [byPolicy, byHuman] = [randomUUID(), randomUUID()];
    expect(await client.govern(request(5001), { key: byPolicy }, vi.fn())).toMatchObject({ final: false });
    const onWaiting = (action: Action): void => void decide(action, { decision: 'refuse', reason: 'paid already' });
    const human = await client.govern(request(644), { key: byHuman, onWaiting }, vi.fn());
    expect(human).toMatchObject({ status: 'refused', final: true });
    await expectInPython(request(5001), byPolicy, ['refused', false]);
    await expectInPython(request(644), byHuman, ['refused', true]);
  });

  it('stopped by its signal: the action stays as it is', async () => {
    const stop = new AbortController();
    const onWaiting = (): void => void setTimeout(() => stop.abort(), 50);
    const key = randomUUID();
    const stopped = client.govern(request(643), { key, signal: stop.signal, onWaiting }, vi.fn());
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect((await client.request(request(643), { idempotencyKey: key })).status).toBe('supervised');
  });

  it('fetches a fresh permit where the first came too late', async () => {
    const key = randomUUID();
    const asked = request(1, { surface: 'client.short' });
    const { id, permit } = await client.request(asked, { idempotencyKey: key });
    await expired(permit ?? '');
    expect(await client.govern(asked, { key }, () => 'done')).toMatchObject({ status: 'executed', action: { id } });
  });

  it('what execute throws is reported and thrown again', async () => {
    const key = randomUUID();
    const thrown = new TypeError('ledger down, password hunter2');
    const failing = client.govern(request(43), { key }, () => Promise.reject(thrown));
    await expect(failing).rejects.toBe(thrown);
    expect(await client.govern(request(43), { key }, vi.fn())).toMatchObject({ status: 'already', outcome: 'failed' });
  });

  it('Skip: nothing happened, and that is reported', async () => {
    const skip = (): never => {
      throw new Skip('the order is another one now');
    };
    const result = await client.govern(request(44), { key: randomUUID() }, skip);
    expect(result).toMatchObject({ status: 'skipped', reported: true, action: { status: 'skipped' } });
  });

  it('OutcomeUnknown: nothing is reported, and nobody repeats it', async () => {
    const key = randomUUID();
    const unknown = (): never => {
      throw new OutcomeUnknown('the ledger did not answer');
    };
    await expect(client.govern(request(45), { key }, unknown)).rejects.toThrow(OutcomeUnknown);
    const after = await client.govern(request(45), { key }, vi.fn());
    expect(after).toMatchObject({ status: 'begun', redeemedAt: expect.any(String) });
    expect(await statusOf((after.action as Action).id)).toBe('released');
  });

  it('a named redeemer goes on where it died', async () => {
    const key = randomUUID();
    const options = { key, redeemer: `refunds ${key}` };
    const unknown = (): never => {
      throw new OutcomeUnknown('killed');
    };
    await expect(client.govern(request(46), options, unknown)).rejects.toThrow(OutcomeUnknown);
    expect(await client.govern(request(46), options, () => 'done')).toMatchObject({
      status: 'executed',
      value: 'done',
    });
  });

  it('frozen: refused for now, whatever was released', async () => {
    const frozen = { scope: 'surface', value: 'payments.refund', reason: 'drill' };
    const { body } = await stack.call('POST', '/v1/freezes', frozen);
    expect(await client.govern(request(47), { key: randomUUID() }, vi.fn())).toMatchObject({
      status: 'refused',
      final: false,
    });
    await stack.call('DELETE', `/v1/freezes/${body.id}`, { reason: 'over' });
  });
});

describe('a plan', () => {
  const steps = (...amounts: number[]): ActionRequest[] => {
    const order = randomUUID();
    return amounts.map((amount, index) =>
      request(amount, { resource: { type: 'order', id: `ord_${order}-${String(index)}` } }),
    );
  };
  async function decidePlan({ id }: Plan, decision: string): Promise<void> {
    const token = await stack.person(LEAD);
    const body = { decision, reason: 'looked at' };
    const answer = await stack.call('POST', `/v1/plans/${id}/decisions`, body, { token });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  }
  /** The plan, once its first steps stand so. */
  const stands = ({ id }: Plan, ...statuses: string[]): Promise<Plan> =>
    eventually(`its steps are ${statuses.join(', ')}`, async () => {
      const plan = await client.readPlan(id);
      const first = plan.steps.slice(0, statuses.length).map(({ status }) => status);
      return first.join() === statuses.join() ? plan : undefined;
    });

  it('of three steps is approved as one, and carried out in its order', async () => {
    const [asked, idempotencyKey] = [steps(42, 420, 43), randomUUID()];
    const plan = await client.plan({ steps: asked, title: 'three refunds' }, { idempotencyKey });
    expect(plan).toMatchObject({ status: 'supervised', of: 3, verdict: { decision: 'supervise' } });
    expect((await client.plan({ steps: asked, title: 'three refunds' }, { idempotencyKey })).id).toBe(plan.id);
    await decidePlan(plan, 'approve');
    for (const index of asked.keys()) {
      const now = await stands(plan, ...Array.from({ length: index }, () => 'executed'), 'released');
      expect(now.steps.slice(index + 1).filter(({ permit }) => permit !== null)).toEqual([]);
      const { id, permit } = now.steps[index] as Action & { permit: string };
      const { request: released } = await client.redeem({ permit, redeemer: idempotencyKey });
      expect(released.params).toEqual(asked[index]?.params);
      await client.report(id, { permit, status: 'executed' });
    }
    expect(await stands(plan, 'executed', 'executed', 'executed')).toMatchObject({ status: 'executed' });
  });

  it('is refused as one, by a person or by policy', async () => {
    const byHuman = await client.plan({ steps: steps(420, 421, 422) }, { idempotencyKey: randomUUID() });
    await decidePlan(byHuman, 'refuse');
    await stands(byHuman, 'refused', 'refused', 'refused');
    const byPolicy = await client.plan({ steps: steps(42, 5000, 43) }, { idempotencyKey: randomUUID() });
    expect(byPolicy).toMatchObject({ verdict: { decision: 'refuse', approve: 2, refuse: 1 } });
    await stands(byPolicy, 'cancelled', 'refused', 'cancelled');
  });
});

describe('the single calls', () => {
  it('evaluate starts nothing; actions lists what was asked', async () => {
    expect(await client.evaluate(request(48))).toMatchObject({ verdict: { decision: 'approve' } });
    const { id } = await client.request(request(49), { idempotencyKey: randomUUID() });
    // The list follows the log a moment later.
    await eventually('it is listed', async () => {
      const listed = (await client.actions({ surface: 'payments.refund' })) as { actions: { id: string }[] };
      return listed.actions.some((one) => one.id === id) ? true : undefined;
    });
    await expect(client.actions({ nonsense: 'x' })).rejects.toMatchObject({ code: 'invalid-request' });
  });

  it('plan and inbox are sent as the contract has them', async () => {
    const seen: [string, string, unknown][] = [];
    const fetch: typeof globalThis.fetch = (input, init) => {
      const url = new URL(String(input));
      seen.push([
        `${init?.method} ${url.pathname}`,
        new Headers(init?.headers).get('idempotency-key') ?? '',
        init?.body,
      ]);
      return Promise.resolve(Response.json({ steps: [] }));
    };
    const one = new Countersign({ url: 'http://engine.test', key: 'k', fetch });
    await one.plan({ steps: [request(1)] }, { idempotencyKey: 'plan-1' });
    await one.addSteps('pln_1', [request(2)], { at: 1 });
    await one.inbox();
    expect(seen).toEqual([
      ['POST /v1/plans', 'plan-1', JSON.stringify({ steps: [request(1)] })],
      ['POST /v1/plans/pln_1/steps', '', JSON.stringify({ at: 1, steps: [request(2)] })],
      ['GET /v1/inbox', '', undefined],
    ]);
  });

  it('errors carry the code, the id of the request and the whole problem', async () => {
    const error = await client
      .request({ ...request(1), surface: 'NOT' }, { idempotencyKey: 'k' })
      .catch((one: unknown) => one);
    expect(error).toBeInstanceOf(CountersignError);
    expect(error).toMatchObject({ code: 'invalid-request', status: 400, requestId: expect.any(String) });
    expect((error as CountersignError).problem?.errors?.[0]?.pointer).toBe('/surface');
  });

  it('goes on while the engine is away, but only with what is safe to repeat', async () => {
    let failures = 2;
    const flaky: typeof fetch = async (input, init) => {
      failures -= 1;
      if (failures >= 0) throw new TypeError('fetch failed');
      return fetch(input, init);
    };
    const options = { url: stack.url, key: stack.stack.firstKey ?? '', fetch: flaky };
    expect((await new Countersign(options).request(request(2), { idempotencyKey: randomUUID() })).status).toBe(
      'released',
    );
    failures = 1;
    await expect(new Countersign(options).cancel('act_1')).rejects.toMatchObject({ code: 'unreachable' });
  });

  it.each<[string, () => Response]>([
    ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } })],
    ['a list', () => Response.json([])],
    ['a text', () => Response.json('released')],
    ['nothing', () => Response.json(null)],
    ['what breaks off', () => new Response('{"id":', { headers: { 'content-type': 'application/json' } })],
    ['an error of somebody else', () => Response.json({}, { status: 500 })],
    ['a redirect', () => new Response(null, { status: 307, headers: { location: 'http://elsewhere.test/' } })],
  ])('takes no answer that is none of the engine’s: %s', async (_what, answer) => {
    const calls: unknown[] = [];
    const fetch: typeof globalThis.fetch = (...call) => {
      calls.push(call);
      return Promise.resolve(answer());
    };
    const asked = new Countersign({ url: 'http://engine.test', key: 'csk_planted', fetch }).request(request(1), {
      idempotencyKey: 'k',
    });
    await expect(asked).rejects.toMatchObject({
      code: 'not-countersign',
      message: expect.not.stringContaining('csk_planted'),
    });
    expect(calls).toMatchObject([['http://engine.test/v1/actions', { redirect: 'manual' }]]);
  });

  it('says what to set where there is no key', () => {
    expect(() => new Countersign({ key: '' })).toThrow(expect.objectContaining({ code: 'configuration' }));
  });
});
