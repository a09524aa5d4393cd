/**
 * The supervised override (contract sections 1 and 5): stages, quorum, four eyes, changes, reminders, escalation, expiry.
 *
 * Pure and deterministic: it runs inside Temporal's sandbox, imports nothing at run time but its own files, and takes the time as an
 * argument. A change to it is a change to parked actions. docs/approvals.md says what it means to a person.
 */
export { checkEvent } from './check.ts';
export { approvalView, openApproval } from './open.ts';
export { wordOf } from './people.ts';
export { reduce, waitingFor } from './reduce.ts';
export { nextWake } from './timers.ts';
export type {
  ApprovalDecision,
  ApprovalEffect,
  ApprovalEvent,
  ApprovalRefusal,
  ApprovalState,
  ApprovalStatus,
  DecideEvent,
  DelegationUse,
  EscalationCause,
  HistoryEntry,
  StageState,
  Step,
} from './types.ts';
