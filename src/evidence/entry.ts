/** One entry of a log, by itself. */
import { equalBytes, fromUtf8 } from '../canonical/index.ts';
import type { RecordPayload } from '../contract/index.ts';
import { EvidenceError, reading } from '../ledger/index.ts';
import {
  decodeRecord,
  envelopeBytes,
  openEnvelope,
  parseEnvelope,
  recordHash,
  nobleVerify,
  type PublicJwk,
  type VerifySignature,
} from '../sealing/index.ts';

export interface ReadEntry {
  record: RecordPayload;
  /** `sha256:…` of the record. */
  hash: string;
  /** Thumbprint of the key that signed it. */
  keyid: string;
}

/** Reads and verifies an entry; see {@link entryReader}. */
export type EntryReader = (entry: Uint8Array) => Promise<ReadEntry>;

/**
 * Reads entries under the record keys that the list has at the time: canonical envelope, signature, canonical record.
 * The reader throws EvidenceError with the exact reason, and nothing else.
 */
export function entryReader(keys: readonly PublicJwk[], verify: VerifySignature = nobleVerify): EntryReader {
  return async (entry) => {
    const text = reading('envelope-malformed', 'the entry', () => fromUtf8(entry));
    const envelope = parseEnvelope(reading('envelope-malformed', 'the entry', () => JSON.parse(text) as unknown));
    const bytes = reading('envelope-malformed', 'the entry', () => envelopeBytes(envelope));
    if (!equalBytes(bytes, entry)) {
      throw new EvidenceError('envelope-malformed', 'the entry is not its envelope in canonical form (RFC 8785)');
    }
    const { payload, key } = await openEnvelope(envelope, keys, verify);
    return { record: decodeRecord(payload), hash: recordHash(payload), keyid: key.kid };
  };
}
