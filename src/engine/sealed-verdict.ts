/** Policy's changes in their sealed form: like an approver's, a value that policy does not disclose is committed. */
import { canonicalBytes } from '../canonical/index.ts';
import {
  COMMITTED,
  CountersignError,
  type Json,
  type JsonObject,
  type Verdict,
  type VerdictRecord,
} from '../contract/index.ts';
import { commitment, covers, openCommitment, saltFor, saltPath } from '../sealing/index.ts';
import type { KnownPayload } from './approval-of-records.ts';

/** Where a record holds a verdict. Each place has its salts. */
type Place = 'verdict' | 'observed' | 'rejudged';

/** Bytes of one disclosed value; a longer one is committed, so that the envelope fits its log. */
const DISCLOSED_MAX_BYTES = 4096;

/** The verb is in clear in every record. */
const VERB = 'action';

const placeOf = (path: string, place: Place): string => `${path}#${place}`;

/**
 * A verdict in the form that its record seals.
 *
 * @param disclose dotted paths that policy discloses
 * @param seq of the record among its action's
 */
export function sealVerdict(
  verdict: Verdict,
  disclose: readonly string[],
  actionKey: Uint8Array,
  { seq, place = 'verdict' }: { seq: number; place?: Place },
): Verdict {
  if (verdict.changes === null) return verdict;
  const show = (path: string, value: Json): Json => {
    const disclosed = path === VERB || disclose.some((one) => covers(one, path));
    if (disclosed && canonicalBytes(value).length <= DISCLOSED_MAX_BYTES) return value;
    const at = placeOf(path, place);
    return commitment(saltFor(actionKey, saltPath(at, seq)), at, value);
  };
  const changes = Object.entries(verdict.changes).map(([path, value]) => [path, show(path, value)] as const);
  return { ...verdict, changes: Object.fromEntries(changes) };
}

/** The values that {@link sealVerdict} only commits to; null when there are none. They are stored with the payload, and erased with it. */
export function hiddenChanges(verdict: Verdict, sealed: Verdict): JsonObject | null {
  const hidden = Object.entries(verdict.changes ?? {}).filter(([path, value]) => sealed.changes?.[path] !== value);
  return hidden.length === 0 ? null : Object.fromEntries(hidden);
}

/** True where a value of the record may stand for another one. */
export function isHidden({ verdict }: VerdictRecord): boolean {
  return Object.values(verdict.changes ?? {}).some((value) => typeof value === 'string' && COMMITTED.test(value));
}

/**
 * The first record of an action, with the values that policy set. Returned unchanged when the payload was erased.
 *
 * @throws CountersignError `invalid-evidence` when what is stored is not what was sealed
 */
export function openedVerdict(record: VerdictRecord, payload: KnownPayload): VerdictRecord {
  const storedChanges = payload?.changes;
  if (payload === null || storedChanges === undefined || record.verdict.changes === null) return record;
  const open = (path: string, sealed: Json): Json => {
    const value = storedChanges[path];
    if (value === undefined || typeof sealed !== 'string') return sealed;
    const at = placeOf(path, 'verdict');
    if (openCommitment(sealed, saltFor(payload.actionKey, saltPath(at, record.seq)), at, value)) return value;
    throw new CountersignError(
      'invalid-evidence',
      'the stored payload of an action is not what its record commits to; nothing is released',
    );
  };
  const changes = Object.entries(record.verdict.changes).map(([path, value]) => [path, open(path, value)] as const);
  return { ...record, verdict: { ...record.verdict, changes: Object.fromEntries(changes) } };
}
