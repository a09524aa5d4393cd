/** Receipts: one record, its place in the log, and everything that checks both offline (contract section 6). */
import { canonicalize, fromBase64, isCanonicalError, toBase64, toBase64Url, toHex } from '../canonical/index.ts';
import type { Envelope, Receipt, RecordPayload } from '../contract/index.ts';
import {
  EvidenceError,
  isEvidenceError,
  leafHash,
  MAX_PROOF_HASHES,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  parseVkey,
  reading,
  verifyInclusion,
  type NoteKey,
  type VerifiedCheckpoint,
  type VerifyEd25519,
} from '../ledger/index.ts';
import { envelopeBytes, openEnvelope, parseEnvelope } from './dsse.ts';
import { decodeRecord, recordHash } from './record.ts';
import { isSignedBy, nobleVerify, publicJwk, readPublicJwk, type PublicJwk, type VerifySignature } from './signer.ts';
import { revocationsOf, type Trust } from './trust.ts';

export const RECEIPT_KIND = 'countersign.receipt/v1';

export interface VerifiedReceipt {
  record: RecordPayload;
  /** `sha256:…` of the record's bytes. */
  recordHash: string;
  /** Position in the log, from 0. */
  index: number;
  /** Entries of the log that the checkpoint covers. */
  size: number;
  /** Root of the log at that size, hexadecimal: what two receipts of one checkpoint share. */
  root: string;
  origin: string;
  /** The record key that signed. */
  keyid: string;
  /** Known witnesses that saw the checkpoint, and when, in seconds since the epoch. */
  witnesses: { name: string; time: number }[];
}

export function makeReceipt(
  envelope: Envelope,
  log: { origin: string; index: number; checkpoint: string; proof: readonly Uint8Array[] },
): Receipt {
  const { origin, index, checkpoint, proof } = log;
  return { kind: RECEIPT_KIND, envelope, log: { origin, index, checkpoint, inclusion: proof.map(toBase64) } };
}

/**
 * Verifies a receipt: form → checkpoint, under the log's key → inclusion → envelope, under the record key → record. It uses nothing but its
 * arguments, and an attacker may have written the receipt.
 *
 * @throws EvidenceError with the exact reason, and nothing else
 */
export async function verifyReceipt(
  receipt: unknown,
  trust: Trust,
  { verify = nobleVerify }: { verify?: VerifySignature } = {},
): Promise<VerifiedReceipt> {
  const { envelope, log } = parseReceipt(receipt);
  const recordKeys = trust.recordKeys.map(trustedJwk);
  const revoked = revocationsOf(trust);

  const checkpoint = await openTrusted(log.checkpoint, trust, verify);
  if (checkpoint.origin !== log.origin) {
    throw new EvidenceError('origin-differs', 'the receipt names another log than its checkpoint does');
  }

  const proof = log.inclusion.map((hash) =>
    reading('proof-malformed', 'a hash of the inclusion proof', () => fromBase64(hash)),
  );
  if (!verifyInclusion(leafHash(envelopeBytes(envelope)), log.index, checkpoint.size, proof, checkpoint.root)) {
    const place = `entry ${log.index} of the first ${checkpoint.size}`;
    throw new EvidenceError('inclusion-wrong', `the log did not have this very envelope as ${place}`);
  }

  const { payload, key } = await openEnvelope(envelope, recordKeys, verify);
  const from = revoked.get(key.kid) ?? Infinity;
  if (log.index >= from) {
    throw new EvidenceError(
      'record-key-revoked',
      `the key of this record was revoked from entry ${from} of the log on, and the record is entry ${log.index}`,
    );
  }
  const record = decodeRecord(payload);
  return {
    record,
    recordHash: recordHash(payload),
    index: log.index,
    size: checkpoint.size,
    root: toHex(checkpoint.root),
    origin: checkpoint.origin,
    keyid: key.kid,
    witnesses: checkpoint.cosignatures.map((by) => ({ name: by.key.name, time: by.time ?? 0 })),
  };
}

