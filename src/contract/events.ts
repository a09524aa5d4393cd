/** The events of an action, as webhook receivers see them. */
/** All events, in the order of a life. */
export const EVENTS = [
  'approval.asked',
  'approval.reminder',
  'approval.expiring',
  'approval.escalated',
  'approval.unreachable',
  'approval.short',
  'approval.returned',
  'approval.answered',
  'approval.extended',
  'approval.decided',
  'approval.expired',
  'approval.cancelled',
  'break_glass.released',
  'review.reminder',
  'review.overdue',
  'review.done',
  'action.released',
  'action.refused',
  'action.executed',
  'action.failed',
  'action.skipped',
  'action.unreported',
  'action.lapsed',
] as const;
/** Alerts, which are not about an action but about who may decide. */
export const ALERTS = ['directory.failed', 'person.stopped'] as const;
export type AlertType = (typeof ALERTS)[number];
export type EventType = (typeof EVENTS)[number];
