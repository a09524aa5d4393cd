/** Follows the key chain, receipt by receipt, from trusted keys to those that they introduced. */
import { EvidenceError, isEvidenceError } from '../ledger/index.ts';
import { keyChangeOf, type KeyChange } from './key-change.ts';
import { verifyReceipt, type VerifiedReceipt } from './receipt.ts';
import { readPublicJwk, type VerifySignature } from './signer.ts';
import type { Trust } from './trust.ts';

/** What `GET /log/{tenant}/keys.json` and `countersign keys export` give: only what its receipts prove is trusted. */
export const KEY_HISTORY_KIND = 'countersign.keys/v1';

/** The most receipts in a history; more are not read. */
const MAX_RECEIPTS = 10_000;

/** One step that a history proved. */
export interface KeyStep {
  change: KeyChange;
  /** `sha256:…` of the record. */
  recordHash: string;
  index: number;
  at: string;
}

export interface FollowedKeys {
  /** The keys given and all that they introduced, with what was revoked. */
  trust: Trust;
  steps: KeyStep[];
}

/** The receipts of a key history. @throws EvidenceError `key-history-malformed` */
export function receiptsOfHistory(history: unknown): unknown[] {
  const { kind, receipts } =
    typeof history === 'object' && history !== null ? (history as Record<string, unknown>) : {};
  if (kind !== KEY_HISTORY_KIND || !Array.isArray(receipts) || receipts.length > MAX_RECEIPTS) {
    throw new EvidenceError('key-history-malformed', `the key history is not of the kind \`${KEY_HISTORY_KIND}\``);
  }
  return receipts as unknown[];
}

/**
 * Follows a key history from keys that were obtained separately. Each receipt must verify under the keys trusted so far. Receipts from
 * before the given keys are skipped, because these keys cannot vouch for them.
 *
 * @throws EvidenceError the exact reason for which a receipt does not hold, `key-record-malformed` for one that is about something else
 */
export async function followKeys(
  trust: Trust,
  history: unknown,
  options: { verify?: VerifySignature } = {},
): Promise<FollowedKeys> {
  let now = trust;
  const steps: KeyStep[] = [];
  for (const receipt of receiptsOfHistory(history)) {
    const verified = await ofOurTime(receipt, now, options);
    if (verified === null) continue;
    const change = keyChangeOf(verified.record);
    if (change === null)
      throw new EvidenceError('key-record-malformed', 'the key history holds a record that is about no key');
    const { recordHash, index, record } = verified;
    steps.push({ change, recordHash, index, at: record.at });
    now = withChange(now, change);
    if (change.change === 'introduce' && change.use === 'attestation' && change.replaces === '') {
      now = { ...now, attestedFrom: Math.min(index, now.attestedFrom ?? Infinity) };
    }
  }
  return { trust: now, steps };
}

/** Keys after a change that a trusted key signed. */
export function withChange(trust: Trust, change: KeyChange): Trust {
  if (change.change === 'revoke') return { ...trust, revoked: [...(trust.revoked ?? []), change] };
  if (change.use === 'record' && !kidsOf(trust).includes(change.kid)) {
    return { ...trust, recordKeys: [...trust.recordKeys, change.key] };
  }
  if (change.use === 'attestation')
    return { ...trust, attestationKeys: [...(trust.attestationKeys ?? []), change.key] };
  if (change.use === 'log' && typeof change.key === 'string' && !trust.logKeys.includes(change.key)) {
    return { ...trust, logKeys: [...trust.logKeys, change.key] };
  }
  return trust;
}

const kidsOf = (trust: Trust): (string | undefined)[] => trust.recordKeys.map((key) => readPublicJwk(key)?.kid);

async function ofOurTime(
  receipt: unknown,
  trust: Trust,
  options: { verify?: VerifySignature },
): Promise<VerifiedReceipt | null> {
  try {
    return await verifyReceipt(receipt, trust, options);
  } catch (error) {
    if (isEvidenceError(error) && ['note-key-unknown', 'record-key-unknown'].includes(error.reason)) return null;
    throw error;
  }
}
