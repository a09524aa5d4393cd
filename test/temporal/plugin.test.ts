/** Somebody else's workflow, governed by one line of its worker: a real server, a real worker that can be killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Client, Connection, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { ActivityOptions } from '@temporalio/common';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signalOnCallback } from '../../src/temporal/index.ts';
import { eventually } from '../support/eventually.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD } from '../support/stack.ts';
import type { Refund, refunding, refundingWhenReleased } from './workflows.ts';

const { EventType } = proto.temporal.api.enums.v1;

let stack: SharedStack;
let client: Client;
/** What was paid, and how often the ledger is to fail before it pays an order. */
const paid: Refund[] = [];
const failing = new Map<string, number>();
const ledger = createServer((request, response) => {
  void request.toArray().then((chunks) => {
    const refund = JSON.parse(chunks.map(String).join('')) as Refund;
    const left = failing.get(refund.order) ?? 0;
    failing.set(refund.order, left - 1);
    if (left > 0) {
      response.writeHead(503).end();
      return;
    }
    paid.push(refund);
    response.end(`re_${refund.order}`);
  });
});

const workers: ChildProcess[] = [];
async function startWorker(queue: string, env: Record<string, string> = {}): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('worker.ts', import.meta.url))], {
    env: {
      ...process.env,
      COUNTERSIGN_URL: stack.url,
      COUNTERSIGN_API_KEY: stack.stack.firstKey ?? '',
      LEDGER: `http://127.0.0.1:${(ledger.address() as AddressInfo).port}`,
      ADDRESS: stack.stack.temporal.address,
      QUEUE: queue,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  workers.push(child);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

beforeAll(async () => {
  stack = await sharedStack();
  ledger.listen(0, '127.0.0.1');
  await once(ledger, 'listening');
  client = new Client({ connection: await Connection.connect({ address: stack.stack.temporal.address }) });
  await startWorker('payments');
});
afterAll(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await client?.connection.close();
  ledger.close();
});

interface Started {
  order: string;
  handle: WorkflowHandle<typeof refunding | typeof refundingWhenReleased>;
}

async function start(amount: number, options: ActivityOptions = {}, queue = 'payments'): Promise<Started> {
  const order = `ord_${randomUUID()}`;
  const handle = await client.workflow.start<typeof refunding>('refunding', {
    workflowId: order,
    taskQueue: queue,
    args: [{ order, amount, currency: 'USD' }, options],
  });
  return { order, handle };
}

const paidFor = (order: string): Refund[] => paid.filter((one) => one.order === order);

/** Why the activity failed, in the words that reach the workflow. */
async function failure({ handle }: Started): Promise<{ type: string; message: string }> {
  const error: unknown = await handle.result().then(
    () => null,
    (reason: unknown) => reason,
  );
  let cause = error instanceof WorkflowFailedError ? error.cause : undefined;
  while (cause?.cause instanceof Error) cause = cause.cause;
  return { type: (cause as { type?: string })?.type ?? '', message: cause?.message ?? '' };
}

const asked = (order: string): boolean =>
  stack.sandbox.control.messages('finance-approvals').some(({ blocks }) => JSON.stringify(blocks).includes(order));

/** What Temporal's UI shows of the activity that is tried again. */
const pending = ({ handle }: Started): Promise<string> =>
  eventually('it waits', async () => {
    const { raw } = await handle.describe();
    const message = raw.pendingActivities?.[0]?.lastFailure?.message;
    return message?.startsWith('waiting') === true ? message : undefined;
  });

/** How often it was tried. */
const attemptsOf = async ({ handle }: Started): Promise<number> =>
  (await handle.describe()).raw.pendingActivities?.[0]?.attempt ?? 0;

/** Every text in a history, and every payload in clear. */
function textsOf(value: unknown): string[] {
  if (value instanceof Uint8Array) return [Buffer.from(value).toString()];
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(textsOf);
  return typeof value === 'string' ? [value] : [];
}

const lengthOf = async ({ handle }: Started): Promise<number> => (await handle.describe()).historyLength;

async function decide(message: string, body: object): Promise<void> {
  const id = /act_\w+/.exec(message)?.[0] ?? '';
  const answer = await stack.call('POST', `/v1/actions/${id}/decisions`, body, { token: await stack.person(LEAD) });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
}

describe('an activity that is designated by name', () => {
  it('runs at once where policy lets it', async () => {
    const started = await start(42);
    expect(await started.handle.result()).toBe(`re_${started.order}`);
    expect(paidFor(started.order)).toHaveLength(1);
  });

  it('fails for good with policy’s own sentence where it is refused', async () => {
    const started = await start(5000);
    expect(await failure(started)).toEqual({
      type: 'CountersignRefused',
      message: 'Refunds above 1,000 go through the treasury desk.',
    });
    expect(paidFor(started.order)).toEqual([]);
  });

  it('waits for a human without growing the history, says for whom and until when, and runs once as released', async () => {
    const started = await start(420);
    const message = await pending(started);
    expect(message).toMatch(/^waiting for .*user:finance-lead@acme\.test.* until \d{4}-\d\d-\d\dT.* \(act_\w+\)$/);
    const before = await lengthOf(started);
    const tried = await attemptsOf(started);
    await eventually('it is tried again', async () => (await attemptsOf(started)) > tried || undefined);
    expect(await lengthOf(started)).toBe(before);
    await decide(message, { decision: 'approve', reason: 'half', changes: { 'params.amount': 210 } });
    await started.handle.result();
    expect(paidFor(started.order)).toEqual([{ order: started.order, amount: 210, currency: 'USD' }]);
    expect(textsOf(await started.handle.fetchHistory()).filter((text) => text.includes('eyJ'))).toEqual([]);
  });

  it('runs once after its worker was killed while it waited', async () => {
    const queue = 'killed';
    const worker = await startWorker(queue);
    const started = await start(421, {}, queue);
    const message = await pending(started);
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    await decide(message, { decision: 'approve', reason: 'fits' });
    await startWorker(queue);
    expect(await started.handle.result()).toBe(`re_${started.order}`);
    expect(paidFor(started.order)).toHaveLength(1);
  });

  it('keeps its permit when it fails twice before it succeeds', async () => {
    const order = `ord_${randomUUID()}`;
    failing.set(order, 2);
    const handle = await client.workflow.start<typeof refunding>('refunding', {
      workflowId: order,
      taskQueue: 'payments',
      args: [{ order, amount: 43, currency: 'USD' }],
    });
    expect(await handle.result()).toBe(`re_${order}`);
    expect(paidFor(order)).toHaveLength(1);
  });

  it.each<[string, ActivityOptions]>([
    ['maximumAttempts: 1', { retry: { maximumAttempts: 1 } }],
    ['maximumAttempts', { retry: { maximumAttempts: 5 } }],
    ['scheduleToCloseTimeout', { scheduleToCloseTimeout: '5m' }],
  ])('is refused before anybody is asked: %s', async (name, options) => {
    const started = await start(422, options);
    const { type, message } = await failure(started);
    expect(type).toBe('CountersignRefused');
    expect(message).toContain(name);
    expect(asked(started.order)).toBe(false);
  });

  it('is refused on a worker without the plugin', async () => {
    await startWorker('plain', { PLUGIN: 'none' });
    const started = await start(42, {}, 'plain');
    const { type, message } = await failure(started);
    expect({ type, named: message.includes('plugins') }).toEqual({ type: 'CountersignRefused', named: true });
    expect(paidFor(started.order)).toEqual([]);
  });
});

describe('governed() in a workflow', () => {
  /** Long enough that nothing but the signal ends the wait. */
  const PAUSE = String(24 * 3600 * 1000);
  let receiver: Server;
  const answers: number[] = [];
  beforeAll(async () => {
    const secret = `whsec_${stack.stack.parts.keys.webhookSecrets.signing(new Date())[0]}`;
    const signal = signalOnCallback({ client, secret });
    receiver = createServer((request, response) => {
      response.on('finish', () => answers.push(response.statusCode));
      signal(request, response);
    });
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    await startWorker('waiting', { CALLBACK: address(), PAUSE });
  });
  afterAll(() => receiver?.close());
  const address = (): string => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/decided`;

  const begin = async (amount: number): Promise<Started> => {
    const order = `ord_${randomUUID()}`;
    const handle = await client.workflow.start<typeof refundingWhenReleased>('refundingWhenReleased', {
      workflowId: order,
      taskQueue: 'waiting',
      args: [{ order, amount, currency: 'USD' }],
    });
    return { order, handle };
  };

  it('waits whatever the activity’s limits are, is woken by the callback’s signal, and runs once as released', async () => {
    const started = await begin(420);
    const message = await pending(started);
    expect(message).toMatch(/^waiting for .*user:finance-lead@acme\.test/);
    const before = await lengthOf(started);
    await decide(message, { decision: 'approve', reason: 'half', changes: { 'params.amount': 210 } });
    await started.handle.result();
    expect(paidFor(started.order)).toEqual([{ order: started.order, amount: 210, currency: 'USD' }]);
    const history = await started.handle.fetchHistory();
    // Nothing was written while it waited, and a signal ended that.
    const kinds = (history.events ?? []).map(({ eventType }) => eventType);
    const signals = kinds.filter((type) => type === EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED);
    expect(before).toBe(5);
    expect(signals.length).toBeGreaterThan(0);
    expect(textsOf(history).filter((text) => text.includes('eyJ'))).toEqual([]);
    expect(answers).not.toContain(401);
  });

  it('fails for good with policy’s own sentence where it is refused', async () => {
    expect(await failure(await begin(5000))).toEqual({
      type: 'CountersignRefused',
      message: 'Refunds above 1,000 go through the treasury desk.',
    });
  });

  it('withdraws what waits when the workflow is cancelled', async () => {
    const started = await begin(421);
    const id = /act_\w+/.exec(await pending(started))?.[0] ?? '';
    await started.handle.cancel();
    await expect(started.handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    await eventually('the action is withdrawn', async () => {
      const { status } = (await stack.call('GET', `/v1/actions/${id}`)).body as { status: string };
      return status === 'cancelled' ? status : undefined;
    });
    expect(paidFor(started.order)).toEqual([]);
  });

  it('takes no signal from a callback that the engine did not sign', async () => {
    const headers = { 'webhook-id': '1', 'webhook-timestamp': String(Math.floor(Date.now() / 1000)) };
    for (const signature of ['', 'v1,AAAA', `v1,${Buffer.alloc(32).toString('base64')}`]) {
      const init = { method: 'POST', body: '{}', headers: { ...headers, 'webhook-signature': signature } };
      expect((await fetch(`${address()}?workflow=x`, init)).status).toBe(401);
    }
  });
});
