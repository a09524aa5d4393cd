/** From the seat of somebody with access to the Temporal namespace, and a valid key. */
import { createHash, randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issuePersonToken } from '../../src/identity/index.ts';
import { countersign } from '../cli/harness.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../support/stack.ts';

let it_: TestStack;
let plain: Client;
let connection: Connection;
beforeAll(async () => {
  it_ = await startTestStack();
  connection = await Connection.connect({ address: it_.stack.temporal.address });
  plain = new Client({ connection, namespace: it_.stack.temporal.namespace });
});
afterAll(async () => {
  await connection.close();
  await it_.stop();
});

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const tenantsWithKeys = (): string[] => readdirSync(join(it_.dataDir, 'keys', 'tenants')).sort();

/** The code with which a start fails, and how often its first task was tried. */
async function failure(args: unknown[], workflowId: string): Promise<{ code: string | null; attempts: number }> {
  const handle = await plain.workflow.start('governedAction', { workflowId, taskQueue: 'countersign', args });
  const error: unknown = await handle.result().catch((reason: unknown) => reason);
  if (!(error instanceof WorkflowFailedError)) throw new Error('the start did not fail');
  const { events } = await handle.fetchHistory();
  const failed = (events ?? []).filter(({ workflowTaskFailedEventAttributes }) => workflowTaskFailedEventAttributes);
  const { cause } = error;
  return { code: cause instanceof ApplicationFailure ? (cause.type ?? null) : null, attempts: failed.length };
}

describe('a tenant that nobody made', () => {
  it('gets no keys, no log and no judgement through Temporal, whatever key comes along', async () => {
    const before = tenantsWithKeys();
    for (const tenant of ['evil-2', 'Default', 'default ', '../default', '']) {
      const idempotencyKey = randomUUID();
      const input = { request: refund(1), tenant, idempotencyKey, token: it_.stack.firstKey };
      const id = `action/${tenant}/${hashOf(idempotencyKey)}`;
      expect(await failure([input], id), tenant).toEqual({ code: 'unauthenticated', attempts: 0 });
    }
    expect(tenantsWithKeys()).toEqual(before);
    expect(await it_.stack.parts.store.log.tenants()).toEqual(['default']);
    expect((await it_.call('GET', '/log/evil-2/checkpoint')).status).toBe(404);
  });

  it('has no people', async () => {
    const directory = it_.stack.parts.directory.current('default');
    const token = await issuePersonToken(it_.stack.parts.keys.attestation, {
      ...{ person: LEAD, tenant: 'evil-3', directory, now: Date.now() },
    });
    expect((await it_.ask(refund(1), { token })).status).toBe(401);
    expect(tenantsWithKeys()).not.toContain('evil-3.json');
  });

  it('has no keys either that somebody writes into the database', async () => {
    const { apiKeys } = it_.stack.parts.store;
    const { apiKeyHash } = await import('../../src/identity/index.ts');
    const scope = { surfaces: ['**'], actors: ['*'], roles: ['*'], groups: ['*'] };
    await apiKeys.create({
      ...{ id: 'planted', tenant: 'evil-4', hash: apiKeyHash('a-planted-key'), createdAt: new Date().toISOString() },
      ...scope,
    });
    expect((await it_.ask(refund(1), { token: 'a-planted-key' })).status).toBe(401);
    expect(tenantsWithKeys()).not.toContain('evil-4.json');
  });
});

describe('an input that does not fit', () => {
  const key = randomUUID();
  const id = `action/default/${hashOf(key)}`;
  const good = { request: refund(1), tenant: 'default', idempotencyKey: key, token: 'x' };
  it.each<[string, unknown[]]>([
    ['nothing', []],
    ['null', [null]],
    ['text', ['approve']],
    ['a list', [[]]],
    ['no members', [{}]],
    ['no request', [{ ...good, request: undefined }]],
    ['a request that is none', [{ ...good, request: { surface: 'payments.refund' } }]],
    ['an id that is none', [{ ...good, request: refund(1, { actor: { id: 'bot', type: 'agent' } }) }]],
    ['a token that is no text', [{ ...good, token: { toString: 'x' } }]],
    ['no token', [{ ...good, token: undefined }]],
    ['a key that is no text', [{ ...good, idempotencyKey: 7 }]],
    ['a tenant that is no text', [{ ...good, tenant: ['default'] }]],
    ['another key', [{ ...good, idempotencyKey: 'another' }]],
    ['another tenant than its workflow id', [{ ...good, tenant: 'acme' }]],
  ])('is refused once, with a code: %s', async (_, args) => {
    expect(await failure(args, id)).toEqual({ code: 'invalid-request', attempts: 0 });
  });
});

