import fc from 'fast-check';
import { verifyAuthenticationResponse } from '@simplewebauthn/server';
import { describe, expect, it } from 'vitest';
import { fromBase64Url, toBase64Url } from '../../src/canonical/index.ts';
import type { DecisionRecord } from '../../src/contract/index.ts';
import { nodeVerify } from '../../src/keys/index.ts';
import {
  challengeOf,
  decisionStatement,
  decodeRecord,
  encodeRecord,
  nobleVerify,
  passkeyBody,
  passkeyChangeOf,
  verifyPasskeyDecision,
  type PasskeyEnrolment,
} from '../../src/sealing/index.ts';
import { cbor } from '../support/authenticator.ts';
import { decisionRecord, ed25519Signer, es256Signer, verdictRecord } from './fixtures.ts';
import { enrolment, LEAD, ORIGIN, RP_ID, signedDecision, type Deviation } from './passkeys.ts';
import { reasonOf } from './reason.ts';
import { untyped } from '../support/untyped.ts';

const CFO = 'user:cfo@acme.test';
const PREV = encodeRecord(verdictRecord).hash;
const record = (more: Partial<DecisionRecord> = {}): DecisionRecord => ({ ...decisionRecord(PREV), ...more });
const reason = (decision: DecisionRecord, by = enrolment(), verify = nodeVerify): Promise<string> =>
  reasonOf(() => verifyPasskeyDecision(decision, by, { verify }));

