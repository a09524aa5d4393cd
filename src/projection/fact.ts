/** What the sealed records of one action say, as one row of the read model. Pure: the same records give the same row, anywhere. */
import {
  actingChain,
  actingIds,
  type DecisionRecord,
  type RecordPayload,
  type VerdictRecord,
} from '../contract/index.ts';
import type { ApprovalState, StageState } from '../approval/index.ts';
import { isClosed } from '../contract/status.ts';
import { beginFold, follow, type FoldedRecords } from '../engine/life.ts';
import { resourceOf, UNDISCLOSED, type Money } from '../export/index.ts';
import type { ActionFact } from '../store/index.ts';

/** A record at its place in the log. */
export interface PlacedRecord {
  index: number;
  record: RecordPayload;
}

/** The values of a row beside the action's status. */
interface History {
  decidedAt: string | null;
  endedAt: string | null;
  reviewDueAt: string | null;
  reviewedAt: string | null;
  reference: string | null;
  decision: DecisionRecord | null;
  delegatedFrom: string | null;
  extended: boolean;
  changed: boolean;
  involved: Set<string>;
}

/**
 * @param records all records of one action that the log holds so far, in their order
 * @param money its amounts after the last of them
 * @returns null for a chain that is not a governed action: keys, policies, freezes; and for a drill that is over
 */
export function factOf(records: readonly PlacedRecord[], money: Money | null): ActionFact | null {
  const [first] = records;
  const last = records.at(-1);
  if (first?.record.type !== 'verdict' || last === undefined) return null;
  if (records.some(({ record }) => record.type === 'drill')) return null;
  const verdict = first.record;
  const { history, folded } = historyOf(verdict, records.slice(1));
  const { approval, release, status, redeemedAt } = folded;
  const { decision } = history;
  return {
    tenant: verdict.tenant,
    action: verdict.action,
    firstIndex: first.index,
    lastIndex: last.index,
    askedAt: verdict.at,
    decidedAt: history.decidedAt,
    releasedAt: release?.at ?? null,
    redeemedAt: redeemedAt ?? null,
    endedAt: history.endedAt,
    expiresAt: approval === null ? null : new Date(approval.expiresAt).toISOString(),
    reviewDueAt: history.reviewDueAt,
    reviewedAt: history.reviewedAt,
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
    status,
    releaseBasis: release?.basis ?? null,
    approver: decision?.by ?? null,
    via: decision?.via ?? null,
    delegatedFrom: history.delegatedFrom,
    extended: history.extended,
    changed: history.changed,
    waitMs: history.decidedAt === null ? null : Date.parse(history.decidedAt) - Date.parse(verdict.at),
    ...amountsOf(money),
    currency: money === null || money.currency === UNDISCLOSED ? null : money.currency,
    reason: decision?.reason ?? null,
    reference: history.reference,
    involved: [...history.involved].sort(),
    awaited: openStage(approval)?.approvers.toSorted() ?? [],
    returned: approval?.status === 'open' && approval.returned !== null,
  };
}

const openStage = (approval: ApprovalState | null): StageState | null =>
  approval?.status === 'open' ? (approval.stages[approval.stage] ?? null) : null;

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

/** A person's decision that ends the wait. The clock and the requester do not decide. */
const HUMAN: readonly DecisionRecord['decision'][] = ['approve', 'refuse'];

function historyOf(
  verdict: VerdictRecord,
  later: readonly PlacedRecord[],
): { history: History; folded: FoldedRecords } {
  const folded = beginFold(verdict);
  const history: History = {
    decidedAt: null,
    endedAt: isClosed(folded.status) ? verdict.at : null,
    reviewDueAt: null,
    reviewedAt: null,
    reference: null,
    decision: null,
    delegatedFrom: null,
    extended: false,
    changed: verdict.verdict.changes !== null,
    involved: new Set(actingIds(verdict.actor)),
  };
  for (const { record } of later) {
    const { status } = folded;
    // What an approver set may be sealed as a commitment; it does not change who decided what.
    follow(folded, record, verdict, null);
    if (folded.status !== status) history.endedAt = isClosed(folded.status) ? record.at : null;
    note(history, record);
  }
  for (const { approvers } of folded.approval?.stages ?? []) {
    for (const person of approvers) history.involved.add(person);
  }
  return { history, folded };
}

function note(history: History, record: RecordPayload): void {
  switch (record.type) {
    case 'decision':
      if (HUMAN.includes(record.decision)) {
        history.decision = record;
        history.decidedAt = record.at;
        history.delegatedFrom = record.delegation?.from ?? null;
        history.involved.add(record.by);
      }
      history.extended ||= record.decision === 'extend';
      history.changed ||= record.changes !== null;
      return;
    case 'release':
      history.reviewDueAt = record.review?.dueAt ?? null;
      for (const person of record.review?.reviewers ?? []) history.involved.add(person);
      return;
    case 'outcome':
      history.reference = record.reference;
      return;
    case 'review':
      // The clock seals that it is overdue, a person what the review found.
      if (record.by !== null) history.reviewedAt ??= record.at;
      return;
    default:
  }
}
