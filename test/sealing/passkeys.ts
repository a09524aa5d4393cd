/** Enrolments and decisions by passkey with fixed keys: the same bytes on every run. */
import { concatBytes, sha256, toBase64Url, utf8 } from '../../src/canonical/index.ts';
import type { DecisionRecord, OtherRecord } from '../../src/contract/index.ts';
import {
  ASSURANCE_KIND,
  challengeOf,
  decisionStatement,
  encodeRecord,
  passkeyBody,
  passkeyChain,
  toDer,
  type PasskeyEnrolment,
  type Signer,
} from '../../src/sealing/index.ts';
import { decisionRecord, es256Signer, verdictRecord } from './fixtures.ts';

export const ORIGIN = 'https://countersign.acme.test';
export const RP_ID = 'countersign.acme.test';
export const LEAD = 'user:finance-lead@acme.test';

/** What an authenticator does otherwise, and what is put into the record otherwise. */
export interface Deviation {
  origin?: string;
  rpId?: string;
  flags?: number;
  counter?: number;
  clientData?: object;
  clientText?: string;
  challenge?: Uint8Array;
  extra?: Uint8Array;
  after?: string;
  signer?: Signer;
  signature?: (real: Uint8Array) => Uint8Array;
  assurance?: object;
}

export function enrolment(
  { person = LEAD, signer = es256Signer('passkey') }: { person?: string; signer?: Signer } = {},
  change: Partial<PasskeyEnrolment> = {},
  head: Partial<OtherRecord> = {},
): { record: OtherRecord; hash: string } {
  const credential = toBase64Url(sha256(utf8(`credential of ${signer.kid}`)));
  const record: OtherRecord = {
    v: 1,
    type: 'key',
    tenant: 'default',
    action: passkeyChain(credential),
    seq: 0,
    prev: null,
    at: '2026-11-20T09:00:00.000Z',
    requestHash: null,
    by: person,
    reason: null,
    body: passkeyBody({
      ...{ change: 'introduce', use: 'passkey', person, credential, kid: signer.kid, key: signer.publicJwk },
      ...{ rpId: RP_ID, origin: ORIGIN, counter: 0, aaguid: '00000000-0000-0000-0000-000000000000', name: 'laptop' },
      ...change,
    }),
    ...head,
  };
  return { record, hash: encodeRecord(record).hash };
}

/** A decision that its passkey signed: flags 0x05 say that the person was there and verified. */
export async function signedDecision(
  decision: DecisionRecord = decisionRecord(encodeRecord(verdictRecord).hash),
  by: { record: OtherRecord; hash: string } = enrolment(),
  signer: Signer = es256Signer('passkey'),
  deviation: Deviation = {},
): Promise<DecisionRecord> {
  const after = deviation.after ?? decision.prev ?? '';
  const challenge = deviation.challenge ?? challengeOf(decisionStatement(decision, after));
  const clientData = utf8(
    deviation.clientText ??
      JSON.stringify({
        type: 'webauthn.get',
        challenge: toBase64Url(challenge),
        origin: deviation.origin ?? ORIGIN,
        crossOrigin: false,
        ...deviation.clientData,
      }),
  );
  const counter = deviation.counter ?? 1;
  const head = Uint8Array.of(deviation.flags ?? 0x05, counter >>> 24, counter >>> 16, counter >>> 8, counter);
  const data = concatBytes(sha256(utf8(deviation.rpId ?? RP_ID)), head, deviation.extra ?? new Uint8Array());
  const signing = deviation.signer ?? signer;
  const raw = await signing.sign(concatBytes(data, sha256(clientData)));
  const signature = signing.algorithm === 'ES256' ? toDer(raw) : raw;
  const bytes = {
    authenticatorData: toBase64Url(data),
    clientDataJSON: toBase64Url(clientData),
    signature: toBase64Url(deviation.signature?.(signature) ?? signature),
  };
  const credential = String(by.record.body['credential']);
  const named = { kind: ASSURANCE_KIND, enrolment: by.hash, credential, after };
  return { ...decision, assurance: { ...named, ...bytes, ...deviation.assurance } };
}
