/**
 * The gateway's signature inside a record: the attestation key signs exactly the sealed content. Anybody with the published attestation
 * keys can check that a human, or a service's key, was authenticated for this very thing, and not only that somebody held the record key.
 */
import { z } from 'zod';
import { canonicalBytes, fromBase64, toBase64 } from '../canonical/index.ts';
import type { DecisionRecord, OtherRecord } from '../contract/index.ts';
import { EvidenceError, reading } from '../ledger/index.ts';
import { isSignedBy, nobleVerify, type PublicJwk, type Signer, type VerifySignature } from './signer.ts';

/** Of what is signed. */
export const ATTESTED_KIND = 'countersign.attested/v1';

/** Records of people's statements. A decision has the member `attested`, the others have it in their `body`. */
export type SaidRecord = DecisionRecord | OtherRecord;

const attestedSchema = z.looseObject({ kid: z.string(), sig: z.string() });

const attestedOf = (record: SaidRecord): unknown =>
  record.type === 'decision' ? record.attested : record.body['attested'];

/** What is signed: the canonical bytes of `{ kind, record }`, the record without its `attested`. */
function statementOf(record: SaidRecord): Uint8Array {
  if (record.type === 'decision') {
    const { attested: _attested, ...bare } = record;
    return canonicalBytes({ kind: ATTESTED_KIND, record: bare });
  }
  const { attested: _attested, ...body } = record.body;
  return canonicalBytes({ kind: ATTESTED_KIND, record: { ...record, body } });
}

/** The record with the attestation key's signature over all of it. */
export async function withAttestation<R extends SaidRecord>(record: R, signer: Signer): Promise<R> {
  const attested = { kid: signer.kid, sig: toBase64(await signer.sign(statementOf(record))) };
  return record.type === 'decision' ? { ...record, attested } : { ...record, body: { ...record.body, attested } };
}

/** Whether a record carries the signature of an attestation key. */
export const isAttested = (record: SaidRecord): boolean => attestedOf(record) !== undefined;

/**
 * Checks the signature that a record carries, and answers the key that made it.
 *
 * @param keys attestation keys that came by another way, or that the log's own key records introduced
 * @throws EvidenceError `attestation-malformed`, `attestation-key-unknown`, `attestation-signature-wrong`
 */
export async function verifyAttested(
  record: SaidRecord,
  keys: readonly PublicJwk[],
  verify: VerifySignature = nobleVerify,
): Promise<PublicJwk> {
  const read = attestedSchema.safeParse(attestedOf(record));
  if (!read.success)
    throw new EvidenceError('attestation-malformed', 'the record holds no signature of an attestation');
  const { kid, sig } = read.data;
  const key = keys.find((one) => one.kid === kid);
  if (key === undefined) {
    throw new EvidenceError('attestation-key-unknown', `the attestation key ${kid} is none that was introduced before`);
  }
  const signature = reading('attestation-malformed', 'the signature of the attestation', () => fromBase64(sig));
  if (!(await isSignedBy(verify, key, statementOf(record), signature))) {
    throw new EvidenceError('attestation-signature-wrong', 'the attestation’s signature is not over what was sealed');
  }
  return key;
}
