/** What `govern()` ends with, for each way an action can go. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  Countersign,
  CountersignError,
  OutcomeUnknown,
  Skip,
  type Action,
  type ActionRequest,
} from '../../src/client/index.ts';
import { policiesFolder } from '../support/policies.ts';
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

let stack: TestStack;
let client: Countersign;
let policies: ReturnType<typeof policiesFolder>;
beforeAll(async () => {
  policies = policiesFolder({ 'client.sample.yaml': POLICY });
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
    expect(execute).not.toHaveBeenCalled();
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
    const { id } = await client.request(asked, { idempotencyKey: key });
    await new Promise((next) => setTimeout(next, 1500));
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

describe('the single calls', () => {
  it('evaluate starts nothing; actions lists what was asked', async () => {
    expect(await client.evaluate(request(48))).toMatchObject({ verdict: { decision: 'approve' } });
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

  it('says what to set where there is no key', () => {
    expect(() => new Countersign({ key: '' })).toThrow(expect.objectContaining({ code: 'configuration' }));
  });
});
