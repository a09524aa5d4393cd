import { CountersignError } from '../contract/index.ts';

/**
 * Why evidence does not hold, or cannot be read. Stable: `verify`, `audit` and their users branch on it.
 * `…-malformed` is a form that nobody may trust; the others are well formed and wrong.
 */
export const EVIDENCE_REASONS = [
  'receipt-malformed',
  'note-malformed',
  'note-key-malformed',
  'note-key-unknown',
  'note-signature-wrong',
  'checkpoint-malformed',
  'origin-differs',
  'proof-malformed',
  'inclusion-wrong',
  'consistency-wrong',
  'tile-malformed',
  'entries-malformed',
  'frontier-malformed',
  'envelope-malformed',
  'envelope-too-large',
  'payload-type-unknown',
  'record-key-unknown',
  'record-key-malformed',
  'record-signature-wrong',
  'record-key-revoked',
  'log-key-revoked',
  'key-record-malformed',
  'key-history-malformed',
  'record-malformed',
  'record-not-canonical',
  'commitment-wrong',
  'commitment-missing',
  'opening-malformed',
  'attestation-malformed',
  'attestation-key-unknown',
  'attestation-signature-wrong',
  'passkey-malformed',
  'passkey-enrolment-differs',
  'passkey-person-differs',
  'passkey-challenge-differs',
  'passkey-origin-differs',
  'passkey-rp-differs',
  'passkey-not-verified',
  'passkey-signature-wrong',
] as const;
export type EvidenceReason = (typeof EVIDENCE_REASONS)[number];

/**
 * Evidence that does not hold: a {@link CountersignError} with code `invalid-evidence` and the exact reason, which is also in
 * `extensions.reason`, for the problem document.
 */
export class EvidenceError extends CountersignError {
  readonly reason: EvidenceReason;

  constructor(reason: EvidenceReason, message: string, cause?: unknown) {
    super('invalid-evidence', message, { cause, extensions: { reason } });
    this.reason = reason;
  }
}

/** True for an {@link EvidenceError}, also one that crossed a bundle or realm boundary. */
export function isEvidenceError(value: unknown): value is EvidenceError {
  return value instanceof Error && value.name === 'CountersignError' && 'reason' in value;
}

/** Runs one of our decoders and turns its error into an EvidenceError with this reason. */
export function reading<T>(reason: EvidenceReason, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof EvidenceError) throw error;
    throw new EvidenceError(
      reason,
      `${what} cannot be read: ${error instanceof Error ? error.message : 'unknown'}`,
      error,
    );
  }
}
