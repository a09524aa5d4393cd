/** Starts through Temporal, from the seat of whoever writes to the namespace and of whoever reads its histories. */
import { createHash, randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { CompactEncrypt, importJWK, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAttestor } from '../../src/identity/index.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD, refund, type Answer } from '../support/stack.ts';

let it_: SharedStack;
/** Without our codec, as any SDK. */
let plain: Client;
let connection: Connection;
beforeAll(async () => {
  it_ = await sharedStack();
  connection = await Connection.connect({ address: it_.stack.temporal.address });
  plain = new Client({ connection, namespace: it_.stack.temporal.namespace });
});
afterAll(async () => {
  await connection.close();
});

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const request = refund(42.5);

async function startToken(idempotencyKey: string, asked: object = request, token?: string): Promise<Answer> {
  const options = token === undefined ? {} : { token };
  return it_.call('POST', '/v1/start-tokens', { idempotencyKey, request: asked }, options);
}

/** Starts the workflow in clear, and answers with the action as it was judged. */
async function judged(input: object, key: string): Promise<Answer['body']> {
  const workflowId = `action/default/${hashOf(key)}`;
  const handle = await plain.workflow.start('governedAction', { workflowId, taskQueue: 'countersign', args: [input] });
  // The answer is encrypted, so that this client cannot read it.
  await handle.executeUpdate('verdict').catch(() => undefined);
  return (await it_.call('GET', `/v1/actions/act_${hashOf(key)}`)).body;
}

async function encrypted(input: object): Promise<string> {
  const { keys } = (await it_.call('GET', '/.well-known/jwks.json')).body as { keys: (JWK & { use?: string })[] };
  const jwk = keys.find(({ use }) => use === 'enc');
  if (jwk === undefined) throw new Error('no key to encrypt to is published');
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(input)))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: jwk.kid ?? '' })
    .encrypt(await importJWK(jwk, 'ECDH-ES'));
}

describe('a start token', () => {
  it('starts its action in clear, which is the same over HTTP, and shows no secret', async () => {
    const key = randomUUID();
    const { status, body } = await startToken(key);
    expect(status).toBe(201);
    expect(body).toMatchObject({ workflowId: `action/default/${hashOf(key)}`, taskQueue: 'countersign' });
    expect(Date.parse(body.expiresAt) - Date.now()).toBeLessThanOrEqual(15 * 60_000);
    const action = await judged({ request, tenant: 'default', idempotencyKey: key, token: body.token }, key);
    expect(action.status).toBe('released');
    expect((await it_.ask(request, { key })).body.id).toBe(action.id);
    const history = await plain.workflow.getHandle(body.workflowId as string).fetchHistory();
    expect(Buffer.from(JSON.stringify(history)).toString()).not.toContain(it_.stack.firstKey);
  });

  it('starts nothing else', async () => {
    const [key, other] = [randomUUID(), randomUUID()];
    const { token } = (await startToken(key)).body as { token: string };
    const scoped = await it_.call('POST', '/v1/api-keys', { surfaces: ['payments.*'], actors: ['agent:support-bot'] });
    const stale = createAttestor(it_.stack.parts.keys.attestation, () => Date.now() - 16 * 60_000);
    const claims = { kind: 'start' as const, tenant: 'default', action: `act_${hashOf(other)}`, by: 'key:x' };
    const caller = {
      kind: 'key' as const,
      id: 'key:x',
      tenant: 'default',
      surfaces: ['**'],
      actors: ['*'],
      roles: [],
      groups: [],
    };
    const requestHash = `sha256:${hashOf('x')}`;
    const attempts: [string, object, string][] = [
      ['another request', { request: refund(43), token }, key],
      ['another key', { request, token }, other],
      [
        'a token that has expired',
        { request, token: await stale.attest({ ...claims, via: 'api', requestHash, caller }) },
        randomUUID(),
      ],
      [
        'a token for another tenant',
        {
          request,
          token: await createAttestor(it_.stack.parts.keys.attestation).attest({
            ...claims,
            tenant: 'acme',
            via: 'api',
            requestHash,
            caller,
          }),
        },
        randomUUID(),
      ],
      [
        'another actor than its key may speak for',
        {
          request: refund(1, { actor: { id: 'agent:a', type: 'agent' } }),
          token: (
            await startToken(other, refund(1, { actor: { id: 'agent:a', type: 'agent' } }), scoped.body.key as string)
          ).body.token as string,
        },
        other,
      ],
    ];
    for (const [what, input, idempotencyKey] of attempts) {
      // Each in a key of its own where the key is not what is tried.
      const used = what === 'another key' ? randomUUID() : idempotencyKey;
      const action = await judged({ tenant: 'default', idempotencyKey: used, ...input }, used);
      expect(action, what).toMatchObject({ status: 'refused', permit: null, verdict: { basis: 'unclear' } });
    }
  });

  it('is given only for what its caller could ask', async () => {
    const scoped = (await it_.call('POST', '/v1/api-keys', { surfaces: ['deploy.*'], actors: ['agent:support-bot'] }))
      .body;
    expect((await startToken(randomUUID(), request, scoped.key as string)).body.code).toBe('forbidden');
    expect((await startToken(randomUUID(), { ...request, surface: 'X' })).status).toBe(400);
    expect((await startToken('')).status).toBe(400);
    expect((await startToken(randomUUID(), request, 'csk_unknown')).status).toBe(401);
  });
});

