import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonicalize, checkPermit, ReplayCache, requestHash } from '../../src/client/verify/index.ts';
import type { ActionRequest } from '../../src/client/index.ts';

function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}

/** The client ships alone, with a canonicalization and a verifier of its own: the published vectors hold it to ours. */
describe('the published vectors', () => {
  const { cases, numbers } = vectors<{
    cases: { name: string; json: string; canonical: string }[];
    numbers: { ieee: string; text: string | null }[];
  }>('canonical');
  it.each(cases)('canonical: $name', ({ json, canonical }) => {
    expect(canonicalize(JSON.parse(json))).toBe(canonical);
  });
  it('canonical: numbers', () => {
    for (const { ieee, text } of numbers) {
      const value = Buffer.from(ieee, 'hex').readDoubleBE();
      if (text === null) expect(() => canonicalize(value)).toThrow();
      else expect(canonicalize(value)).toBe(text);
    }
  });

  const { requests } = vectors<{ requests: { name: string; request: ActionRequest; requestHash: string }[] }>(
    'requests',
  );
  it.each(requests)('request hash: $name', async ({ request, requestHash: expected }) => {
    const hash = requestHash(request);
    if (request.content === undefined) await expect(hash).resolves.toBe(expected);
    else await expect(hash).rejects.toMatchObject({ code: 'permit-needs-engine' });
  });

  const { keys, permits } = vectors<{
    keys: object[];
    permits: { name: string; token: string; now: number; audience: string; code: string | null }[];
  }>('permits');
  it.each(permits)('permit: $name', async ({ token, now, audience, code }) => {
    const checked = checkPermit(token, keys, { audience, tenant: 'default', now });
    if (code === null) await expect(checked).resolves.toMatchObject({ aud: audience });
    else await expect(checked).rejects.toMatchObject({ code });
  });
});

describe('the guard in Go', () => {
  it('is an example that is read in a minute: under 100 lines', () => {
    const guard = readFileSync(new URL('../../examples/go-guard/guard.go', import.meta.url), 'utf8');
    expect(guard.split('\n').length).toBeLessThan(100);
  });
});

describe('the replay cache', () => {
  const permit = (jti: string, exp: number, iat = 5): { jti: string; iat: number; exp: number } => ({ jti, iat, exp });
  const code = (text: string): unknown => expect.objectContaining({ code: text });

  it('is bounded: full, it refuses until a permit has expired', () => {
    const cache = new ReplayCache({ max: 2, now: 0 });
    cache.use(permit('a', 10), 5);
    cache.use(permit('b', 20), 5);
    expect(() => cache.use(permit('a', 10), 5)).toThrow(code('permit-already-redeemed'));
    expect(() => cache.use(permit('c', 30), 6)).toThrow(code('unavailable'));
    cache.use(permit('c', 30), 11);
    expect(() => cache.use(permit('b', 20), 11)).toThrow(code('permit-already-redeemed'));
  });
  it('refuses what the process before it may have used', () => {
    const cache = new ReplayCache({ now: 100_000 });
    expect(() => cache.use(permit('a', 400, 100), 101)).toThrow(code('unavailable'));
    expect(() => cache.use(permit('a', 400, 104), 105)).toThrow(code('unavailable'));
    cache.use(permit('a', 400, 105), 106);
  });
});
