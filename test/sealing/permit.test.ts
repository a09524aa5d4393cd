import fc from 'fast-check';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { CountersignError, type PermitClaims } from '../../src/contract/index.ts';
import { PERMIT_TYP, signPermit, verifyPermit, type PublicJwk } from '../../src/sealing/index.ts';
import vectors from '../vectors/permits.json' with { type: 'json' };
import { ed25519Signer, es256Signer } from './fixtures.ts';
import { untyped } from '../support/untyped.ts';

const keys = vectors.keys as PublicJwk[];
const claims = vectors.claims as PermitClaims;
const now = claims.iat + 1;

async function codeOf(token: string, check: Parameters<typeof verifyPermit>[2] = { now }): Promise<string | null> {
  try {
    await verifyPermit(token, keys, check);
    return null;
  } catch (error) {
    if (error instanceof CountersignError) return error.code;
    throw error;
  }
}

describe('vectors', () => {
  it.each(vectors.permits)('$name', async ({ token, now, audience, code }) => {
    expect(await codeOf(token, { now, audience })).toBe(code);
    if (code === null) expect(await verifyPermit(token, keys, { now, audience })).toEqual(claims);
  });
});

describe('jose agrees', () => {
  it.each(vectors.permits)('$name', async ({ token, now, audience, code }) => {
    const verified = jwtVerify(token, createLocalJWKSet({ keys }), {
      typ: PERMIT_TYP,
      audience,
      currentDate: new Date(now * 1000),
      algorithms: ['EdDSA', 'ES256'],
    });
    if (code === null) expect((await verified).payload).toEqual(claims);
    else await expect(verified).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_J/) as string });
  });
});

describe('a permit', async () => {
  const signer = ed25519Signer('permit');
  const token = await signPermit(claims, signer);

  it('without optional claims reads back without them', async () => {
    const { changes: _changes, ver: _ver, ...few } = claims;
    expect(await verifyPermit(await signPermit(few, signer), keys, { now })).toEqual(few);
  });
  it('starts a few seconds early for a clock that is behind, and ends on time', async () => {
    expect(await codeOf(token, { now: claims.nbf - 5 })).toBeNull();
    expect(await codeOf(token, { now: claims.nbf - 6 })).toBe('permit-invalid');
    expect(await codeOf(token, { now: claims.exp })).toBe('permit-expired');
  });
  it('is checked before it is read: a forged one that expired is invalid, not expired', async () => {
    const forged = await signPermit(claims, { ...ed25519Signer('stranger'), kid: signer.kid });
    expect(await codeOf(forged, { now: claims.exp + 1 })).toBe('permit-invalid');
  });
  it.each<[string, Record<string, unknown>]>([
    ['no expiry', { exp: undefined }],
    ['an expiry in text', { exp: '9999999999' }],
    ['an expiry that is no integer', { exp: 1.5 }],
    ['no record', { rec: undefined }],
    ['a list of audiences', { aud: ['payments.refund'] }],
    ['changes that are a list', { changes: [] }],
  ])('with %s is no permit, though we signed it', async (_name, part) => {
    const said = Object.fromEntries(Object.entries({ ...claims, ...part }).filter(([, value]) => value !== undefined));
    expect(await codeOf(await signPermit(untyped<PermitClaims>(said), signer))).toBe('permit-invalid');
  });
  it('under a key of another algorithm with the same id is refused', async () => {
    const confused = [{ ...es256Signer('permit').publicJwk, kid: signer.kid }];
    await expect(verifyPermit(token, confused, { now })).rejects.toMatchObject({ code: 'permit-invalid' });
  });
  it.each([
    '',
    '.',
    '..',
    'a.b',
    'a.b.c.d',
    `${token}.`,
    ` ${token}`,
    `${token}\n`,
    'x'.repeat(200_000),
    '\ud800.\ud800.\ud800',
  ])('is not %j', async (text) => expect(await codeOf(text)).toBe('permit-invalid'));
  it.each([null, undefined, 5, {}, []])('is not %j', async (value) =>
    expect(await codeOf(untyped<string>(value))).toBe('permit-invalid'),
  );
  it('with any one character changed is invalid', async () => {
    const alphabet = fc.constantFrom(...'ABab01-_.=+ \n\u00e9');
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: token.length - 1 }), alphabet, async (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        expect(await codeOf(changed)).toBe(changed === token ? null : 'permit-invalid');
      }),
      { numRuns: 300 },
    );
  });
});
