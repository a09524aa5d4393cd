/** The statuses of an action, and what they mean. Free of zod, so that workflows take it into Temporal's sandbox. */

export const STATUSES = [
  'evaluating',
  'supervised',
  'released',
  'executed',
  'failed',
  'skipped',
  'unreported',
  'lapsed',
  'refused',
  'expired',
  'cancelled',
] as const;
export type Status = (typeof STATUSES)[number];

/** What an executor reports. */
export const OUTCOME_STATUSES = ['executed', 'failed', 'skipped'] as const;
export type OutcomeStatus = (typeof OUTCOME_STATUSES)[number];

/** Policy, or a person, has not decided yet. */
const OPEN = ['evaluating', 'supervised'] as const satisfies readonly Status[];

/** Closed without a release. */
const REFUSED = ['refused', 'expired', 'cancelled'] as const satisfies readonly Status[];

/** Released, and ended: somebody said how, or nobody came for it in time. */
const SETTLED = [...OUTCOME_STATUSES, 'lapsed'] as const satisfies readonly Status[];

/** Nothing more can happen but a late report. */
export const CLOSED_STATUSES = [...SETTLED, 'unreported', ...REFUSED] as const satisfies readonly Status[];

/** A workflow still has something to do: to judge, to ask, to wait for a report, or to tell that none came. */
export const UNFINISHED_STATUSES = [...OPEN, 'released', 'unreported'] as const satisfies readonly Status[];

const among = (statuses: readonly Status[]): ((status: Status) => boolean) => {
  const set: ReadonlySet<Status> = new Set(statuses);
  return (status) => set.has(status);
};

/** It waits for policy or for a person. */
export const isOpen = among(OPEN);
/** Policy, a person, the clock or its requester said no. */
export const isRefused = among(REFUSED);
/** Its executor, or an owner, said how it ended, or it lapsed. */
export const isSettled = among(SETTLED);
export const isClosed = among(CLOSED_STATUSES);
export const isUnfinished = among(UNFINISHED_STATUSES);
