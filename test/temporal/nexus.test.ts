/** Workflows of another namespace ask through the Nexus service `countersign`, on a real server with a real endpoint. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { CompactEncrypt, importJWK, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actionIdOf as actionId } from '../../src/engine/ids.ts';
import { startWorkerOn, type RunningWorker } from '../../src/main/engine.ts';
import { activityDeps } from '../../src/main/parts.ts';
import type { CountersignAsk } from '../../src/temporal/nexus.ts';
import { decide } from '../support/policies.ts';
import { eventually } from '../support/eventually.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD, refund } from '../support/stack.ts';
import type { asking } from './nexus-caller.ts';

const NAMESPACE = `callers-${randomUUID().slice(0, 8)}`;
const ENDPOINT = `countersign-${NAMESPACE}`;

let stack: SharedStack;
let ours: RunningWorker;
let theirs: Worker;
let running: Promise<void>;
let connection: NativeConnection;
let client: Client;

beforeAll(async () => {
  stack = await sharedStack();
  const { address } = stack.stack.temporal;
  const program = process.env['TEMPORAL_CLI_PATH'] ?? '';
  const temporal = (...args: string[]) => promisify(execFile)(program, [...args, '--address', address]);
  await temporal('operator', 'namespace', 'create', '--namespace', NAMESPACE);
  await temporal(
    'operator',
    'nexus',
    'endpoint',
    'create',
    '--name',
    ENDPOINT,
    '--target-namespace',
    'default',
    '--target-task-queue',
    NAMESPACE,
  );
  connection = await NativeConnection.connect({ address });
  const { parts } = stack.stack;
  ours = await startWorkerOn(parts, connection, 'default', activityDeps(parts, null, null), {
    taskQueue: NAMESPACE,
    nexus: true,
  });
  client = new Client({ connection, namespace: NAMESPACE });
  // A namespace is known to all parts of the server some seconds after it was made.
  theirs = await eventually('the namespace takes a worker', () =>
    Worker.create({
      connection,
      namespace: NAMESPACE,
      taskQueue: 'theirs',
      workflowsPath: fileURLToPath(new URL('nexus-caller.ts', import.meta.url)),
    }).catch(() => undefined),
  );
  running = theirs.run();
});
afterAll(async () => {
  theirs?.shutdown();
  await running;
  await ours?.stop();
  await connection?.close();
});

/** The workflow of somebody else; it gets `what` and nothing of ours but what the operation answers. */
const asks = (what: object): Promise<WorkflowHandle<typeof asking>> =>
  client.workflow.start<typeof asking>('asking', {
    workflowId: `asks-${randomUUID()}`,
    taskQueue: 'theirs',
    args: [ENDPOINT, what as CountersignAsk],
  });

/** Of an order of its own: on a stack that is shared, others may have been refused before. */
const fresh = (amount: number): object => refund(amount, { resource: { type: 'order', id: `ord_${randomUUID()}` } });

type Asked = Extract<CountersignAsk, { request: unknown }>['request'];

/** An input with a start token for it, as an outsider gets one. */
async function withToken(
  amount: number,
  key: string = randomUUID(),
): Promise<CountersignAsk & { idempotencyKey: string }> {
  const request = fresh(amount) as Asked;
  const { body } = await stack.call('POST', '/v1/start-tokens', { idempotencyKey: key, request });
  return { request, tenant: 'default', idempotencyKey: key, token: body.token };
}

/** The code of the contract that a call of the operation failed with. */
async function failure(handle: WorkflowHandle<typeof asking>): Promise<unknown> {
  let error: unknown = await handle.result().then(
    (answer) => new Error(`it answered ${answer.status}`),
    (failed: unknown) => failed,
  );
  expect(error).toBeInstanceOf(WorkflowFailedError);
  while (error instanceof Error && error.cause !== undefined) error = error.cause;
  return (error as { type?: unknown }).type;
}

const actionOf = async (id: string) => (await stack.call('GET', `/v1/actions/${id}`)).body;

