import { z } from 'zod';
import { canonicalBytes, canonicalize, fromUtf8, sha256, toHex } from '../canonical/index.ts';
import { RECORD_TYPES, type RecordPayload } from '../contract/index.ts';
import { EvidenceError, reading } from '../ledger/error.ts';

const hash = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** The head that every record has; what follows depends on its type. */
const headSchema = z.looseObject({
  v: z.literal(1),
  type: z.enum(RECORD_TYPES),
  tenant: z.string().min(1),
  action: z.string().min(1),
  seq: z.int().nonnegative(),
  prev: hash.nullable(),
  at: z.iso.datetime(),
  requestHash: hash.nullable(),
});

export interface EncodedRecord {
  /** Canonical JSON, RFC 8785. */
  payload: Uint8Array;
  /** `sha256:` and the hexadecimal SHA-256 of the payload. */
  hash: string;
}

export function encodeRecord(record: RecordPayload): EncodedRecord {
  const payload = canonicalBytes(record);
  return { payload, hash: recordHash(payload) };
}

export const recordHash = (payload: Uint8Array): string => `sha256:${toHex(sha256(payload))}`;

/**
 * Reads a record, its one right spelling only.
 *
 * @throws EvidenceError `record-malformed`, `record-not-canonical`
 */
export function decodeRecord(payload: Uint8Array): RecordPayload {
  const text = reading('record-malformed', 'the record', () => fromUtf8(payload));
  const value = reading('record-malformed', 'the record', () => JSON.parse(text) as unknown);
  if (reading('record-not-canonical', 'the record', () => canonicalize(value)) !== text) {
    throw new EvidenceError('record-not-canonical', 'the record is not in canonical form (RFC 8785)');
  }
  const parsed = headSchema.safeParse(value);
  if (!parsed.success) {
    throw new EvidenceError(
      'record-malformed',
      `the record has no proper head: ${z.prettifyError(parsed.error).split('\n')[0] ?? ''}`,
    );
  }
  if ((parsed.data.seq === 0) !== (parsed.data.prev === null)) {
    throw new EvidenceError(
      'record-malformed',
      'a record has no predecessor exactly when it is the first of its action',
    );
  }
  return parsed.data as unknown as RecordPayload;
}
