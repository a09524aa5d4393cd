/** What the sealed records of one action say, as one row of the read model. Pure: the same records give the same row, anywhere. */
import {
  actingChain,
  actingIds,
  type DecisionRecord,
  type RecordPayload,
  type ReleaseRecord,
  type Status,
  type VerdictRecord,
} from '../contract/index.ts';
import { afterDecision, openedBy } from '../engine/approval-of-records.ts';
import { resourceOf, UNDISCLOSED, type Money } from '../export/index.ts';
import type { ActionFact } from '../store/index.ts';

/** A record at its place in the log. */
export interface PlacedRecord {
  index: number;
  record: RecordPayload;
}

/** What happened to an action after its verdict. */
interface Course {
  status: Status;
  decidedAt: string | null;
  redeemedAt: string | null;
  endedAt: string | null;
  reference: string | null;
  release: ReleaseRecord | null;
  decision: DecisionRecord | null;
  expiresAt: string | null;
  reviewDueAt: string | null;
  reviewedAt: string | null;
  delegatedFrom: string | null;
  extended: boolean;
  changed: boolean;
  involved: Set<string>;
}

/**
 * @param records all records of one action that the log holds so far, in their order
 * @param money its amounts after the last of them
 * @returns null for what is no governed action: keys, policies, freezes
 */
export function factOf(records: readonly PlacedRecord[], money: Money | null): ActionFact | null {
  const [first] = records;
  const last = records.at(-1);
  if (first?.record.type !== 'verdict' || last === undefined) return null;
  const verdict = first.record;
  const course = courseOf(verdict, records.slice(1));
  const { decision, release } = course;
  return {
    tenant: verdict.tenant,
    action: verdict.action,
    firstIndex: first.index,
    lastIndex: last.index,
    askedAt: verdict.at,
    decidedAt: course.decidedAt,
    releasedAt: release?.at ?? null,
    redeemedAt: course.redeemedAt,
    endedAt: course.endedAt,
    expiresAt: course.expiresAt,
    reviewDueAt: course.reviewDueAt,
    reviewedAt: course.reviewedAt,
    surface: verdict.surface,
    verb: verdict.verb,
    actor: verdict.actor.id,
    actorType: verdict.actor.type,
    requester: actingChain(verdict.actor).at(-1)?.id ?? verdict.actor.id,
    resource: resourceOf(verdict.disclosed),
    folder: textOrNull(verdict.disclosed['context.folder']),
    decision: verdict.verdict.decision,
    basis: verdict.verdict.basis,
    mode: verdict.verdict.mode,
    policy: verdict.verdict.policy,
    rule: verdict.verdict.rule,
    bundle: verdict.verdict.bundle,
    status: course.status,
    releaseBasis: release?.basis ?? null,
    approver: decision?.by ?? null,
    via: decision?.via ?? null,
    delegatedFrom: course.delegatedFrom,
    extended: course.extended,
    changed: course.changed,
    waitMs: course.decidedAt === null ? null : Date.parse(course.decidedAt) - Date.parse(verdict.at),
    ...amountsOf(money),
    currency: money === null || money.currency === UNDISCLOSED ? null : money.currency,
    reason: decision?.reason ?? null,
    reference: course.reference,
    involved: [...course.involved].sort(),
  };
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const disclosed = (amount: string | null): string | null => (amount === UNDISCLOSED ? null : amount);

function amountsOf(
  money: Money | null,
): Pick<ActionFact, 'amount' | 'amountApproved' | 'amountReleased' | 'amountExecuted' | 'amountUndisclosed'> {
  return {
    amount: disclosed(money?.asked ?? null),
    amountApproved: disclosed(money?.approved ?? null),
    amountReleased: disclosed(money?.released ?? null),
    amountExecuted: disclosed(money?.executed ?? null),
    amountUndisclosed: money !== null && (money.asked === UNDISCLOSED || money.now === UNDISCLOSED),
  };
}

/** A person's word that ends the wait. What the clock or the requester did is no decision. */
const HUMAN: readonly DecisionRecord['decision'][] = ['approve', 'refuse'];

function courseOf(verdict: VerdictRecord, later: readonly PlacedRecord[]): Course {
  let approval = openedBy(verdict);
  const refused = verdict.verdict.decision === 'refuse';
  const course: Course = {
    status: refused ? 'refused' : approval === null ? 'evaluating' : 'supervised',
    decidedAt: null,
    redeemedAt: null,
    reference: null,
    release: null,
    decision: null,
    endedAt: refused ? verdict.at : null,
    expiresAt: approval === null ? null : new Date(approval.expiresAt).toISOString(),
    reviewDueAt: null,
    reviewedAt: null,
    delegatedFrom: null,
    extended: false,
    changed: verdict.verdict.changes !== null,
    involved: new Set(actingIds(verdict.actor)),
  };
  for (const { record } of later) {
    if (record.type === 'decision') {
      // What an approver set may be sealed as a commitment; it does not change who decided what.
      if (approval !== null) approval = afterDecision(approval, record, verdict, null);
      decide(course, record);
      if (approval?.status === 'refused') end(course, 'refused', record.at);
    } else follow(course, record);
  }
  for (const { approvers } of approval?.stages ?? []) for (const person of approvers) course.involved.add(person);
  return course;
}

function end(course: Course, status: Status, at: string): void {
  course.status = status;
  course.endedAt = at;
}

function decide(course: Course, record: DecisionRecord): void {
  if (HUMAN.includes(record.decision)) {
    course.decision = record;
    course.decidedAt = record.at;
    course.delegatedFrom = record.delegation?.from ?? null;
    course.involved.add(record.by);
  }
  if (record.decision === 'extend' && record.until !== null) {
    course.extended = true;
    course.expiresAt = record.until;
  }
  course.changed ||= record.changes !== null;
  if (record.decision === 'expired' || record.decision === 'cancelled') end(course, record.decision, record.at);
}

function follow(course: Course, record: RecordPayload): void {
  switch (record.type) {
    case 'verdict':
      // Judged again when it was to be released, and refused.
      end(course, 'refused', record.at);
      return;
    case 'release':
      course.release = record;
      course.status = 'released';
      course.endedAt = null;
      course.reviewDueAt = record.review?.dueAt ?? null;
      for (const person of record.review?.reviewers ?? []) course.involved.add(person);
      return;
    case 'redemption':
      course.redeemedAt = record.at;
      return;
    case 'outcome':
      course.reference = record.reference;
      end(course, record.status, record.at);
      return;
    case 'reconcile': {
      const { status } = record.body;
      if (status === 'executed' || status === 'failed' || status === 'skipped') end(course, status, record.at);
      return;
    }
    case 'review':
      // The clock says that it is overdue; a person, what it found.
      if (record.by !== null) course.reviewedAt ??= record.at;
      return;
    default:
  }
}
