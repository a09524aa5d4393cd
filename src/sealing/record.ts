/** Records as bytes: their canonical JSON is what is hashed and signed (contract section 6). */
import { z } from 'zod';
import { canonicalBytes, canonicalize, fromUtf8, hashOfBytes } from '../canonical/index.ts';
import type { RecordPayload } from '../contract/index.ts';
import { EvidenceError, reading } from '../ledger/index.ts';
import { recordSchema } from './record-schema.ts';

export interface EncodedRecord {
  /** Canonical JSON, RFC 8785. */
  payload: Uint8Array;
  /** `sha256:` and the hexadecimal SHA-256 of the payload: the record's name everywhere. */
  hash: string;
}

/** Canonical bytes and hash of a record. @throws CanonicalError when it is not JSON */
export function encodeRecord(record: RecordPayload): EncodedRecord {
  const payload = canonicalBytes(record);
  return { payload, hash: recordHash(payload) };
}

export function recordHash(payload: Uint8Array): string {
  return hashOfBytes(payload);
}

/**
 * Reads a record, its canonical spelling only: canonical JSON of a known type with everything that type has.
 *
 * @throws EvidenceError `record-malformed`, `record-not-canonical`
 */
export function decodeRecord(payload: Uint8Array): RecordPayload {
  const text = reading('record-malformed', 'the record', () => fromUtf8(payload));
  const value = reading('record-malformed', 'the record', () => JSON.parse(text) as unknown);
  // This runs before anything walks the value. It also bounds the nesting, and finds duplicate names.
  if (reading('record-not-canonical', 'the record', () => canonicalize(value)) !== text) {
    throw new EvidenceError('record-not-canonical', 'the record is not in canonical form (RFC 8785)');
  }
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success) {
    const problem = z.prettifyError(parsed.error).split('\n').slice(0, 2).join(' ').trim();
    throw new EvidenceError('record-malformed', `the record does not have the form of its type: ${problem}`);
  }
  const record = value as RecordPayload;
  if ((record.seq === 0) !== (record.prev === null)) {
    throw new EvidenceError(
      'record-malformed',
      'a record has no predecessor exactly when it is the first of its action',
    );
  }
  return record;
}
