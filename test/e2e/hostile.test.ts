import { randomUUID, sign } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../src/main/engine.ts';
import { publicJwk, signPermit, thumbprint, type Signer } from '../../src/sealing/index.ts';
import { REFUND, refund, startTestStack, type TestStack } from '../support/stack.ts';
import { untyped } from '../support/untyped.ts';
import { keyPair } from '../support/key-pair.ts';

let it_: TestStack;
beforeAll(async () => {
  it_ = await startTestStack();
});
afterAll(() => it_.stop());

const text = JSON.stringify(REFUND);
const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;

const bodies: [string, string | Buffer, number, Record<string, string>?][] = [
  ['text that is not JSON', '{"surface":', 400],
  ['nothing', '', 400],
  ['an array', '[]', 400],
  ['a string', '"refund"', 400],
  ['NaN', text.replace('42.5', 'NaN'), 400],
  ['Infinity', text.replace('42.5', 'Infinity'), 400],
  ['a number beyond a double', text.replace('42.5', '1e999'), 400],
  ['10,000 levels of nesting', text.replace('42.5', deep), 400],
  ['40 levels of nesting', text.replace('42.5', `${'['.repeat(40)}${']'.repeat(40)}`), 400],
  ['a lone surrogate in a value', text.replace('"USD"', '"\\ud800"'), 400],
  ['a lone surrogate in a key', text.replace('"currency"', '"\\udfff"'), 400],
  ['__proto__', text.replace('"currency"', '"__proto__"'), 400],
  ['an unknown top-level key', text.replace('"surface"', '"surprise":1,"surface"'), 400],
  ['no surface', text.replace('"surface"', '"surfaces"'), 400],
  ['a surface in upper case', text.replace('payments.refund', 'Payments.Refund'), 400],
  ['an actor without a type', text.replace('"type":"agent",', ''), 400],
  ['five principals behind each other', JSON.stringify({ ...REFUND, actor: chain(6) }), 400],
  ['params over 64 KiB', JSON.stringify({ ...REFUND, params: { note: 'x'.repeat(70_000) } }), 413],
  ['10 MB', JSON.stringify({ ...REFUND, params: { note: 'x'.repeat(10_000_000) } }), 413],
  ['another content type', text, 400, { 'content-type': 'text/plain' }],
  ['a compressed body', gzipSync(text), 400, { 'content-encoding': 'gzip' }],
  ['a callback that is no URL', JSON.stringify({ ...REFUND, callback: 'javascript:alert(1)' }), 400],
];

function chain(depth: number): object {
  return { id: `user:p${depth}@acme.test`, type: 'user', ...(depth > 1 ? { onBehalfOf: chain(depth - 1) } : {}) };
}

async function started(): Promise<number> {
  const { parts, temporal } = it_.stack;
  const client = createClient(parts, temporal.connection, temporal.namespace);
  let count = 0;
  for await (const one of client.workflow.list()) count += one.workflowId === '' ? 0 : 1;
  return count;
}

function expectProblem(answer: { status: number; body: unknown; headers: Headers }, status: number): void {
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toContain('application/problem+json');
  expect(answer.body).toMatchObject({
    type: expect.stringMatching(/^urn:countersign:problem:[a-z-]+$/),
    title: expect.any(String),
    status,
    detail: expect.any(String),
  });
}

describe('a hostile body', () => {
  it('gets a problem document, and starts nothing', async () => {
    const before = await started();
    const wrong: string[] = [];
    for (const [what, body, status, headers] of bodies) {
      const response = await fetch(`${it_.url}/v1/actions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${it_.stack.firstKey}`,
          'idempotency-key': randomUUID(),
          'content-type': 'application/json',
          ...headers,
        },
        body,
      });
      const answer = {
        status: response.status,
        body: JSON.parse(await response.text()) as unknown,
        headers: response.headers,
      };
      if (answer.status !== status) wrong.push(`${what}: ${answer.status} instead of ${status}`);
      else expectProblem(answer, status);
    }
    expect(wrong).toEqual([]);
    expect(await started()).toBe(before);
  });
});

