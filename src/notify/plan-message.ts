/** Everything that one message shows about a plan. Types only: the pure renderer reads them too. */
import type { EffectKind } from '../contract/index.ts';
import type { ApprovalMessage } from './approval-message.ts';

/** One step, shown like any action. */
export interface PlanMessageStep {
  /** From 0. */
  index: number;
  message: ApprovalMessage;
  /** Steps that policy approved, and steps that wait for their turn. */
  standing: 'open' | 'ready' | 'released' | 'begun' | 'executed' | 'taken-out' | 'failed';
}

export interface PlanMessage {
  tenant: string;
  /** `pln_…` */
  plan: string;
  /** Grows whenever the message changes. */
  revision: number;
  title: string | null;
  order: 'sequence' | 'any';
  onFailure: 'withdraw' | 'continue';
  /** The most severe effect of its steps; null where policy names none. */
  effect: EffectKind | null;
  steps: PlanMessageStep[];
  /** Whether steps wait for people. */
  ask: 'decision' | null;
  /** The first expiry of the waiting steps, seconds since the epoch. */
  expiresAt: number | null;
  responsibility: string;
  consoleUrl: string | null;
  audience: ApprovalMessage['audience'];
}
