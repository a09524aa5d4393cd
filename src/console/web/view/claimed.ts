/** Folds the records of an action into a row of the list, independently of the server, whose fold is being checked. */
import { openApproval } from '../../../approval/open.ts';
import { reduce } from '../../../approval/reduce.ts';
import type { ApprovalEvent, ApprovalState } from '../../../approval/types.ts';
import { actingChain } from '../../../contract/acting.ts';
import { ENGINE_VIA } from '../../../contract/engine-names.ts';
import { presenceIn } from '../../../contract/presence.ts';
import type { DecisionRecord, OtherRecord, RecordPayload, VerdictRecord } from '../../../contract/record.ts';
import { isClosed, type Status } from '../../../contract/status.ts';
import type { ActionSummary } from '../../../contract/views/index.ts';
import { STAGES, UNDISCLOSED, type Money } from '../../../export/money.ts';
import { resourceOf } from '../../../export/values.ts';

/** A record, and its place in the log. */
export interface Placed {
  index: number;
  record: RecordPayload;
}

/** The values of a row that follow from the records after the verdict. */
type Progress = Pick<
  ActionSummary,
  | 'status'
  | 'releaseBasis'
  | 'approver'
  | 'via'
  | 'delegatedFrom'
  | 'extended'
  | 'changed'
  | 'reason'
  | 'reference'
  | 'decidedAt'
  | 'releasedAt'
  | 'redeemedAt'
  | 'endedAt'
  | 'reviewDueAt'
  | 'reviewedAt'
>;

/** @returns null where the first record is no verdict */
export function claimedBy(records: readonly Placed[], money: Money | null): ActionSummary | null {
  const [first] = records;
  const last = records.at(-1);
  if (first?.record.type !== 'verdict' || last === undefined) return null;
  const verdict = first.record;
  const { progress, expiresAt } = progressOf(verdict, records.slice(1));
  const { decision, basis, mode, policy, rule, bundle } = verdict.verdict;
  const folder = verdict.disclosed['context.folder'];
  return {
    ...progress,
    id: verdict.action,
    surface: verdict.surface,
    action: verdict.verb,
    actor: verdict.actor.id,
    requester: actingChain(verdict.actor).at(-1)?.id ?? verdict.actor.id,
    resource: resourceOf(verdict.disclosed),
    folder: typeof folder === 'string' ? folder : null,
    decision,
    basis,
    mode,
    policy,
    rule,
    bundle,
    expiresAt,
    ...amountsOf(money),
    askedAt: verdict.at,
    waitMs: progress.decidedAt === null ? null : Date.parse(progress.decidedAt) - Date.parse(verdict.at),
    firstIndex: first.index,
    lastIndex: last.index,
  };
}

const disclosed = (value: string | null | undefined): string | null =>
  value === undefined || value === UNDISCLOSED ? null : value;

function amountsOf(money: Money | null): Pick<ActionSummary, 'amounts' | 'currency' | 'undisclosed'> {
  const [asked = null, approved = null, released = null, executed = null] = STAGES.map((one) =>
    disclosed(money?.[one]),
  );
  return {
    amounts: { asked, approved, released, executed },
    currency: disclosed(money?.currency),
    undisclosed: money?.asked === UNDISCLOSED || money?.now === UNDISCLOSED,
  };
}

function progressOf(
  verdict: VerdictRecord,
  later: readonly Placed[],
): { progress: Progress; expiresAt: string | null } {
  const { decision, changes } = verdict.verdict;
  let approval =
    decision === 'supervise' && verdict.plan !== null
      ? openApproval(verdict.plan, Date.parse(verdict.facts.now))
      : null;
  const progress: Progress = {
    status: FIRST_STATUS[decision],
    endedAt: decision === 'refuse' ? verdict.at : null,
    changed: changes !== null,
    extended: false,
    approver: null,
    via: null,
    reason: null,
    delegatedFrom: null,
    releaseBasis: null,
    reference: null,
    decidedAt: null,
    releasedAt: null,
    redeemedAt: null,
    reviewDueAt: null,
    reviewedAt: null,
  };
  for (const { record } of later) {
    const before = progress.status;
    if (record.type === 'decision' && approval !== null) approval = afterDecision(approval, record);
    follow(progress, record, approval);
    if (progress.status !== before) progress.endedAt = isClosed(progress.status) ? record.at : null;
  }
  return { progress, expiresAt: approval === null ? null : new Date(approval.expiresAt).toISOString() };
}

const FIRST_STATUS = {
  refuse: 'refused',
  supervise: 'supervised',
  approve: 'evaluating',
  constrain: 'evaluating',
} as const;

function follow(progress: Progress, record: RecordPayload, approval: ApprovalState | null): void {
  switch (record.type) {
    case 'verdict':
      progress.status = 'refused';
      return;
    case 'decision':
      decided(progress, record, approval);
      return;
    case 'release':
      progress.status = 'released';
      progress.releaseBasis = record.basis;
      progress.releasedAt = record.at;
      progress.redeemedAt = null;
      progress.reviewDueAt = record.review?.dueAt ?? null;
      return;
    case 'redemption':
      progress.redeemedAt = record.offline?.at ?? record.at;
      return;
    case 'outcome':
      progress.status = record.status;
      progress.reference = record.reference;
      return;
    default:
      other(progress, record);
  }
}

function decided(progress: Progress, record: DecisionRecord, approval: ApprovalState | null): void {
  const { decision } = record;
  if (decision === 'approve' || decision === 'refuse') {
    progress.approver = record.by;
    progress.via = record.via;
    progress.reason = record.reason;
    progress.decidedAt = record.at;
    progress.delegatedFrom = record.delegation?.from ?? null;
  }
  progress.extended ||= decision === 'extend';
  progress.changed ||= record.changes !== null;
  if (decision === 'expired' || decision === 'cancelled') progress.status = decision;
  else if (approval?.status === 'refused') progress.status = 'refused';
}

function other(progress: Progress, { type, body, by, at }: OtherRecord): void {
  // The clock seals that a review is overdue, a person what it found.
  if (type === 'review' && by !== null) progress.reviewedAt ??= at;
  if (type === 'reconcile') progress.status = settledAs(body['status']);
}

const settledAs = (status: unknown): Status =>
  status === 'executed' || status === 'failed' || status === 'skipped' ? status : 'unreported';

/** Counts a sealed decision like the engine, without the values that an approver set. */
function afterDecision(state: ApprovalState, record: DecisionRecord): ApprovalState {
  const now = Date.parse(record.at);
  const due = reduce(state, { type: 'tick' }, now).state;
  const event = eventOf(due, record);
  return event === null ? due : reduce(due, event, now).state;
}

function eventOf(state: ApprovalState, record: DecisionRecord): ApprovalEvent | null {
  const { by, decision, stage, reason, until, via, assurance, delegation, unreachable } = record;
  if (decision === 'expired') return null;
  if (decision === 'cancelled') return { type: 'cancel', by };
  if (decision === 'answered') return { type: 'answer', by, text: reason ?? '' };
  if (decision === 'escalated') {
    const asked = state.stages[stage];
    const people = unreachable ?? asked?.approvers ?? [];
    return asked === undefined || asked.escalated ? null : { type: 'unreachable', people };
  }
  return {
    type: 'decide',
    by,
    stage,
    decision,
    reason,
    delegation,
    changes: null,
    original: {},
    until: until === null ? null : Date.parse(until),
    via: via === ENGINE_VIA ? 'api' : via,
    presence: presenceIn(record) ?? 'token',
    assured: assurance !== null,
    standing: true,
  };
}
