import { crypto, dsse } from '@sigstore/core';
import fc from 'fast-check';
import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalBytes, fromUtf8, toBase64, toHex, utf8 } from '../../src/canonical/index.ts';
import { ENVELOPE_MAX_BYTES, type Envelope, type RecordPayload } from '../../src/contract/index.ts';
import { leafHash } from '../../src/ledger/index.ts';
import {
  decodeRecord,
  encodeRecord,
  envelopeBytes,
  parseEnvelope,
  preAuthEncoding,
  readPublicJwk,
  signEnvelope,
  thumbprint,
  verifyEnvelope,
} from '../../src/sealing/index.ts';
import vectors from '../vectors/records.json' with { type: 'json' };
import { chain, decisionRecord, ed25519Signer, es256Signer, verdictRecord } from './fixtures.ts';
import { reasonOf } from './reason.ts';
import { untyped } from '../support/untyped.ts';

const signer = ed25519Signer('record');
const { payload } = encodeRecord(verdictRecord);

describe('vectors', () => {
  it.each(vectors.records)('$type', async ({ payload, hash, envelope, entry, leaf, preAuthEncoding: encoded }) => {
    const record = await verifyEnvelope(envelope, [signer.publicJwk]);
    expect(encodeRecord(record)).toEqual({ payload: utf8(payload), hash });
    expect(toBase64(preAuthEncoding(envelope.payloadType, utf8(payload)))).toBe(encoded);
    expect(fromUtf8(envelopeBytes(envelope))).toBe(entry);
    expect(toHex(leafHash(utf8(entry)))).toBe(leaf);
  });
  it('are a chain', () => {
    const hashes = vectors.records.map(({ hash }) => hash);
    expect(vectors.records.map(({ payload }) => (JSON.parse(payload) as RecordPayload).prev)).toEqual([
      null,
      ...hashes.slice(0, -1),
    ]);
  });
});

describe('envelopes, checked with sigstore', () => {
  it('have its pre-authentication encoding, for any payload', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), (type, bytes) => {
        expect(Buffer.from(preAuthEncoding(type, bytes))).toEqual(dsse.preAuthEncoding(type, Buffer.from(bytes)));
      }),
    );
  });
  it.each([
    ['Ed25519', ed25519Signer('record')],
    ['ES256', es256Signer('record')],
  ])('verify with its verifier, %s', async (_name, by) => {
    const envelope = await signEnvelope(payload, by);
    const key = createPublicKey({ key: { ...by.publicJwk }, format: 'jwk' });
    const signed = dsse.preAuthEncoding(envelope.payloadType, Buffer.from(envelope.payload, 'base64'));
    const signature = Buffer.from(envelope.signatures[0]?.sig ?? '', 'base64');
    expect(crypto.verify(signed, key, signature, by.algorithm === 'ES256' ? 'sha256' : undefined)).toBe(true);
    expect(await verifyEnvelope(envelope, [by.publicJwk])).toEqual(verdictRecord);
  });
});

describe('an envelope', async () => {
  const envelope = await signEnvelope(payload, signer);
  const keys = [signer.publicJwk];
  const of = (part: Partial<Envelope>): unknown => ({ ...envelope, ...part });
  const stranger = (await signEnvelope(payload, ed25519Signer('stranger'))).signatures;
  const wrong = [{ keyid: signer.kid, sig: toBase64(new Uint8Array(64)) }];

  it.each<[string, unknown, string]>([
    ['of another payload type', of({ payloadType: 'application/json' }), 'payload-type-unknown'],
    [
      'whose payload changed',
      of({ payload: toBase64(canonicalBytes({ ...verdictRecord, tenant: 'other' })) }),
      'record-signature-wrong',
    ],
    ['with a wrong signature', of({ signatures: wrong }), 'record-signature-wrong'],
    ['with a short signature', of({ signatures: [{ keyid: signer.kid, sig: 'AAAA' }] }), 'record-signature-wrong'],
    ['by a stranger', of({ signatures: stranger }), 'record-key-unknown'],
    [
      'by a stranger who takes our key id',
      of({ signatures: [{ keyid: signer.kid, sig: stranger[0]?.sig ?? '' }] }),
      'record-signature-wrong',
    ],
    ['without signatures', of({ signatures: [] }), 'envelope-malformed'],
    [
      'with too many signatures',
      of({ signatures: Array.from({ length: 17 }, () => untyped(wrong[0])) }),
      'envelope-malformed',
    ],
    ['with a member more', { ...envelope, extra: 1 }, 'envelope-malformed'],
    [
      'with a member more in a signature',
      of({ signatures: [untyped({ ...wrong[0], cert: '' })] }),
      'envelope-malformed',
    ],
    ['with a signature that is text', of({ signatures: untyped(['x']) }), 'envelope-malformed'],
    ['with a payload that is not base64', of({ payload: '*' }), 'envelope-malformed'],
    ['that is null', null, 'envelope-malformed'],
    ['that is a list', [], 'envelope-malformed'],
  ])('%s is refused: %s', async (_name, value, reason) => {
    expect(await reasonOf(() => verifyEnvelope(value, keys))).toBe(reason);
  });
  it('may carry signatures of strangers beside ours', async () => {
    const both = { ...envelope, signatures: [...stranger, ...envelope.signatures] };
    expect(await verifyEnvelope(both, keys)).toEqual(verdictRecord);
  });
  it('with a verifier that throws is not verified', async () => {
    const broken = (): never => {
      throw new Error('no such key');
    };
    expect(await reasonOf(() => verifyEnvelope(envelope, keys, broken))).toBe('record-signature-wrong');
  });
  it('as large as an entry of the log may be is written, and no larger', async () => {
    const sized = (payload: number): Envelope => ({ ...envelope, payload: 'A'.repeat(payload) });
    const room = ENVELOPE_MAX_BYTES - envelopeBytes(sized(0)).length;
    expect(envelopeBytes(sized(room))).toHaveLength(ENVELOPE_MAX_BYTES);
    expect(await reasonOf(() => envelopeBytes(sized(room + 1)))).toBe('envelope-too-large');
  });
  it('is read to exactly itself', () => expect(parseEnvelope(envelope)).toEqual(envelope));
});

