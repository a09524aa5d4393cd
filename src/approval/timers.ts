/**
 * Timers. Each takes effect at the time it was due, in order, however late the clock looks: one late look leads to the same state as many
 * punctual ones. At or after the expiry, only the expiry takes effect.
 */
import { askable, at as stageAt, current, isExcluded, missing, withStage, wordOf } from './people.ts';
import type { ApprovalEffect, ApprovalState, EscalationCause, Step } from './types.ts';

const FIVE_MINUTES = 5 * 60 * 1000;

/**
 * When to warn of an expiry: when a fifth of the wait is left, five minutes at the least, but not in the first half of the wait.
 * `from` is when the wait began, or was extended last.
 */
export function warningTime(from: number, expiresAt: number): number {
  const wait = Math.max(0, expiresAt - from);
  return expiresAt - Math.min(Math.max(Math.floor(wait / 5), FIVE_MINUTES), Math.floor(wait / 2));
}

interface Timer {
  kind: 'remind' | 'escalate' | 'warn' | 'expire';
  at: number;
}

/** The next timer. Of two that are due at the same time, the first in this order. */
function nextTimer(state: ApprovalState): Timer {
  const { stage } = current(state);
  let next: Timer = { kind: 'expire', at: state.expiresAt };
  const consider = (kind: Timer['kind'], time: number | null): void => {
    if (time !== null && time < next.at) next = { kind, at: time };
  };
  consider('remind', stage.remindAt);
  consider('escalate', stage.escalation?.at ?? null);
  consider('warn', state.warned ? null : state.warnAt);
  return next;
}

/** Milliseconds since the epoch at which a `tick` has something to do; null when it is closed. May lie in the past. */
export function nextWake(state: ApprovalState): number | null {
  return state.status === 'open' ? nextTimer(state).at : null;
}

/** Does everything that is due by `now`. */
export function settle(state: ApprovalState, now: number): Step {
  const effects: ApprovalEffect[] = [];
  let present = state;
  while (present.status === 'open') {
    const timer = nextTimer(present);
    if (timer.at > now) break;
    const step = fire(present, timer);
    present = step.state;
    effects.push(...step.effects);
  }
  return { state: present, effects };
}

function fire(state: ApprovalState, timer: Timer): Step {
  const { index } = current(state);
  const { expiresAt } = state;
  switch (timer.kind) {
    case 'remind': {
      const people = askable(state, index);
      return {
        state: withStage(state, index, { remindAt: null, reminded: true }),
        effects: people.length === 0 ? [] : [{ type: 'remind', stage: index, people, expiresAt }],
      };
    }
    case 'warn':
      return {
        state: { ...state, warned: true },
        effects: [{ type: 'warn', stage: index, people: askable(state, index), expiresAt }],
      };
    case 'escalate':
      return escalate(state, timer.at);
    case 'expire':
      return close(state, 'expired', null, expiresAt);
  }
}

/** Asks more people; those asked before stay asked. People who are excluded or have decided are not added; the effect names them. */
function escalate(state: ApprovalState, at: number): Step {
  const { index, stage, plan } = current(state);
  const because = stage.escalation?.because ?? 'time';
  const { refs, approvers } = plan.escalate ?? { refs: [], approvers: [] };
  const further = approvers.filter((person) => !stage.approvers.includes(person));
  const unable = further.filter((person) => isExcluded(state, person) || wordOf(state, index, person) !== null);
  const people = further.filter((person) => !unable.includes(person));
  const escalation = { stage: index, people, refs, because, unable };
  const added = withStage(state, index, {
    approvers: [...stage.approvers, ...people],
    escalation: null,
    escalated: true,
  });
  const noted: ApprovalState = { ...added, history: [...state.history, { at, type: 'escalated', ...escalation }] };
  const rest = takeStock(noted, at);
  return { state: rest.state, effects: [{ type: 'escalate', ...escalation }, ...rest.effects] };
}

/** Brings a pending escalation forward to now. */
export function hurry(state: ApprovalState, because: EscalationCause, at: number): ApprovalState {
  const { index, stage } = current(state);
  if (stage.escalation === null || stage.escalation.at <= at) return state;
  return withStage(state, index, { escalation: { at, because } });
}

/**
 * Checks whether the remaining people can still reach the quorum. If not, more are asked immediately, or an effect says that nobody is
 * left.
 */
export function takeStock(state: ApprovalState, at: number): Step {
  const { index, stage } = current(state);
  const lacking = missing(state, index);
  if (lacking === 0 || stage.short) return { state, effects: [] };
  if (stage.escalation !== null) return { state: hurry(state, 'too-few', at), effects: [] };
  return {
    state: withStage(state, index, { short: true }),
    effects: [{ type: 'short', stage: index, missing: lacking }],
  };
}

/** Opens a stage: its clock starts, and it does not wait for people who are known to be out of reach. */
export function openStage(state: ApprovalState, index: number, at: number): Step {
  const { stage, plan } = stageAt(state, index);
  const opened = withStage(state, index, {
    openedAt: at,
    remindAt: plan.remindMs === null ? null : at + plan.remindMs,
    escalation: plan.escalate === null ? null : { at: at + plan.escalate.afterMs, because: 'time' },
  });
  const history: ApprovalState['history'] = [...state.history, { at, type: 'stage-opened', stage: index }];
  const entered: ApprovalState = { ...opened, stage: index, returned: null, history };
  const gone = stage.approvers.some((person) => state.unreachable.includes(person));
  const stock = takeStock(gone ? hurry(entered, 'unreachable', at) : entered, at);
  return { state: stock.state, effects: [{ type: 'stage-opened', stage: index }, ...stock.effects] };
}

export function close(
  state: ApprovalState,
  status: Exclude<ApprovalState['status'], 'open'>,
  by: string | null,
  at: number,
): Step {
  const stage = state.stage;
  return {
    state: {
      ...state,
      status,
      returned: null,
      history: [...state.history, { at, type: 'closed', stage, status, by }],
    },
    effects: [{ type: 'closed', stage, status, by, at }],
  };
}
