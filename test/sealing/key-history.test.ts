import { describe, expect, it } from 'vitest';
import type { OtherRecord } from '../../src/contract/index.ts';
import { nodeVerify } from '../../src/keys/index.ts';
import {
  followKeys,
  KEY_CHAIN,
  keyChangeOf,
  revocationsOf,
  verifyReceipt,
  withChange,
  type Trust,
} from '../../src/sealing/index.ts';
import vectors from '../vectors/keys.json' with { type: 'json' };
import { ed25519Signer, es256Signer, verdictRecord } from './fixtures.ts';
import { reasonOf } from './reason.ts';
import { untyped } from '../support/untyped.ts';

const trust: Trust = vectors.trust;
const followed = vectors.followed.trust as Trust;

describe('a key history (vectors)', () => {
  it('leads from the keys given to those of its end', async () => {
    expect(await followKeys(trust, vectors.history)).toEqual(vectors.followed);
    expect(await followKeys(trust, vectors.history, { verify: nodeVerify })).toEqual(vectors.followed);
  });
  it.each(vectors.receipts)('a receipt $name', async ({ receipt, reason }) => {
    expect(await reasonOf(() => verifyReceipt(receipt, followed))).toBe(reason ?? 'valid');
  });
  it.each(vectors.nothing)('proves nothing: $name', async ({ trust: given, history }) => {
    expect(await followKeys(given, history)).toEqual({ trust: given, steps: [] });
  });
  it.each(vectors.refused)('is refused: $name', async ({ history, reason }) => {
    expect(await reasonOf(() => followKeys(trust, history))).toBe(reason);
  });
  it.each([null, 7, 'x', [], {}, { kind: 'countersign.keys/v1' }, { kind: 'countersign.keys/v1', receipts: {} }])(
    'is refused for its form: %j',
    async (history) => {
      expect(await reasonOf(() => followKeys(trust, history))).toBe('key-history-malformed');
    },
  );
  it('with every receipt damaged anywhere is refused or proves less, and is never another error', async () => {
    const text = JSON.stringify(vectors.history);
    for (let at = 60; at < text.length; at += 97) {
      const flipped = text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);
      let history: unknown;
      try {
        history = JSON.parse(flipped);
      } catch {
        continue;
      }
      const reason = await reasonOf(async () => {
        const { steps } = await followKeys(trust, history, { verify: nodeVerify });
        expect(steps.length).toBeLessThanOrEqual(3);
      });
      expect(reason).toMatch(/^[a-z-]+$/);
    }
  });
});

describe('a record of the key chain', () => {
  const jwk = es256Signer('record').publicJwk;
  const vkey = String(vectors.trust.logKeys[0]);
  const introduce = { change: 'introduce', use: 'record', kid: jwk.kid, key: jwk, replaces: 'old', beside: null };
  const record = (body: object, more: object = {}): OtherRecord =>
    untyped<OtherRecord>({
      ...verdictRecord,
      type: 'key',
      action: KEY_CHAIN,
      by: null,
      reason: null,
      body,
      ...more,
    });

  it('says which key it brings', () => {
    expect(keyChangeOf(record(introduce))).toEqual(introduce);
    expect(keyChangeOf(verdictRecord)).toBeNull();
  });
  it.each<[string, object, object?]>([
    ['nothing', {}],
    ['another chain', introduce, { action: 'keys' }],
    ['another change', { ...introduce, change: 'forget' }],
    ['another use', { ...introduce, use: 'root' }],
    ['a key under another name', { ...introduce, kid: ed25519Signer('record').kid }],
    ['no key', { ...introduce, key: { kty: 'RSA' } }],
    ['a vkey for records', { ...introduce, key: vkey }],
    ['a JWK for the log', { ...introduce, use: 'log' }],
    ['a vkey under another name', { ...introduce, use: 'log', key: vkey }],
    ['a revocation from nowhere', { change: 'revoke', use: 'record', kid: 'x', from: -1 }],
    ['a revocation from half an entry', { change: 'revoke', use: 'record', kid: 'x', from: 1.5 }],
  ])('is refused for %s', async (_name, body, more) => {
    expect(await reasonOf(() => keyChangeOf(record(body, more)))).toBe('key-record-malformed');
  });
  it('adds a key once, and permit keys not at all', () => {
    const change = { ...introduce, change: 'introduce' as const, use: 'record' as const };
    const once = withChange(trust, change);
    expect(once.recordKeys).toHaveLength(2);
    expect(withChange(once, change)).toBe(once);
    expect(withChange(trust, { ...change, use: 'permit' })).toBe(trust);
  });
});

describe('revocations', () => {
  it('are those of the history and of the keys themselves, the earliest of each', () => {
    const { publicJwk, kid } = ed25519Signer('record');
    const known = {
      recordKeys: [{ ...publicJwk, revoked: { at: 'then', from: 9 } }, es256Signer('record').publicJwk],
      revoked: [
        { change: 'revoke' as const, use: 'record' as const, kid, from: 12 },
        { change: 'revoke' as const, use: 'log' as const, kid: 'other', from: 3 },
      ],
    };
    expect([...revocationsOf(known)]).toEqual([
      [kid, 9],
      ['other', 3],
    ]);
  });
});