describe('a decision that its passkey signed', () => {
  for (const [name, signer] of [
    ['ES256', es256Signer('passkey')],
    ['EdDSA', ed25519Signer('passkey')],
  ] as const) {
    for (const [how, verify] of [
      ['node:crypto', nodeVerify],
      ['JavaScript alone', nobleVerify],
    ] as const) {
      it(`is verified from its record, ${name}, by ${how}`, async () => {
        const by = enrolment({ signer });
        const sealed = encodeRecord(await signedDecision(record(), by, signer, { counter: 7, flags: 0x1d }));
        const read = decodeRecord(sealed.payload) as DecisionRecord;
        expect(await verifyPasskeyDecision(read, by, { verify })).toMatchObject({
          ...{ enrolment: { person: LEAD, origin: ORIGIN, rpId: RP_ID }, enrolmentHash: by.hash },
          ...{ after: PREV, counter: 7, backedUp: true },
        });
      });
    }
  }

  it('fits into its entry of the log, however much there is of it', async () => {
    const signed = await signedDecision(record({ reason: 'x'.repeat(2000) }));
    expect(encodeRecord(signed).payload.length).toBeLessThan(16_384);
  });

  /** Whatever the record says otherwise than what was signed. */
  const OTHERWISE: [string, Partial<DecisionRecord>][] = [
    ['tenant', { tenant: 'other' }],
    ['action', { action: 'act_2' }],
    ['request', { requestHash: `sha256:${'00'.repeat(32)}` }],
    ['surface', { surface: 'payments.payout' }],
    ['stage', { stage: 1 }],
    ['decision', { decision: 'refuse' }],
    ['stand-in', { delegation: { id: 'dlg_1', from: CFO } }],
    ['reason', { reason: 'checked' }],
    ['no reason', { reason: null }],
    ['door', { via: 'console' }],
    ['what was shown', { shown: null }],
    ['responsibility', { responsibility: null }],
    ['changes', { changes: { 'params.amount': { from: 420.5, to: 401 } } }],
    ['no changes', { changes: null }],
    ['time', { until: '2026-11-21T12:00:00.000Z' }],
  ];
  it.each(OTHERWISE)('does not count for another %s', async (name, more) => {
    const expected = name === 'tenant' ? 'passkey-enrolment-differs' : 'passkey-challenge-differs';
    expect(await reason({ ...(await signedDecision()), ...more })).toBe(expected);
  });
  it('names every member that is signed in the table above', () => {
    const { kind, by, after, ...members } = decisionStatement(record(), PREV);
    const named = OTHERWISE.flatMap(([, more]) => Object.keys(more));
    expect([kind, by, after]).not.toContain(undefined);
    expect(new Set(named)).toEqual(new Set(Object.keys(members)));
  });

  const other = es256Signer('another');
  const DEVIATIONS: [string, string, Deviation][] = [
    ['the action as it was before', 'passkey-challenge-differs', { assurance: { after: `sha256:${'77'.repeat(32)}` } }],
    ['a challenge of a server', 'passkey-challenge-differs', { challenge: new Uint8Array(32) }],
    ['the ceremony of a registration', 'passkey-malformed', { clientData: { type: 'webauthn.create' } }],
    ['client data that is no JSON', 'passkey-malformed', { clientText: '{' }],
    ['client data that is null', 'passkey-malformed', { clientText: 'null' }],
    ['another origin', 'passkey-origin-differs', { origin: 'https://countersign.acme.test.evil.test' }],
    ['the origin without TLS', 'passkey-origin-differs', { origin: 'http://countersign.acme.test' }],
    ['a frame of another origin', 'passkey-origin-differs', { clientData: { crossOrigin: true } }],
    ['a frame below another origin', 'passkey-origin-differs', { clientData: { topOrigin: 'https://evil.test' } }],
    ['another relying party', 'passkey-rp-differs', { rpId: 'acme.test' }],
    ['nobody verified', 'passkey-not-verified', { flags: 0x01 }],
    ['nobody there', 'passkey-not-verified', { flags: 0x04 }],
    ['bytes behind the authenticator data', 'passkey-malformed', { extra: Uint8Array.of(0) }],
    ['another key', 'passkey-signature-wrong', { signer: other }],
    ['a changed signature', 'passkey-signature-wrong', { signature: (it) => it.with(-1, (it.at(-1) ?? 0) ^ 1) }],
    ['a cut signature', 'passkey-signature-wrong', { signature: (it) => it.subarray(0, -1) }],
    ['another enrolment', 'passkey-enrolment-differs', { assurance: { enrolment: `sha256:${'77'.repeat(32)}` } }],
    ['another credential', 'passkey-enrolment-differs', { assurance: { credential: 'AAAA' } }],
    ['another kind', 'passkey-malformed', { assurance: { kind: 'countersign.passkey/v2' } }],
    ['no signature', 'passkey-malformed', { assurance: { signature: null } }],
    ['padding', 'passkey-malformed', { assurance: { signature: 'AA==' } }],
    ['a second spelling of base64url', 'passkey-malformed', { assurance: { authenticatorData: 'AAB' } }],
    ['too much client data', 'passkey-malformed', { assurance: { clientDataJSON: 'A'.repeat(8000) } }],
  ];
  it.each(DEVIATIONS)('does not count with %s', async (_, expected, deviation) => {
    expect(await reason(await signedDecision(record(), enrolment(), es256Signer('passkey'), deviation))).toBe(expected);
  });

  it('does not count without an assertion', async () => {
    expect(await reason(record())).toBe('passkey-malformed');
  });

  it('does not count for somebody else than the passkey’s person', async () => {
    const theirs = enrolment({ person: CFO });
    expect(await reason(await signedDecision(record(), theirs), theirs)).toBe('passkey-person-differs');
    expect(await reason(await signedDecision(record({ by: CFO })))).toBe('passkey-person-differs');
  });

  it('is only ever valid or refused with a reason, whatever the assertion is', async () => {
    const real = await signedDecision();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('authenticatorData', 'clientDataJSON', 'signature'),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (member, at, flip) => {
          const bytes = fromBase64Url(String(real.assurance?.[member]));
          const index = at % bytes.length;
          const changed = toBase64Url(bytes.with(index, (bytes[index] ?? 0) ^ flip));
          expect(await reason({ ...real, assurance: { ...real.assurance, [member]: changed } })).toMatch(/^passkey-/);
        },
      ),
      { numRuns: 300 },
    );
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (assurance) => {
        const decision = untyped<DecisionRecord>({ ...real, assurance });
        expect(await reason(decision)).toBe('passkey-malformed');
      }),
    );
  });
});

