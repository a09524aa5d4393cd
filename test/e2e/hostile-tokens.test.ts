/** Forged and stale tokens of a configured issuer at every door: each operation of the document, and a start through Temporal. */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { CompactEncrypt, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createForge, HOSTILE_TOKENS, type Forge } from '../support/hostile-tokens.ts';
import { closedOperations, type Operation } from '../support/operations.ts';
import { refund, startTestStack, type TestStack } from '../support/stack.ts';

let stack: TestStack;
let web: Server;
let folder: string;
let forge: Forge;
let tokens: [string, string][];

beforeAll(async () => {
  const [pair, stranger] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')];
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' };
  web = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  folder = mkdtempSync(join(tmpdir(), 'countersign-issuers-'));
  const file = join(folder, 'issuers.yaml');
  writeFileSync(
    file,
    `issuers:
  - name: ci
    issuer: ${issuer}
    audience: countersign
    jwksUri: ${issuer}/keys
    algorithms: [ES256]
    map: { actor: 'agent:ci/{sub}', subject: 'user:{sub}', surfaces: ['**'] }
`,
  );
  stack = await startTestStack({ COUNTERSIGN_ISSUERS: file });
  forge = createForge({ issuer, seconds: Math.floor(Date.now() / 1000), edge: 3600, pair, stranger, jwk });
  tokens = await Promise.all(HOSTILE_TOKENS.map(async ([what, make]) => [what, await make(forge)] as [string, string]));
});
afterAll(async () => {
  await stack.stop();
  web.close();
  rmSync(folder, { recursive: true });
});

/** What a lone surrogate becomes on the wire is another token, so HTTP cannot carry it. */
const sendable = (token: string): boolean => /^[\x20-\x7e]*$/.test(token);

it('a token that counts is let in, so that the others are kept out for what is wrong with them', async () => {
  expect(
    (await stack.ask(refund(5, { actor: { id: 'agent:ci/app', type: 'agent' } }), { token: await forge.sign() }))
      .status,
  ).toBe(200);
});

/** The status of a call from an address of its own, since an address that is wrong too often is not listened to any more. */
const statusOf = (call: Pick<Operation, 'method' | 'address' | 'body'>, token: string, localAddress: string) =>
  new Promise<number>((resolve, reject) => {
    const body = call.body === undefined ? '' : JSON.stringify(call.body);
    const headers = {
      ...{ authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() },
      ...(body === '' ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    };
    const sent = request(stack.url + call.address, { method: call.method, headers, localAddress, agent: false });
    sent.on('error', reject).on('response', (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.end(body);
  });

it('no operation answers any of them', async () => {
  expect(tokens.length).toBeGreaterThanOrEqual(40);
  const accepted: string[] = [];
  for (const [at, operation] of closedOperations().entries()) {
    const answers = await Promise.all(
      tokens
        .filter(([, token]) => sendable(token))
        .map(async ([what, token], index) => {
          const status = await statusOf(operation, token, `127.1.${at}.${index + 1}`);
          return status === 401 ? [] : [`${operation.method} ${operation.path}: ${what}: ${status}`];
        }),
    );
    accepted.push(...answers.flat());
  }
  expect(accepted).toEqual([]);
}, 300_000);

it('no start through Temporal is released with any of them', async () => {
  const connection = await Connection.connect({ address: stack.stack.temporal.address });
  const client = new Client({ connection, namespace: stack.stack.temporal.namespace });
  const { keys } = (await stack.call('GET', '/.well-known/jwks.json')).body as { keys: (JWK & { use?: string })[] };
  const jwk = keys.find(({ use }) => use === 'enc') ?? {};
  const started = async ([what, token]: [string, string]): Promise<string[]> => {
    const key = randomUUID();
    const id = createHash('sha256').update(key).digest('hex');
    const input = {
      request: refund(5, { actor: { id: 'agent:ci/app', type: 'agent' } }),
      tenant: 'default',
      idempotencyKey: key,
      token,
    };
    const jwe = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(input)))
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: jwk.kid ?? '' })
      .encrypt(await importJWK(jwk, 'ECDH-ES'));
    const handle = await client.workflow.start('governedAction', {
      workflowId: `action/default/${id}`,
      taskQueue: 'countersign',
      args: [{ jwe }],
    });
    await handle.executeUpdate('verdict').catch(() => undefined);
    const { status, verdict } = (await stack.call('GET', `/v1/actions/act_${id}`)).body;
    return status === 'refused' && verdict.basis === 'unclear' ? [] : [`${what}: ${status}`];
  };
  const accepted: string[] = [];
  // A few at once: each is a workflow of its own.
  for (let from = 0; from < tokens.length; from += 8)
    accepted.push(...(await Promise.all(tokens.slice(from, from + 8).map(started))).flat());
  await connection.close();
  expect(accepted).toEqual([]);
}, 300_000);