/**
 * Opens a checkpoint under the log keys of {@link Trust}: a revoked key counts only for logs up to their size at its revocation.
 *
 * @throws EvidenceError as `openCheckpoint`; `log-key-revoked` when only a revoked key signed
 */
export async function openTrusted(
  note: string,
  trust: Trust,
  verify: VerifySignature = nobleVerify,
): Promise<VerifiedCheckpoint> {
  const noteKeys = [...trust.logKeys, ...(trust.witnessKeys ?? [])].map(parseVkey);
  const revoked = revocationsOf(trust);
  if (trust.revoked === undefined) return openCheckpoint(note, noteKeys, noteVerifier(verify));
  const { size } = parseCheckpoint(parseNote(note).text);
  const counts = ({ publicKey }: NoteKey): boolean => {
    const { kid } = publicJwk({ crv: 'Ed25519', x: toBase64Url(publicKey) });
    return size <= (revoked.get(kid) ?? Infinity);
  };
  try {
    return await openCheckpoint(note, noteKeys.filter(counts), noteVerifier(verify));
  } catch (error) {
    if (!isEvidenceError(error) || error.reason !== 'note-key-unknown' || noteKeys.every(counts)) throw error;
    const message = `only a log key that was revoked before the log had ${size} entries signed the checkpoint`;
    throw new EvidenceError('log-key-revoked', message, error);
  }
}

/**
 * Reads the form of a receipt. The value is copied once and only the copy is read, so it cannot change during verification.
 *
 * @throws EvidenceError `receipt-malformed`, `envelope-malformed`
 */
export function parseReceipt(receipt: unknown): Receipt {
  const { kind, envelope, log, ...rest } = members(snapshot(receipt), 'is not an object');
  if (kind !== RECEIPT_KIND) throw malformed(`is not of the kind \`${RECEIPT_KIND}\``);
  if (Object.keys(rest).length > 0) throw malformed('has members that a receipt does not have');
  const { origin, index, checkpoint, inclusion, ...more } = members(log, 'has no log');
  if (Object.keys(more).length > 0) throw malformed('has members in `log` that a receipt does not have');
  if (typeof origin !== 'string' || typeof checkpoint !== 'string') throw malformed('has no origin or no checkpoint');
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) throw malformed('has no proper index');
  if (!Array.isArray(inclusion) || inclusion.length > MAX_PROOF_HASHES)
    throw malformed('has no proper inclusion proof');
  const proof = inclusion.map((hash: unknown) => {
    if (typeof hash !== 'string') throw malformed('has a hash in its inclusion proof that is not text');
    return hash;
  });
  return { kind, envelope: parseEnvelope(envelope), log: { origin, index, checkpoint, inclusion: proof } };
}

function snapshot(receipt: unknown): unknown {
  try {
    return JSON.parse(canonicalize(receipt));
  } catch (error) {
    // The value itself threw anything else, in a getter or a proxy.
    throw malformed(isCanonicalError(error) ? `is not JSON: ${error.message}` : 'cannot be read', error);
  }
}

function members(value: unknown, otherwise: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(otherwise);
  return value as Record<string, unknown>;
}

function malformed(why: string, cause?: unknown): EvidenceError {
  return new EvidenceError('receipt-malformed', `the receipt ${why}`, cause);
}

function trustedJwk(value: unknown): PublicJwk {
  const key = readPublicJwk(value);
  if (key !== null) return key;
  throw new EvidenceError('record-key-malformed', 'a record key that you gave is not an Ed25519 or P-256 JWK');
}

function noteVerifier(verify: VerifySignature): VerifyEd25519 {
  return (key, message, signature) =>
    isSignedBy(verify, publicJwk({ crv: 'Ed25519', x: toBase64Url(key) }), message, signature);
}
