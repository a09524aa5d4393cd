/** Everything that people are shown of a plan in one message. Types only: the pure renderer reads them too. */
import type { EffectKind } from '../contract/index.ts';
import type { ApprovalMessage } from './approval-message.ts';

/** One step, shown like any action. */
export interface PlanMessageStep {
  /** From 0. */
  index: number;
  message: ApprovalMessage;
  /** What policy approved, and what waits for its turn. */
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
  /** The worst of its steps; null where policy does not say. */
  effect: EffectKind | null;
  steps: PlanMessageStep[];
  /** Whether steps wait for people. */
  ask: 'decision' | null;
  /** Of those that wait, the first to run out, seconds since the epoch. */
  expiresAt: number | null;
  responsibility: string;
  consoleUrl: string | null;
  audience: ApprovalMessage['audience'];
}
