/** The supervised override as a reducer: `(state, event, now) → state`, and the effects to announce. */
import { checkEvent } from './check.ts';
import { askable, countOf, current, stillAble, withStage } from './people.ts';
import { close, hurry, openStage, settle, takeStock, warningTime } from './timers.ts';
import type { ApprovalEffect, ApprovalEvent, ApprovalState, DecideEvent, Step } from './types.ts';

/**
 * Applies `event` to `state` at `now` (milliseconds since the epoch). First it does everything that is due by then, the expiry included.
 * Then it applies the event, unless {@link checkEvent} refuses it. It never changes its arguments.
 */
export function reduce(state: ApprovalState, event: ApprovalEvent, now: number): Step {
  const due = settle(state, now);
  if (due.state.status !== 'open' || checkEvent(due.state, event, now) !== null) return worthTelling(due);
  const step = apply(due.state, event, now);
  const after = settle(step.state, now);
  return worthTelling({ state: after.state, effects: [...due.effects, ...step.effects, ...after.effects] });
}

/** Drops requests for a decision that is no longer open, and warnings of an expiry that has changed. */
function worthTelling({ state, effects }: Step): Step {
  const holds = (effect: ApprovalEffect): boolean => {
    switch (effect.type) {
      case 'remind':
      case 'warn':
        return state.status === 'open' && effect.stage === state.stage && effect.expiresAt === state.expiresAt;
      case 'escalate':
      case 'unreachable':
      case 'short':
        return state.status === 'open' && effect.stage === state.stage;
      default:
        return true;
    }
  };
  return { state, effects: effects.filter(holds) };
}

function apply(state: ApprovalState, event: ApprovalEvent, now: number): Step {
  switch (event.type) {
    case 'tick':
      return { state, effects: [] };
    case 'unreachable':
      return outOfReach(state, event.people, now);
    case 'cancel':
      return close(state, 'cancelled', event.by, now);
    case 'answer': {
      const { by, text } = event;
      const { stage, expiresAt, history } = state;
      return {
        state: { ...state, returned: null, history: [...history, { at: now, type: 'answered', stage, by, text }] },
        effects: [{ type: 'answered', stage, by, text, expiresAt }],
      };
    }
    case 'decide':
      return decide(noted(state, event, now), event, now);
  }
}

/** Records who cannot be told, and asks more people immediately if the stage waits for one of them. */
function outOfReach(state: ApprovalState, people: readonly string[], now: number): Step {
  const concerns = (person: string): boolean =>
    state.plan.stages.some(
      ({ approvers, escalate }, index) =>
        index >= state.stage && (approvers.includes(person) || escalate?.approvers.includes(person) === true),
    );
  const fresh = [...new Set(people)].filter((person) => concerns(person) && !state.unreachable.includes(person));
  if (fresh.length === 0) return { state, effects: [] };
  const stage = state.stage;
  const waitedFor = stillAble(state, stage).filter((person) => fresh.includes(person));
  const known: ApprovalState = {
    ...state,
    unreachable: [...state.unreachable, ...fresh],
    history: [...state.history, { at: now, type: 'unreachable', stage, people: fresh }],
  };
  return {
    state: waitedFor.length === 0 ? known : hurry(known, 'unreachable', now),
    effects: [{ type: 'unreachable', stage, people: fresh }],
  };
}

/** The state with the decision written into its stage, its consequences still to come. */
function noted(state: ApprovalState, event: DecideEvent, now: number): ApprovalState {
  const { by, decision, reason, via, presence, delegation, assured, until } = event;
  const changes = event.changes !== null && Object.keys(event.changes).length > 0 ? event.changes : null;
  const made = {
    by,
    decision,
    reason,
    at: new Date(now).toISOString(),
    via,
    ...(presence === undefined ? {} : { presence }),
    delegation,
    changes,
    until,
    assured,
  };
  const { index, stage } = current(state);
  const next = withStage(state, index, { decisions: [...stage.decisions, made] });
  return changes === null ? next : { ...next, changes: { ...state.changes, ...changes } };
}

function decide(state: ApprovalState, event: DecideEvent, now: number): Step {
  const { by } = event;
  const { stage, expiresAt, history } = state;
  switch (event.decision) {
    case 'return': {
      const question = event.reason ?? '';
      return {
        state: {
          ...state,
          returned: { by, question, at: now },
          history: [...history, { at: now, type: 'returned', stage, by, question }],
        },
        effects: [{ type: 'returned', stage, by, question, expiresAt }],
      };
    }
    case 'extend': {
      const until = event.until ?? expiresAt;
      return {
        state: {
          ...state,
          expiresAt: until,
          warnAt: warningTime(now, until),
          warned: false,
          history: [...history, { at: now, type: 'extended', stage, by, from: expiresAt, until }],
        },
        effects: [{ type: 'extended', stage, by, until }],
      };
    }
    case 'approve':
    case 'refuse':
      return count(state, event, event.decision, now);
  }
}

/** Counts the decisions of the open stage: a refusal ends the override, a quorum opens the next stage or completes it. */
function count(state: ApprovalState, event: DecideEvent, decision: 'approve' | 'refuse', now: number): Step {
  const { index, stage, plan } = current(state);
  const { by, delegation } = event;
  const approvals = countOf(stage, 'approve');
  const decidedEffect: ApprovalEffect = {
    type: 'decided',
    stage: index,
    by,
    decision,
    delegation,
    approvals,
    quorum: plan.quorum,
  };
  const then = (step: Step): Step => ({ state: step.state, effects: [decidedEffect, ...step.effects] });
  if (decision === 'refuse' && countOf(stage, 'refuse') >= plan.refusals) return then(close(state, 'refused', by, now));
  if (decision === 'approve' && approvals >= plan.quorum) {
    const last = index + 1 >= state.stages.length;
    return then(last ? close(state, 'approved', by, now) : openStage(state, index + 1, now));
  }
  return then(takeStock(state, now));
}

/** Who is asked now: approvers of the open stage who have not decided and can be told. Nobody when it is closed. */
export function waitingFor(state: ApprovalState): string[] {
  return state.status === 'open' ? askable(state, state.stage) : [];
}
