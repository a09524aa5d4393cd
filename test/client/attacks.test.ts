/** Guard × attack: whatever is presented but the one right permit for exactly this request, nothing is executed, in any language. */
import { createHmac, randomUUID, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Action } from '../../src/client/index.ts';
import { signPermit, type PublicJwk } from '../../src/sealing/index.ts';
import { eventually } from '../support/eventually.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { refund } from '../support/stack.ts';
import { LANGUAGES, startExecutors, type Executors } from './executors.ts';
import { untyped } from '../support/untyped.ts';
import { keyPair } from '../support/key-pair.ts';

type Json = Record<string, unknown>;

interface Attempt {
  permit: string | undefined;
  request?: unknown;
}

let stack: SharedStack;
let executors: Executors;
let elsewhere: Executors;
let offline: Executors;

beforeAll(async () => {
  stack = await sharedStack();
  const engine = { url: stack.url, key: stack.stack.firstKey ?? '' };
  executors = await startExecutors(engine, 'payments.refund');
  elsewhere = await startExecutors(engine, 'payments.payout');
  offline = await startExecutors(engine, 'payments.refund', 'offline');
});
afterAll(async () => {
  await executors?.stop();
  await elsewhere?.stop();
  await offline?.stop();
});

const REQUEST = refund(42) as Json;

/** What all permits say beside their own: that they may be used without the engine, where the guards are those that do. */
let also: Json = {};

/** A released action of its own: an attack that got through would use its permit up, and only its own. */
async function released(): Promise<Action & { permit: string }> {
  const { body } = await stack.ask(REQUEST);
  expect(body.status).toBe('released');
  return Object.keys(also).length === 0
    ? body
    : { ...body, permit: await signed({ ...claimsOf(body.permit), ...also }) };
}

const signed = (claims: Json): Promise<string> =>
  signPermit(untyped(claims), stack.stack.parts.keys.forTenant('default').permit);

const base64url = (value: object | Buffer): string =>
  Buffer.from(value instanceof Buffer ? value : Buffer.from(JSON.stringify(value))).toString('base64url');

const claimsOf = (permit: string): Json => JSON.parse(Buffer.from(permit.split('.')[1] ?? '', 'base64url').toString());
const headerOf = (permit: string): Json => JSON.parse(Buffer.from(permit.split('.')[0] ?? '', 'base64url').toString());

/** The right permit with other claims, signed by the engine's very own key. */
async function resigned(change: (claims: Json) => Json): Promise<string> {
  const { permit } = await released();
  return signed({ ...claimsOf(permit), ...change(claimsOf(permit)) });
}

/** The right claims under another header, signed by a function of the signing input. */
async function headed(header: (own: Json) => object, signature: (input: string) => Buffer | string): Promise<string> {
  const { permit } = await released();
  const input = `${base64url(header(headerOf(permit)))}.${permit.split('.')[1]}`;
  const signed = signature(input);
  return `${input}.${typeof signed === 'string' ? signed : base64url(signed)}`;
}

async function edited(edit: (parts: [string, string, string]) => string): Promise<string> {
  return edit((await released()).permit.split('.') as [string, string, string]);
}

const publicKey = (): PublicJwk => stack.stack.parts.keys.forTenant('default').permit.publicJwk;
const stranger = keyPair('ed25519');
const withHmac = (secret: () => Buffer | string) => (input: string) =>
  createHmac('sha256', secret()).update(input).digest();

