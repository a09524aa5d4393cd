/** What a scenario is made of, and the short words in which it is written. */
import type {
  ApprovalEffect,
  ApprovalEvent,
  ApprovalState,
  DecideEvent,
  DelegationUse,
} from '../../src/approval/index.ts';
import type { ApprovalPlan, ApprovalStagePlan, ErrorCode, Json } from '../../src/contract/index.ts';

export const REQUESTER = 'user:requester@acme.test';
export const AGENT = 'agent:support-bot';
export const LEAD = 'user:finance-lead@acme.test';
export const CFO = 'user:cfo@acme.test';
export const DUTY = 'user:duty-manager@acme.test';
export const RISK = 'user:risk-officer@acme.test';
export const COMMANDER = 'user:incident-commander@acme.test';
export const AUDITOR = 'user:auditor@acme.test';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/**
 * One story of a supervised override. Declarative, so that the reducer and a real server can be asked the same.
 * Times are milliseconds since the approval was opened, those inside events (`until`) too.
 */
export interface Scenario {
  name: string;
  plan: ApprovalPlan;
  timeline: [atMs: number, event: ApprovalEvent][];
  /** The clock stood still between the events, as in days of downtime; otherwise every timer fires in time. */
  late?: boolean;
  wanted: {
    status: ApprovalState['status'];
    /** Codes of the events that do not count, in order. */
    refusals?: ErrorCode[];
    /** What was told, in order, in the words of {@link told}. */
    effects: string[];
    /** What the permit would be bound to. */
    changes?: Record<string, Json>;
    /** Milliseconds since the opening. */
    expiresAt?: number;
    /** The open stage, or the one in which it closed. */
    stage?: number;
    /** Whether more people were asked, in the stage that is open or was last. */
    escalated?: boolean;
  };
}

const short = (person: string): string => person.replace(/^[a-z]+:/, '').replace(/@.*$/, '');
const list = (people: readonly string[]): string => (people.length === 0 ? 'nobody' : people.map(short).join(','));

/** An effect in a few words: `remind 0 cfo`, `closed approved`. */
export function told(effect: ApprovalEffect): string {
  switch (effect.type) {
    case 'remind':
    case 'warn':
    case 'unreachable':
      return `${effect.type} ${effect.stage} ${list(effect.people)}`;
    case 'escalate': {
      const unable = effect.unable.length === 0 ? '' : `, not ${list(effect.unable)}`;
      return `escalate ${effect.stage} ${list(effect.people)}${unable} (${effect.because})`;
    }
    case 'short':
      return `short ${effect.stage} by ${effect.missing}`;
    case 'stage-opened':
      return `stage-opened ${effect.stage}`;
    case 'decided':
      return `${effect.decision} ${effect.stage} ${short(effect.by)} ${effect.approvals}/${effect.quorum}`;
    case 'returned':
    case 'answered':
    case 'extended':
      return `${effect.type} ${short(effect.by)}`;
    case 'closed':
      return `closed ${effect.status}`;
  }
}

export function stage(patch: Partial<ApprovalStagePlan> = {}): ApprovalStagePlan {
  return {
    name: 'finance',
    quorum: 1,
    refusals: 1,
    refs: ['group:finance'],
    approvers: [CFO, LEAD],
    remindMs: null,
    escalate: null,
    assurance: null,
    ...patch,
  };
}

/** Four hours, four eyes, every door; `stages` as given. */
export function plan(stages: ApprovalStagePlan[], patch: Partial<ApprovalPlan> = {}): ApprovalPlan {
  return {
    stages,
    expiresMs: 4 * HOUR,
    extendUpToMs: null,
    reason: 'optional',
    fourEyes: true,
    excluded: [AGENT, REQUESTER],
    mayChange: [],
    via: ['slack', 'console', 'api', 'cli'],
    ...patch,
  };
}

/** More people after `afterMs`. */
export const to = (afterMs: number, ...approvers: string[]): ApprovalStagePlan['escalate'] => ({
  afterMs,
  refs: approvers,
  approvers,
});

const decide = (
  by: string,
  decision: DecideEvent['decision'],
  reason: string | null,
  patch: Partial<DecideEvent>,
): DecideEvent => ({
  type: 'decide',
  by,
  decision,
  reason,
  changes: null,
  until: null,
  via: 'slack',
  assured: false,
  delegation: null,
  standing: true,
  ...patch,
});

export const approve = (by: string, patch: Partial<DecideEvent> = {}): DecideEvent =>
  decide(by, 'approve', null, patch);
export const refuse = (by: string, patch: Partial<DecideEvent> = {}): DecideEvent =>
  decide(by, 'refuse', 'not covered by the contract', patch);
export const ask = (by: string, patch: Partial<DecideEvent> = {}): DecideEvent =>
  decide(by, 'return', 'which order is this about?', patch);
export const extend = (by: string, until: number, patch: Partial<DecideEvent> = {}): DecideEvent =>
  decide(by, 'extend', null, { until, ...patch });
export const answer = (text = 'order 991'): ApprovalEvent => ({ type: 'answer', by: REQUESTER, text });
export const cancel: ApprovalEvent = { type: 'cancel', by: REQUESTER };
export const unreachable = (...people: string[]): ApprovalEvent => ({ type: 'unreachable', people });
export const tick: ApprovalEvent = { type: 'tick' };
export const under = (from: string): { delegation: DelegationUse } => ({ delegation: { id: 'del_1', from } });

/** A decision with a change of one path, which held `from` in the request as it was asked. */
export const changing = (path: string, from: Json, value: Json): Partial<DecideEvent> => ({
  changes: { [path]: value },
  original: { [path]: from },
});
