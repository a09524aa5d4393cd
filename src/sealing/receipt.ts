/** Receipts: one record, its place in the log, and everything that checks both offline (contract section 6). */
import { fromBase64, toBase64, toBase64Url } from '../canonical/index.ts';
import type { Envelope, Receipt, RecordPayload } from '../contract/index.ts';
import {
  EvidenceError,
  leafHash,
  MAX_PROOF_HASHES,
  openCheckpoint,
  parseVkey,
  reading,
  verifyInclusion,
  type VerifyEd25519,
} from '../ledger/index.ts';
import { envelopeBytes, openEnvelope, parseEnvelope } from './dsse.ts';
import { decodeRecord, recordHash } from './record.ts';
import { nobleVerify, publicJwk, readPublicJwk, type VerifySignature } from './signer.ts';

export const RECEIPT_KIND = 'countersign.receipt/v1';

/** Whom the verifier trusts: the record keys and the log keys, got from somewhere else than the receipt. */
export interface Trust {
  /** JWKs of the tenant's record keys. */
  recordKeys: readonly unknown[];
  /** C2SP vkeys of the log. */
  logKeys: readonly string[];
}

export interface VerifiedReceipt {
  record: RecordPayload;
  recordHash: string;
  /** Position in the log, from 0. */
  index: number;
  /** Entries of the log that the checkpoint covers. */
  size: number;
  origin: string;
  /** The record key that signed. */
  keyid: string;
}

export function makeReceipt(
  envelope: Envelope,
  log: { origin: string; index: number; checkpoint: string; proof: readonly Uint8Array[] },
): Receipt {
  const { origin, index, checkpoint, proof } = log;
  return { kind: RECEIPT_KIND, envelope, log: { origin, index, checkpoint, inclusion: proof.map(toBase64) } };
}

/**
 * Verifies a receipt from anywhere: form → log key and checkpoint → inclusion → envelope → record. Nothing but the arguments is
 * used; every input is treated as an attacker's.
 *
 * @throws EvidenceError with the exact reason; never anything else.
 */
export async function verifyReceipt(
  receipt: unknown,
  trust: Trust,
  options: { verify?: VerifySignature } = {},
): Promise<VerifiedReceipt> {
  const verify = options.verify ?? nobleVerify;
  const { envelope, log } = parseReceipt(receipt);
  const recordKeys = trust.recordKeys.map((key) => {
    const read = readPublicJwk(key);
    if (read === null)
      throw new EvidenceError('record-key-malformed', 'a record key that you gave is not an Ed25519 or P-256 JWK');
    return read;
  });

  const noteVerify: VerifyEd25519 = (key, message, signature) =>
    verify(publicJwk({ crv: 'Ed25519', x: toBase64Url(key) }), message, signature);
  const checkpoint = await openCheckpoint(log.checkpoint, trust.logKeys.map(parseVkey), noteVerify);
  if (checkpoint.origin !== log.origin) {
    throw new EvidenceError('origin-differs', 'the receipt names another log than its checkpoint');
  }

  const proof = log.inclusion.map((hash) =>
    reading('proof-malformed', 'a hash of the inclusion proof', () => fromBase64(hash)),
  );
  const entry = reading('envelope-malformed', 'the envelope', () => envelopeBytes(envelope));
  if (!verifyInclusion(leafHash(entry), log.index, checkpoint.size, proof, checkpoint.root)) {
    throw new EvidenceError(
      'inclusion-wrong',
      'the log does not hold this very envelope at the place that the receipt names',
    );
  }

  const { payload, key } = await openEnvelope(envelope, recordKeys, verify);
  const record = decodeRecord(payload);
  return {
    record,
    recordHash: recordHash(payload),
    index: log.index,
    size: checkpoint.size,
    origin: checkpoint.origin,
    keyid: key.kid,
  };
}

/** Reads the form of a receipt. @throws EvidenceError `receipt-malformed` or `envelope-malformed` */
export function parseReceipt(value: unknown): Receipt {
  const fail = (why: string): never => {
    throw new EvidenceError('receipt-malformed', `the receipt ${why}`);
  };
  const object = (part: unknown, name: string): Record<string, unknown> =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? (part as Record<string, unknown>)
      : fail(`has no ${name}`);
  const { kind, envelope, log, ...rest } = object(value, 'top level');
  if (kind !== RECEIPT_KIND) return fail(`is not of the kind ${RECEIPT_KIND}`);
  if (Object.keys(rest).length > 0) return fail('has members that a receipt does not have');
  const { origin, index, checkpoint, inclusion, ...more } = object(log, 'log');
  if (Object.keys(more).length > 0) return fail('has members in `log` that a receipt does not have');
  if (typeof origin !== 'string' || typeof checkpoint !== 'string') return fail('has no origin or no checkpoint');
  if (typeof index !== 'number' || !Number.isSafeInteger(index) || index < 0) return fail('has no proper index');
  if (
    !Array.isArray(inclusion) ||
    inclusion.length > MAX_PROOF_HASHES ||
    !inclusion.every((hash) => typeof hash === 'string')
  ) {
    return fail('has no proper inclusion proof');
  }
  return { kind: RECEIPT_KIND, envelope: parseEnvelope(envelope), log: { origin, index, checkpoint, inclusion } };
}
