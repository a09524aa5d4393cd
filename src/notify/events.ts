/** The events of an action, as webhooks report them. They hold nothing that policy does not disclose. */
import { ENGINE_ID } from '../contract/engine-names.ts';
import type { ApprovalEffect } from '../approval/index.ts';
import type { Action, EventType, JsonObject } from '../contract/index.ts';
import type { ActionState } from '../store/action-state.ts';
import type { TellInput } from './types.ts';

export interface ActionEvent {
  type: EventType;
  /** Directory ids of those who are asked by it. */
  people?: string[];
  /** Who did it. */
  by?: string;
  decision?: string;
  reason?: string | null;
  /** RFC 3339: the deadline in the event. */
  until?: string;
}

export type ActionChange = Pick<TellInput, 'effects' | 'review' | 'was'> & { status: Action['status'] };

const iso = (ms: number): string => new Date(ms).toISOString();

/** The events of one change, in order. */
export function eventsOf(state: ActionState, change: ActionChange): ActionEvent[] {
  const events = change.effects.flatMap((effect) => actionEventsOf(effect, state));
  if (change.was === null && state.review !== null) {
    const { reviewers, reason, dueAt, by } = state.review;
    events.push({
      type: 'break_glass.released',
      people: reviewers,
      by: by ?? state.actor.id,
      reason: reason ?? null,
      until: iso(dueAt),
    });
  }
  const ended = change.was === change.status ? undefined : STATUS[change.status];
  if (change.was === 'released' && change.status === 'cancelled') {
    events.push({ type: 'approval.cancelled', by: state.withdrawnBy ?? ENGINE_ID });
  }
  const waits = change.status === 'released' && state.collectUntil != null ? { until: state.collectUntil } : {};
  if (ended !== undefined && !(change.was === null && state.review !== null)) events.push({ type: ended, ...waits });
  if (change.review !== null && state.review !== null) events.push(ofReview(change.review, state.review));
  return events;
}

const STATUS: Partial<Record<Action['status'], EventType>> = {
  released: 'action.released',
  refused: 'action.refused',
  executed: 'action.executed',
  failed: 'action.failed',
  skipped: 'action.skipped',
  unreported: 'action.unreported',
  lapsed: 'action.lapsed',
};

function ofReview(what: NonNullable<TellInput['review']>, review: NonNullable<ActionState['review']>): ActionEvent {
  const { result, reviewers, dueAt } = review;
  if (what === 'reviewed' && result !== null) {
    return { type: 'review.done', by: result.by, decision: result.right ? 'right' : 'wrong', reason: result.reason };
  }
  return { type: what === 'reminder' ? 'review.reminder' : 'review.overdue', people: reviewers, until: iso(dueAt) };
}

function actionEventsOf(effect: ApprovalEffect, state: ActionState): ActionEvent[] {
  const { approval } = state;
  const asked = approval?.stages[effect.stage]?.approvers ?? [];
  const expires = approval === null ? {} : { until: iso(approval.expiresAt) };
  switch (effect.type) {
    case 'stage-opened':
      return [{ type: 'approval.asked', people: asked, ...expires }];
    case 'remind':
      return [{ type: 'approval.reminder', people: effect.people, until: iso(effect.expiresAt) }];
    case 'warn':
      return [{ type: 'approval.expiring', people: effect.people, until: iso(effect.expiresAt) }];
    case 'escalate':
      return [{ type: 'approval.escalated', people: effect.people, reason: effect.because, ...expires }];
    case 'unreachable':
      return [{ type: 'approval.unreachable', people: effect.people, ...expires }];
    case 'short':
      return [{ type: 'approval.short', ...expires }];
    case 'returned':
      return [{ type: 'approval.returned', by: effect.by, reason: effect.question, until: iso(effect.expiresAt) }];
    case 'answered':
      return [{ type: 'approval.answered', by: effect.by, reason: effect.text, until: iso(effect.expiresAt) }];
    case 'extended':
      return [{ type: 'approval.extended', by: effect.by, until: iso(effect.until) }];
    case 'decided': {
      const said = approval?.stages[effect.stage]?.decisions.findLast(({ by }) => by === effect.by);
      return [{ type: 'approval.decided', by: effect.by, decision: effect.decision, reason: said?.reason ?? null }];
    }
    case 'closed':
      if (effect.status === 'expired') return [{ type: 'approval.expired' }];
      return effect.status === 'cancelled' ? [{ type: 'approval.cancelled', by: effect.by ?? ENGINE_ID }] : [];
  }
}

/** Drops undefined members, as JSON does. */
export const asJson = (event: ActionEvent): JsonObject => JSON.parse(JSON.stringify(event)) as JsonObject;

/** The public view of an action: without the permit, and with only the disclosed part of policy's changes. */
export function outward(action: Action, disclosed: JsonObject): JsonObject {
  const { permit: _permit, ...rest } = action;
  const changes = rest.verdict?.changes ?? null;
  const disclosedChanges =
    changes === null
      ? null
      : Object.fromEntries(Object.entries(changes).filter(([path]) => path === 'action' || path in disclosed));
  return JSON.parse(
    JSON.stringify({ ...rest, verdict: rest.verdict === null ? null : { ...rest.verdict, changes: disclosedChanges } }),
  ) as JsonObject;
}