describe('an enrolment', () => {
  const malformed: [string, Partial<PasskeyEnrolment>, object][] = [
    ['by somebody else', {}, { by: CFO }],
    ['by nobody', {}, { by: null }],
    ['that is not the first of its chain', {}, { seq: 1, prev: PREV }],
    ['under another chain', {}, { action: 'passkey:00' }],
    ['that names another key', { kid: es256Signer('another').kid }, {}],
    ['of a key of no kind', { key: untyped({ kty: 'RSA', n: 'AQAB', e: 'AQAB' }) }, {}],
    ['without an origin', { origin: '' }, {}],
    ['that says nothing', { change: untyped('something') }, {}],
    ['of a credential that is not base64url', { credential: 'a b' }, {}],
  ];
  it.each(malformed)('%s is none', async (_, change, head) => {
    const { record: key } = enrolment({}, change, head);
    expect(await reasonOf(() => passkeyChangeOf(key))).toBe('key-record-malformed');
  });

  it('is no record of a key that signs evidence, nor is such a record one', () => {
    const { record: key } = enrolment();
    expect(passkeyChangeOf({ ...key, action: 'key' })).toBeNull();
    expect(passkeyChangeOf(record())).toBeNull();
  });

  it('is not what a revocation says', async () => {
    const by = enrolment();
    const { person, credential, kid } = untyped<PasskeyEnrolment>(by.record.body);
    const body = passkeyBody({ change: 'revoke', use: 'passkey', person, credential, kid });
    const revoked = { ...by.record, seq: 1, prev: by.hash, body };
    expect(passkeyChangeOf(revoked)).toMatchObject({ change: 'revoke', person });
    const named = await signedDecision();
    expect(await reason(named, { record: revoked, hash: by.hash })).toBe('passkey-enrolment-differs');
  });
});

/** The library for servers decides the same about what an authenticator says, with the challenge that we compute. */
describe('@simplewebauthn/server agrees', () => {
  const signer = es256Signer('passkey');
  const { x, y } = signer.publicJwk;
  const point = (text: string): Buffer => Buffer.from(text, 'base64url');
  const publicKey = cbor(
    new Map<number, number | Buffer>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, point(x)],
      [-3, point(y ?? '')],
    ]),
  );
  const theirs = async (decision: DecisionRecord): Promise<boolean> => {
    const { credential, authenticatorData, clientDataJSON, signature } = decision.assurance as Record<string, string>;
    const id = String(credential);
    try {
      const { verified } = await verifyAuthenticationResponse({
        response: {
          ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
          response: {
            clientDataJSON: String(clientDataJSON),
            authenticatorData: String(authenticatorData),
            signature: String(signature),
          },
        },
        expectedChallenge: toBase64Url(challengeOf(decisionStatement(decision, PREV))),
        expectedOrigin: ORIGIN,
        expectedRPID: RP_ID,
        requireUserVerification: true,
        credential: { id, publicKey: new Uint8Array(publicKey), counter: 0 },
      });
      return verified;
    } catch {
      return false;
    }
  };
  const SAME: [string, Deviation][] = [
    ['nothing', {}],
    ['a challenge of a server', { challenge: new Uint8Array(32) }],
    ['the ceremony of a registration', { clientData: { type: 'webauthn.create' } }],
    ['another origin', { origin: 'https://evil.test' }],
    ['another relying party', { rpId: 'evil.test' }],
    ['nobody verified', { flags: 0x01 }],
    ['nobody there', { flags: 0x04 }],
    ['another key', { signer: es256Signer('another') }],
    ['a changed signature', { signature: (it) => it.with(-1, (it.at(-1) ?? 0) ^ 1) }],
  ];
  it.each(SAME)('on %s', async (_, deviation) => {
    const decision = await signedDecision(record(), enrolment(), signer, deviation);
    expect(await theirs(decision)).toBe((await reason(decision)) === 'valid');
  });
});