describe('a workflow of another namespace', () => {
  it('learns id and status of what is approved, and its history holds no permit', async () => {
    const handle = await asks(await withToken(42));
    const answer = await handle.result();
    expect(answer).toEqual({ id: expect.stringMatching(/^act_[0-9a-f]{64}$/), status: 'released' });
    const { permit } = await actionOf(answer.id);
    expect(permit).toEqual(expect.any(String));
    const history = JSON.stringify(await handle.fetchHistory());
    expect(history).not.toContain(permit);
    expect(history).not.toContain(Buffer.from(permit).toString('base64').slice(8, 60));
    expect((await stack.call('POST', '/v1/permits/redeem', { permit })).status).toBe(200);
  });

  it('learns that it is refused', async () => {
    expect(await (await asks(await withToken(5000))).result()).toMatchObject({ status: 'refused' });
  });

  it('waits for people without growing, and is told after the click', async () => {
    const input = await withToken(420);
    const handle = await asks(input);
    const id = await eventually('it waits', async () => {
      const { body } = await stack.call('GET', '/v1/actions?status=supervised');
      return body.actions.find((one: { id: string }) => one.id === actionId(input.idempotencyKey))?.id;
    });
    const before = (await handle.fetchHistory()).events?.length;
    expect((await handle.describe()).status.name).toBe('RUNNING');
    expect((await handle.fetchHistory()).events?.length).toBe(before);
    await decide(stack, id, { decision: 'approve', reason: 'ok' }, LEAD);
    expect(await handle.result()).toEqual({ id, status: 'released' });
  });

  it('withdraws what waits for people when it cancels', async () => {
    const input = await withToken(421);
    const handle = await asks(input);
    const id = actionId(input.idempotencyKey);
    await eventually('it waits', async () => ((await actionOf(id)).status === 'supervised' ? true : undefined));
    await eventually('its operation has begun', async () => {
      const { events } = await handle.fetchHistory();
      return events?.find((event) => event.nexusOperationStartedEventAttributes != null);
    });
    await handle.cancel();
    await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    await eventually('it is withdrawn', async () => ((await actionOf(id)).status === 'cancelled' ? true : undefined));
  });

  it('may bring an API key where nobody else can read it, and nowhere else', async () => {
    const key = stack.stack.firstKey ?? '';
    const input = { request: fresh(43), tenant: 'default', idempotencyKey: randomUUID(), token: key };
    const { body } = await stack.call('GET', '/.well-known/jwks.json');
    const jwk = body.keys.find(({ use }: JWK) => use === 'enc');
    const jwe = await new CompactEncrypt(Buffer.from(JSON.stringify(input)))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: jwk.kid })
      .encrypt(await importJWK(jwk, 'ECDH-ES'));
    expect(await (await asks({ jwe })).result()).toMatchObject({ status: 'released' });
    const exposed = await (await asks({ ...input, idempotencyKey: randomUUID() })).result();
    expect(exposed.status).toBe('refused');
    expect((await actionOf(exposed.id)).verdict).toMatchObject({ decision: 'refuse', basis: 'unclear' });
  });

  it('is told of an action that was there before only what it asked for itself', async () => {
    const input = await withToken(44);
    const { id } = await (await asks(input)).result();
    expect(await (await asks(input)).result()).toEqual({ id, status: 'released' });
    expect(await failure(await asks({ ...input, token: 'somebody' }))).toBe('unauthenticated');
    expect(await failure(await asks(await withToken(45, input.idempotencyKey)))).toBe('idempotency-key-reused');
  });

  it('that brings what starts nothing is told so, and can read it', async () => {
    const start = { request: refund(1), idempotencyKey: randomUUID(), tenant: 'default', token: 't' };
    const said = await Promise.all(
      [
        'ask',
        [],
        { request: refund(1) },
        { ...start, tenant: '../x' },
        { jwe: 'x' },
        { ...start, tenant: 'nobody' },
        { ...start, request: {} },
      ].map(async (input) => failure(await asks(input as object))),
    );
    expect(said).toEqual([...Array.from({ length: 5 }, () => 'BAD_REQUEST'), 'unauthenticated', 'invalid-request']);
  });
});