const ATTACKS: Record<string, () => Promise<Attempt>> = {
  'no permit': async () => ({ permit: undefined }),
  'an empty permit': async () => ({ permit: '' }),
  'what is no token': async () => ({ permit: 'permit' }),
  'a permit of another surface': async () => ({ permit: await resigned(() => ({ aud: 'payments.payout' })) }),
  'a permit of a surface below': async () => ({ permit: await resigned(() => ({ aud: 'payments.refund.partial' })) }),
  'a permit of all surfaces': async () => ({ permit: await resigned(() => ({ aud: '**' })) }),
  'a permit of two audiences': async () => ({ permit: await resigned(() => ({ aud: ['payments.refund', 'x'] })) }),
  'a permit of another tenant': async () => ({ permit: await resigned(() => ({ tenant: 'other' })) }),
  expired: async () => ({ permit: await resigned(() => ({ iat: 1, nbf: 1, exp: 2 })) }),
  'expired this second': async () => ({ permit: await resigned(() => ({ exp: Math.floor(Date.now() / 1000) })) }),
  'an expiry that is no number': async () => ({ permit: await resigned(() => ({ exp: '9999999999' })) }),
  'not yet valid': async () => ({
    permit: await resigned(({ exp }) => ({ nbf: Number(exp) + 600, exp: Number(exp) + 900 })),
  }),
  'altered params': async () => ({ permit: (await released()).permit, request: refund(9999) }),
  'a param more': async () => ({
    permit: (await released()).permit,
    request: { ...REQUEST, params: { ...(REQUEST['params'] as Json), to: 'acc_2' } },
  }),
  'a param less': async () => ({ permit: (await released()).permit, request: { ...REQUEST, params: { amount: 42 } } }),
  'no params': async () => ({ permit: (await released()).permit, request: { ...REQUEST, params: undefined } }),
  'another resource': async () => ({
    permit: (await released()).permit,
    request: { ...REQUEST, resource: { type: 'order', id: 'ord_992' } },
  }),
  'another actor': async () => ({
    permit: (await released()).permit,
    request: { ...REQUEST, actor: { id: 'agent:mallory', type: 'agent' } },
  }),
  'another verb': async () => ({ permit: (await released()).permit, request: { ...REQUEST, action: 'refund.all' } }),
  'content put in': async () => ({
    permit: (await released()).permit,
    request: { ...REQUEST, content: { to: 'acc_2' } },
  }),
  'a request that is none': async () => ({ permit: (await released()).permit, request: [] }),
  'altered claims under the old signature': async () => ({
    permit: await edited(([head, body, sig]) => {
      const claims: Json = JSON.parse(Buffer.from(body, 'base64url').toString());
      return `${head}.${base64url({ ...claims, exp: 9_999_999_999 })}.${sig}`;
    }),
  }),
  replayed: async () => {
    const { permit } = await released();
    expect((await stack.call('POST', '/v1/permits/redeem', { permit })).status).toBe(200);
    return { permit };
  },
  'of an action that is settled': async () => {
    const { permit, id } = await released();
    await stack.call('POST', '/v1/permits/redeem', { permit });
    await stack.call('POST', `/v1/actions/${id}/outcome`, { permit, status: 'executed' });
    return { permit };
  },
  'of the right key, but never released': async () => ({ permit: await resigned(() => ({ jti: randomUUID() })) }),
  'for a request that was never judged': async () => {
    const other = await released();
    return { permit: await resigned(() => ({ act: other.id })) };
  },
  'alg none': async () => ({
    permit: await headed(
      (own) => ({ ...own, alg: 'none' }),
      () => '',
    ),
  }),
  'alg none, the old signature': async () => ({
    permit: await edited(
      ([, body, sig]) => `${base64url({ alg: 'none', kid: publicKey().kid, typ: 'permit+jwt' })}.${body}.${sig}`,
    ),
  }),
  'alg None': async () => ({
    permit: await headed(
      (own) => ({ ...own, alg: 'None' }),
      () => 'AA',
    ),
  }),
  'another key under the known id': async () => ({
    permit: await headed(
      (own) => own,
      (input) => sign(null, Buffer.from(input), stranger.privateKey),
    ),
  }),
  'another key, its own id': async () => ({
    permit: await headed(
      (own) => ({ ...own, kid: 'mine' }),
      (input) => sign(null, Buffer.from(input), stranger.privateKey),
    ),
  }),
  'another key, brought along': async () => ({
    permit: await headed(
      (own) => ({ ...own, jwk: stranger.publicKey.export({ format: 'jwk' }) }),
      (input) => sign(null, Buffer.from(input), stranger.privateKey),
    ),
  }),
  'no key id': async () => ({
    permit: await headed(
      ({ alg, typ }) => ({ alg, typ }),
      (input) => sign(null, Buffer.from(input), stranger.privateKey),
    ),
  }),
  'HS256 by the public key': async () => ({
    permit: await headed(
      (own) => ({ ...own, alg: 'HS256' }),
      withHmac(() => Buffer.from(publicKey().x, 'base64url')),
    ),
  }),
  'HS256 by the public key as text': async () => ({
    permit: await headed(
      (own) => ({ ...own, alg: 'HS256' }),
      withHmac(() => publicKey().x),
    ),
  }),
  'HS256 by an empty key': async () => ({
    permit: await headed(
      (own) => ({ ...own, alg: 'HS256' }),
      withHmac(() => ''),
    ),
  }),
  'ES256 by the Ed25519 key': async () => ({
    permit: await edited(
      ([, body, sig]) => `${base64url({ alg: 'ES256', kid: publicKey().kid, typ: 'permit+jwt' })}.${body}.${sig}`,
    ),
  }),
  'a person’s token': async () => ({ permit: await stack.person('user:cfo@acme.test') }),
  'the right key under another type': async () => {
    const signer = stack.stack.parts.keys.forTenant('default').permit;
    const [, body] = (await released()).permit.split('.');
    const input = `${base64url({ alg: 'EdDSA', kid: signer.kid, typ: 'JWT' })}.${body}`;
    return { permit: `${input}.${base64url(Buffer.from(await signer.sign(Buffer.from(input))))}` };
  },
  'a critical header': async () => {
    const signer = stack.stack.parts.keys.forTenant('default').permit;
    const [, body] = (await released()).permit.split('.');
    const input = `${base64url({ alg: 'EdDSA', kid: signer.kid, typ: 'permit+jwt', crit: ['b64'], b64: false })}.${body}`;
    return { permit: `${input}.${base64url(Buffer.from(await signer.sign(Buffer.from(input))))}` };
  },
  'a signature cut short': async () => ({
    permit: await edited(([head, body, sig]) => `${head}.${body}.${sig.slice(0, -2)}`),
  }),
  'no signature': async () => ({ permit: await edited(([head, body]) => `${head}.${body}.`) }),
  'a part more': async () => ({ permit: await edited((parts) => `${parts.join('.')}.x`) }),
};