describe('a hostile header or address', () => {
  it.each([
    ['no token', { authorization: '' }, 401],
    ['a token of nobody', { authorization: 'Bearer csk_000000000000_nobody' }, 401],
    ['no idempotency key', { 'idempotency-key': '' }, 400],
    ['an endless idempotency key', { 'idempotency-key': 'k'.repeat(300) }, 400],
  ])('%s', async (_what, headers, status) => {
    expectProblem(
      await it_.call('POST', '/v1/actions', REFUND, { headers: { 'idempotency-key': randomUUID(), ...headers } }),
      status,
    );
  });

  it.each([
    ['/v1/actions/act_unknown', 404],
    ['/v1/actions/..%2f..%2fetc%2fpasswd', 404],
    [`/v1/actions/act_${'0'.repeat(64)}`, 404],
    [`/v1/actions/act_${'0'.repeat(64)}?wait=99`, 400],
    ['/v1/records?limit=0', 400],
    ['/v1/records?limit=1e9', 400],
    ['/v1/records?cursor=garbage', 400],
    ['/v1/records?from=yesterday', 400],
    ['/v1/records/sha256:nothing', 404],
    ['/log/nobody/checkpoint', 404],
    ['/log/default/tile/0/x001', 404],
    ['/log/default/tile/99/000', 404],
    ['/log/default/tile/entries/999', 404],
    ['/log/default/..%2fkeys', 404],
    ['/nothing', 404],
  ])('%s is answered %i', async (path, status) => {
    expectProblem(await it_.call('GET', path), status);
  });
});

describe('a permit', () => {
  it('that was tampered with, forged, made for another audience or never released is refused', async () => {
    const { body } = await it_.ask(refund(10));
    const permit = body.permit as string;
    const [head = '', claims = '', signature = ''] = permit.split('.');
    const { privateKey, publicKey } = keyPair('ed25519');
    const { x = '' } = publicKey.export({ format: 'jwk' });
    const jwk = publicJwk({ crv: 'Ed25519', x });
    const forger: Signer = {
      kid: thumbprint(jwk),
      algorithm: 'EdDSA',
      publicJwk: jwk,
      sign: async (message) => sign(null, message, privateKey),
    };
    const real = untyped(JSON.parse(Buffer.from(claims, 'base64url').toString()));
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const cases: [object, string][] = [
      [{ permit: `${head}.${encode({ ...(real as object), aud: 'deploy.prod' })}.${signature}` }, 'permit-invalid'],
      [{ permit: `${encode({ alg: 'none', typ: 'permit+jwt', kid: 'x' })}.${claims}.` }, 'permit-invalid'],
      [{ permit: await signPermit(real, forger) }, 'permit-invalid'],
      [{ permit, audience: 'deploy.prod' }, 'permit-audience'],
      [{ permit, requestHash: `sha256:${'0'.repeat(64)}` }, 'permit-request-differs'],
      [{ permit, request: refund(11) }, 'permit-request-differs'],
    ];
    for (const [input, code] of cases) {
      const answer = await it_.call('POST', '/v1/permits/redeem', input);
      expectProblem(answer, 403);
      expect(answer.body.code).toBe(code);
    }
    expect(
      (await it_.call('POST', '/v1/permits/redeem', { permit, audience: 'payments.refund', request: refund(10) }))
        .status,
    ).toBe(200);
  });
});

describe('the description of the API', () => {
  it('is OpenAPI 3.1 and names every address of the contract that is served', async () => {
    const { body } = await it_.call('GET', '/openapi.json');
    expect(body.openapi).toMatch(/^3\.1\./);
    for (const path of [
      '/v1/actions',
      '/v1/actions/{id}',
      '/v1/actions/{id}/decisions',
      '/v1/actions/{id}/cancel',
      '/v1/actions/{id}/outcome',
      '/v1/permits/redeem',
      '/v1/records',
      '/v1/records/{hash}/receipt',
      '/v1/evaluate',
      '/v1/policies',
      '/v1/freezes',
    ]) {
      expect(Object.keys(body.paths)).toContain(path);
    }
  });

  it('is served beside liveness and readiness', async () => {
    expect((await it_.call('GET', '/healthz')).body).toEqual({ status: 'ok' });
    expect((await it_.call('GET', '/readyz')).body).toMatchObject({ status: 'ready' });
  });
});