it('a closed workflow started again with another request is nobody’s action', async () => {
  const key = randomUUID();
  const first = await it_.ask(refund(5), { key });
  await it_.call('POST', '/v1/permits/redeem', { permit: first.body.permit });
  await it_.call('POST', `/v1/actions/${first.body.id}/outcome`, { permit: first.body.permit, status: 'executed' });
  const id = `action/default/${hashOf(key)}`;
  await plain.workflow
    .getHandle(id)
    .result()
    .catch(() => undefined);
  const input = { request: refund(99), tenant: 'default', idempotencyKey: key, token: it_.stack.firstKey };
  expect(await failure([input], id)).toEqual({ code: 'idempotency-key-reused', attempts: 0 });
  expect((await it_.call('GET', `/v1/actions/${first.body.id}`)).body).toMatchObject({ status: 'executed' });
});

describe('a tenant that an owner made', () => {
  it('is sealed, listed, has a key and a log of its own, and sees nothing of the others', async () => {
    const cli = (...args: string[]) =>
      countersign(args, { env: { COUNTERSIGN_URL: it_.url, COUNTERSIGN_API_KEY: it_.stack.firstKey ?? '' } });
    const made = await cli('tenant', 'add', 'acme', '--reason', 'our second house', '--json');
    expect(made.code).toBe(0);
    const { key: token, record } = JSON.parse(made.out) as { key: string; record: string };
    expect((await it_.call('GET', '/v1/tenants')).body.tenants).toMatchObject([
      { name: 'acme', record },
      { name: 'default' },
    ]);
    const sealed = (await it_.call('GET', `/v1/records/${record}`)).body.record;
    expect(sealed).toMatchObject({ type: 'tenant', action: 'tenant:acme', reason: 'our second house' });

    const mine = await it_.ask(refund(7), { token });
    expect([mine.body.status, mine.body.tenant]).toEqual(['released', 'acme']);
    expect((await it_.call('GET', `/v1/actions/${mine.body.id}`)).status).toBe(404);
    const { kid } = decodeProtectedHeader(mine.body.permit as string);
    const published = (await it_.call('GET', '/.well-known/jwks.json')).body.keys as { kid: string }[];
    expect(published.map((jwk) => jwk.kid)).toContain(kid);
    const theirs = await it_.ask(refund(7));
    expect((await it_.call('GET', `/v1/actions/${theirs.body.id}`, undefined, { token })).status).toBe(404);
    expect((await it_.call('GET', '/log/acme/checkpoint')).body).toContain('countersign/acme');

    expect((await it_.call('POST', '/v1/tenants', { name: 'acme' })).body.code).toBe('conflict');
    expect((await it_.call('POST', '/v1/tenants', { name: 'other' }, { token })).body.code).toBe('forbidden');
    expect((await it_.call('GET', '/v1/tenants', undefined, { token })).body.code).toBe('forbidden');
    for (const name of ['', 'A', '-a', 'a/b', '../x', 'x'.repeat(64)])
      expect((await it_.call('POST', '/v1/tenants', { name })).status, name).toBe(400);
    const scope = { surfaces: ['**'], actors: ['agent:a'] };
    const scoped = (await it_.call('POST', '/v1/api-keys', scope)).body.key as string;
    expect((await it_.call('POST', '/v1/tenants', { name: 'b' }, { token: scoped })).body.code).toBe('forbidden');
  });

  it('is not reached with another tenant’s key through Temporal', async () => {
    const key = randomUUID();
    const handle = await plain.workflow.start('governedAction', {
      workflowId: `action/acme/${hashOf(key)}`,
      taskQueue: 'countersign',
      args: [{ request: refund(1), tenant: 'acme', idempotencyKey: key, token: it_.stack.firstKey }],
    });
    await handle.executeUpdate('verdict').catch(() => undefined);
    const stored = await it_.stack.parts.store.actions.get('acme', `act_${hashOf(key)}`);
    expect(stored?.status).toBe('refused');
  });
});