describe('a secret in clear', () => {
  it.each<[string, () => Promise<string>, RegExp]>([
    [
      'the first key',
      () => Promise.resolve(it_.stack.firstKey ?? ''),
      /revoke it with `countersign api-key revoke [0-9a-f]{12}`/,
    ],
    ['a key that nobody knows', () => Promise.resolve('csk_000000000000_wrong'), /revoke it/],
    ['a person’s token', () => it_.person(LEAD), /revoke it/],
  ])('%s is refused, and the refusal says to revoke it', async (_, token, said) => {
    const key = randomUUID();
    const action = await judged({ request, tenant: 'default', idempotencyKey: key, token: await token() }, key);
    expect(action).toMatchObject({
      status: 'refused',
      permit: null,
      verdict: { decision: 'refuse', basis: 'unclear' },
    });
    expect(action.verdict.reasons.join()).toMatch(said);
    expect(JSON.stringify(action)).not.toContain(await token());
  });

  it('and nobody talks it out of that: what the sender says of the mark is not believed', async () => {
    const key = randomUUID();
    const input = { request, tenant: 'default', idempotencyKey: key, token: it_.stack.firstKey, arrivedInClear: false };
    expect((await judged(input, key)).status).toBe('refused');
  });

  it('`content` is refused, with a start token too', async () => {
    const key = randomUUID();
    const asked = refund(42.5, { content: { note: 'private' } });
    const { token } = (await startToken(key, asked)).body as { token: string };
    const action = await judged({ request: asked, tenant: 'default', idempotencyKey: key, token }, key);
    expect(action).toMatchObject({ status: 'refused', verdict: { basis: 'unclear' } });
    expect(action.verdict.reasons.join()).toMatch(/`content` arrived in clear.*revoke/);
  });
});

describe('the whole input as a JWE', () => {
  it('is released with an API key and content inside, and its callback is told as always', async () => {
    const key = randomUUID();
    const asked = refund(42.5, { content: { note: 'planted-5b1d' } });
    const input = { request: asked, tenant: 'default', idempotencyKey: key, token: it_.stack.firstKey };
    const action = await judged({ jwe: await encrypted(input) }, key);
    expect(action).toMatchObject({ status: 'released', tenant: 'default' });
    const history = await plain.workflow.getHandle(`action/default/${hashOf(key)}`).fetchHistory();
    const text = JSON.stringify(history, (_name, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
    );
    for (const secret of ['planted-5b1d', it_.stack.firstKey ?? '', 'ord_42']) expect(text).not.toContain(secret);
  });

  it.each<[string, (key: string) => Promise<unknown>]>([
    ['that is none', () => Promise.resolve('not-a-jwe')],
    ['that is no text', () => Promise.resolve({ a: 1 })],
    [
      'of another action',
      async () => encrypted({ request, tenant: 'default', idempotencyKey: 'another', token: it_.stack.firstKey }),
    ],
    [
      'of another tenant',
      async (key) => encrypted({ request, tenant: 'acme', idempotencyKey: key, token: it_.stack.firstKey }),
    ],
    ['of something else', () => encrypted([1, 2])],
    ['of no request', async (key) => encrypted({ tenant: 'default', idempotencyKey: key, token: it_.stack.firstKey })],
  ])('%s fails once, with a code', async (_, jwe) => {
    const key = randomUUID();
    const handle = await plain.workflow.start('governedAction', {
      workflowId: `action/default/${hashOf(key)}`,
      taskQueue: 'countersign',
      args: [{ jwe: await jwe(key) }],
    });
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'invalid-request' } });
  });
});