describe.each(LANGUAGES)('the guard in %s', (language) => {
  it('lets the right permit through, once, with the request as released', async () => {
    const { permit, id } = await released();
    const first = await executors.attempt(language, permit, REQUEST);
    expect(first).toMatchObject({ executed: true });
    expect(JSON.parse(first.body)).toEqual(REQUEST);
    expect((await stack.call('GET', `/v1/actions/${id}`)).body.redeemedAt).toEqual(expect.any(String));
    expect(await executors.attempt(language, permit, REQUEST)).toMatchObject({ executed: false });
  });
  it('lets one of ten at once through', async () => {
    const { permit } = await released();
    const answers = await Promise.all(Array.from({ length: 10 }, () => executors.attempt(language, permit, REQUEST)));
    expect(answers.filter(({ executed }) => executed)).toHaveLength(1);
  });
  it('of another surface refuses the right permit', async () => {
    expect(await elsewhere.attempt(language, (await released()).permit, REQUEST)).toMatchObject({ executed: false });
  });
  it.each(Object.keys(ATTACKS))('refuses: %s', async (name) => {
    const { permit, request = REQUEST } = (await ATTACKS[name]?.()) as Attempt;
    expect(await executors.attempt(language, permit, request)).toMatchObject({ executed: false });
  });
  it('refuses while the surface is frozen', async () => {
    const { permit } = await released();
    const freeze = await stack.call('POST', '/v1/freezes', {
      scope: 'surface',
      value: 'payments.refund',
      reason: 'drill',
    });
    expect(freeze.status, JSON.stringify(freeze.body)).toBeLessThan(300);
    const answer = await executors.attempt(language, permit, REQUEST);
    await stack.call('DELETE', `/v1/freezes/${freeze.body.id}`, { reason: 'over' });
    expect(answer).toMatchObject({ executed: false });
  });
});

/** Attacks that only the engine can know of: which permits it released, and what became of them. */
const OF_THE_ENGINE = [
  'replayed',
  'of an action that is settled',
  'of the right key, but never released',
  'for a request that was never judged',
];

describe.each(LANGUAGES)('the guard in %s that does not ask the engine', (language) => {
  beforeAll(async () => {
    also = { offline: true };
    // It takes what was issued since it began, with some seconds for the difference of clocks.
    await eventually('the guard takes permits', async () => {
      const { executed } = await offline.attempt(language, (await released()).permit, REQUEST);
      return executed || undefined;
    });
  });
  afterAll(() => {
    also = {};
  });

  it('lets the right permit through, once, with the request as released', async () => {
    const { permit } = await released();
    const first = await offline.attempt(language, permit, REQUEST);
    expect(first).toMatchObject({ executed: true });
    expect(JSON.parse(first.body)).toEqual(REQUEST);
    expect(await offline.attempt(language, permit, REQUEST)).toMatchObject({ executed: false });
  });
  it('lets one of ten at once through', async () => {
    const { permit } = await released();
    const answers = await Promise.all(Array.from({ length: 10 }, () => offline.attempt(language, permit, REQUEST)));
    expect(answers.filter(({ executed }) => executed)).toHaveLength(1);
  });
  it('refuses a permit that policy lets nobody use so', async () => {
    const { body } = await stack.ask(REQUEST);
    expect(await offline.attempt(language, body.permit, REQUEST)).toMatchObject({ executed: false });
  });
  it.each([false, 'true', 1, null])('refuses one that says so in other words: %j', async (words) => {
    const permit = await resigned(() => ({ offline: words }));
    expect(await offline.attempt(language, permit, REQUEST)).toMatchObject({ executed: false });
  });
  it('refuses one that was issued before it began', async () => {
    const permit = await resigned(({ iat }) => ({ iat: Number(iat) - 3600, nbf: Number(iat) - 3600 }));
    expect(await offline.attempt(language, permit, REQUEST)).toMatchObject({ executed: false });
  });
  it.each(Object.keys(ATTACKS).filter((name) => !OF_THE_ENGINE.includes(name)))('refuses: %s', async (name) => {
    const { permit, request = REQUEST } = (await ATTACKS[name]?.()) as Attempt;
    expect(await offline.attempt(language, permit, request)).toMatchObject({ executed: false });
  });
});
