/** Recounts a supervised override from its sealed records through the reducer, whatever a workflow or a row says. */
import { ENGINE_VIA } from '../contract/engine-names.ts';
import {
  presenceIn,
  type ActionRequest,
  type DecisionRecord,
  type Json,
  type RecordPayload,
  type VerdictRecord,
} from '../contract/index.ts';
import {
  openApproval,
  reduce,
  type ApprovalEffect,
  type ApprovalEvent,
  type ApprovalState,
  type Step,
} from '../approval/index.ts';
import { hashOf } from '../canonical/index.ts';
import { readPath } from '../policy/index.ts';
import type { Payload } from '../store/action-state.ts';
import { sealedChanges } from './sealed-changes.ts';

/** The request and approvers' changes; null when erased. */
export type KnownPayload = (Payload & { actionKey: Uint8Array }) | null;

/** The override that a verdict opened, or null where it asked nobody. */
export function openedBy({ verdict, plan, facts }: VerdictRecord): ApprovalState | null {
  return verdict.decision === 'supervise' && plan !== null ? openApproval(plan, Date.parse(facts.now)) : null;
}

/** The override after a sealed decision. If the reducer refuses it, only the timers change the state. */
export const afterDecision = (...decided: Parameters<typeof stepOf>): ApprovalState => stepOf(...decided).state;

/** The effects of the decision at `index` of an action's records; empty when that record is no decision. */
export function effectsOfDecision(
  records: readonly RecordPayload[],
  index: number,
  verdict: VerdictRecord,
  payload: KnownPayload,
): ApprovalEffect[] {
  let state = openedBy(verdict);
  for (const [i, record] of records.entries()) {
    if (state === null || record.type !== 'decision') continue;
    const step = stepOf(state, record, verdict, payload);
    if (i === index) return step.effects;
    state = step.state;
  }
  return [];
}

function stepOf(state: ApprovalState, record: DecisionRecord, verdict: VerdictRecord, payload: KnownPayload): Step {
  const now = Date.parse(record.at);
  const due = reduce(state, { type: 'tick' }, now);
  const event = decidedEventOf(due.state, record, verdict, payload);
  if (event === null) return due;
  const { state: next, effects } = reduce(due.state, event, now);
  return { state: next, effects: [...due.effects, ...effects] };
}

function decidedEventOf(
  state: ApprovalState,
  record: DecisionRecord,
  verdict: VerdictRecord,
  payload: KnownPayload,
): ApprovalEvent | null {
  const { by, reason, decision } = record;
  switch (decision) {
    case 'expired':
      return null;
    case 'cancelled':
      return { type: 'cancel', by };
    case 'answered':
      return { type: 'answer', by, text: reason ?? '' };
    case 'escalated': {
      const stage = state.stages[record.stage];
      if (stage === undefined || stage.escalated) return null;
      // Escalated early, because an awaited approver could not be told. Records of version 1 do not say who.
      return { type: 'unreachable', people: record.unreachable ?? stage.approvers };
    }
    case 'approve':
    case 'refuse':
    case 'return':
    case 'extend': {
      const changes = changesOf(record, verdict, payload);
      return {
        type: 'decide',
        by,
        decision,
        stage: record.stage,
        reason,
        changes,
        original: originalOf(payload?.request ?? null, changes),
        until: record.until === null ? null : Date.parse(record.until),
        via: record.via === ENGINE_VIA ? 'api' : record.via,
        presence: presenceIn(record) ?? 'token',
        assured: record.assurance !== null,
        delegation: record.delegation,
        standing: true,
      };
    }
  }
}

/** The original values of the changed paths. */
export function originalOf(request: ActionRequest | null, changes: Record<string, Json> | null): Record<string, Json> {
  const paths = request === null ? [] : Object.keys(changes ?? {});
  return Object.fromEntries(paths.map((path) => [path, (readPath(request as ActionRequest, path) ?? null) as Json]));
}

/** The values that an approver set. Stored values count only if the record commits to exactly them. */
function changesOf(record: DecisionRecord, verdict: VerdictRecord, payload: KnownPayload): Record<string, Json> | null {
  if (record.changes === null) return null;
  // The action is erased, and so closed. Its changes no longer matter, but each decision still counts.
  if (payload === null) return null;
  const stored = (payload.decided?.[record.seq] ?? null) as Record<string, Json> | null;
  const made = sealedChanges(verdict.disclosed, payload.request, stored, payload.actionKey, record.seq);
  if (made === null || hashOf(made) !== hashOf(record.changes)) {
    throw new Error('what an approver changed is not what the record of the decision commits to');
  }
  return stored;
}
