import type { EvidenceReason } from '../ledger/index.ts';

/** What an audit can find. The codes are stable, because users branch on them. */
export const FINDING_CODES = [
  // The checkpoint, and what it says against what it said before.
  'checkpoint-invalid',
  'earlier-invalid',
  'log-shrank',
  'history-rewritten',
  'root-wrong',
  'log-cut-short',
  // Entries and tiles.
  'entry-altered',
  'entry-missing',
  'entry-extra',
  'entry-moved',
  'entries-rewritten',
  'entries-malformed',
  'entries-missing',
  'tile-altered',
  'tile-malformed',
  'tile-missing',
  // One entry by itself.
  'entry-invalid',
  'tenant-differs',
  // Keys.
  'key-history-wrong',
  'key-revoked',
  'key-wrong',
  // The records of one action.
  'record-missing',
  'record-repeated',
  'prev-wrong',
  'request-differs',
  'surface-differs',
  'out-of-place',
  'verdict-missing',
  'bundle-never-in-force',
  'bundle-not-in-force',
  'plan-missing',
  'plan-differs',
  'plan-order',
  'four-eyes',
  'not-an-approver',
  'stage-wrong',
  'voted-twice',
  'door-closed',
  'passkey-missing',
  'passkey-wrong',
  'passkey-unknown',
  'passkey-revoked',
  'passkey-counter',
  'not-attested',
  'attestation-wrong',
  'delegation-unknown',
  'delegation-wrong',
  'grant-wrong',
  'reason-missing',
  'change-not-allowed',
  'extended-too-far',
  'quorum-missing',
  'released-against-verdict',
  'released-twice',
  'released-while-frozen',
  'basis-wrong',
  'permit-differs',
  'redemption-missing',
  'redemption-wrong',
  'redeemed-twice',
  'ended-early',
  'release-missing',
  'outcome-repeated',
  'after-end',
  'erased-open',
  'review-wrong',
  'activation-wrong',
  'right-malformed',
  // Rows of the database that are not what the records say.
  'row-inserted',
  'row-altered',
  'row-removed',
] as const;
export type FindingCode = (typeof FINDING_CODES)[number];

/** One thing that is wrong, where, and in words. */
export interface Finding {
  code: FindingCode;
  /** One sentence: what is wrong. */
  message: string;
  /** Position in the log, from 0, where it concerns one entry. */
  index: number | null;
  /** The last position, where it concerns several entries in a row. */
  to?: number;
  action: string | null;
  /** `tile/…` or `checkpoint`, where it concerns one file. */
  file: string | null;
  /** Why an entry does not hold by itself. */
  reason?: EvidenceReason;
}

/** What is wrong with one record among its action's. */
export interface Defect {
  code: FindingCode;
  message: string;
  /** Why something in it does not hold by itself. */
  reason?: EvidenceReason;
}