describe('a record', () => {
  it.each(chain().map((record) => [record.type, record] as const))('of type %s reads back', (_type, record) => {
    expect(decodeRecord(encodeRecord(record).payload)).toEqual(record);
  });
  it('may have members of a later version', () => {
    const later = { ...verdictRecord, weather: 'fair' };
    expect(decodeRecord(canonicalBytes(later))).toEqual(later);
  });

  const decision = decisionRecord(encodeRecord(verdictRecord).hash);
  const without = (name: string): Uint8Array =>
    canonicalBytes(Object.fromEntries(Object.entries(verdictRecord).filter(([key]) => key !== name)));
  it.each<[string, Uint8Array, string]>([
    ['with white space', utf8(`${fromUtf8(payload)} `), 'record-not-canonical'],
    ['with names in another order', utf8(JSON.stringify(verdictRecord)), 'record-not-canonical'],
    ['with a name twice', utf8(fromUtf8(payload).replace('{', '{"action":"act_2",')), 'record-not-canonical'],
    [
      'with an escape that is not needed',
      utf8(fromUtf8(payload).replace('act_1', '\\u0061ct_1')),
      'record-not-canonical',
    ],
    ['that nests without end', utf8('['.repeat(100_000) + ']'.repeat(100_000)), 'record-not-canonical'],
    ['that is not JSON', utf8('{'), 'record-malformed'],
    ['that is not UTF-8', Uint8Array.of(0xff), 'record-malformed'],
    ['behind a byte order mark', utf8(`\ufeff${fromUtf8(payload)}`), 'record-malformed'],
    ['that is nothing', new Uint8Array(0), 'record-malformed'],
    ['that is null', utf8('null'), 'record-malformed'],
    ['without a verdict', without('verdict'), 'record-malformed'],
    ['without facts', without('facts'), 'record-malformed'],
    ['of an unknown type', canonicalBytes({ ...verdictRecord, type: 'rumour' }), 'record-malformed'],
    ['of another version', canonicalBytes({ ...verdictRecord, v: 3 }), 'record-malformed'],
    [
      'with a time of another form',
      canonicalBytes({ ...verdictRecord, at: '2026-11-21T10:00:00Z' }),
      'record-malformed',
    ],
    ['with a predecessor, but first', canonicalBytes({ ...verdictRecord, prev: decision.prev }), 'record-malformed'],
    ['without a predecessor, but second', canonicalBytes({ ...decision, prev: null }), 'record-malformed'],
    ['with a decision nobody can make', canonicalBytes({ ...decision, decision: 'waive' }), 'record-malformed'],
    ['with a hash that is none', canonicalBytes({ ...decision, prev: 'sha256:00' }), 'record-malformed'],
  ])('%s is refused', async (_name, bytes, reason) => {
    expect(await reasonOf(() => decodeRecord(bytes))).toBe(reason);
  });
});

describe('keys', () => {
  it('have the thumbprint of RFC 8037 appendix A.3', () => {
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
    expect(thumbprint({ kty: 'OKP', crv: 'Ed25519', x })).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });
  it('read from JWKs of any making, with the key id computed', () => {
    const { kty, crv, x } = signer.publicJwk;
    expect(readPublicJwk({ kty, crv, x, kid: 'somebody else' })).toEqual(signer.publicJwk);
    expect(readPublicJwk(es256Signer('record').publicJwk)).toEqual(es256Signer('record').publicJwk);
  });
  const es = es256Signer('record').publicJwk;
  it.each<[string, unknown]>([
    ['null', null],
    ['text', 'key'],
    ['a secret', { kty: 'oct', k: 'AA' }],
    ['another curve', { ...es, crv: 'P-384' }],
    ['no y', { ...es, y: undefined }],
    ['a short x', { ...signer.publicJwk, x: 'AAAA' }],
    ['an x that is not base64url', { ...signer.publicJwk, x: '*' }],
    ['the wrong type for its curve', { ...signer.publicJwk, kty: 'EC' }],
  ])('refuse %s', (_name, jwk) => expect(readPublicJwk(jwk)).toBeNull());
});
