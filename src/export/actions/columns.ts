/** The columns of an export of actions, in every format: what the screen shows, each with its type. */
import type { ActionSummary } from '../../contract/views/index.ts';

export interface ActionColumn {
  name: string;
  kind: 'text' | 'amount' | 'integer' | 'time' | 'seconds' | 'flag';
  of(row: ExportedAction): string | number | boolean | null;
}

const text = (name: string, of: ActionColumn['of']): ActionColumn => ({ name, kind: 'text', of });
const amount = (name: string, of: ActionColumn['of']): ActionColumn => ({ name, kind: 'amount', of });
const time = (name: string, of: ActionColumn['of']): ActionColumn => ({ name, kind: 'time', of });

/** A row as it is exported: where the log did not verify, each says so. */
export type ExportedAction = ActionSummary & { logWarning?: string };

/** @param warning what is wrong with the log, if anything is; it gets a separate column */
export const actionColumns = (warning: string | null): readonly ActionColumn[] =>
  warning === null ? ACTION_COLUMNS : [text('log_warning', ({ logWarning = null }) => logWarning), ...ACTION_COLUMNS];

export const ACTION_COLUMNS: readonly ActionColumn[] = [
  text('action_id', ({ id }) => id),
  text('status', ({ status }) => status),
  text('release_basis', ({ releaseBasis }) => releaseBasis),
  text('surface', ({ surface }) => surface),
  text('verb', ({ action }) => action),
  text('actor', ({ actor }) => actor),
  text('requester', ({ requester }) => requester),
  text('resource', ({ resource }) => resource),
  text('folder', ({ folder }) => folder),
  text('currency', ({ currency }) => currency),
  amount('asked_amount', ({ amounts }) => amounts.asked),
  amount('approved_amount', ({ amounts }) => amounts.approved),
  amount('released_amount', ({ amounts }) => amounts.released),
  amount('executed_amount', ({ amounts }) => amounts.executed),
  { name: 'amount_undisclosed', kind: 'flag', of: ({ undisclosed }) => undisclosed },
  text('verdict', ({ decision }) => decision),
  text('verdict_basis', ({ basis }) => basis),
  text('mode', ({ mode }) => mode),
  text('policy', ({ policy }) => policy),
  text('rule', ({ rule }) => rule),
  text('approver', ({ approver }) => approver),
  text('via', ({ via }) => via),
  text('decided_for', ({ delegatedFrom }) => delegatedFrom),
  text('reason', ({ reason }) => reason),
  { name: 'changed', kind: 'flag', of: ({ changed }) => changed },
  { name: 'extended', kind: 'flag', of: ({ extended }) => extended },
  time('asked_at', ({ askedAt }) => askedAt),
  time('decided_at', ({ decidedAt }) => decidedAt),
  time('released_at', ({ releasedAt }) => releasedAt),
  time('redeemed_at', ({ redeemedAt }) => redeemedAt),
  time('ended_at', ({ endedAt }) => endedAt),
  { name: 'seconds_to_decide', kind: 'seconds', of: ({ waitMs }) => waitMs },
  text('reference', ({ reference }) => reference),
  text('bundle', ({ bundle }) => bundle),
  { name: 'first_log_entry', kind: 'integer', of: ({ firstIndex }) => firstIndex },
  { name: 'last_log_entry', kind: 'integer', of: ({ lastIndex }) => lastIndex },
];

/** The wall clock of a zone. */
export interface Clock {
  zone: string;
  /** `2026-11-27 08:15:00` */
  textOf(at: string): string;
}

/** @param zone an IANA zone */
export function clockIn(zone: string): Clock {
  if (zone === 'UTC') return { zone, textOf: (at) => new Date(at).toISOString().slice(0, 19).replace('T', ' ') };
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  return {
    zone,
    textOf(at) {
      const part = new Map(format.formatToParts(Date.parse(at)).map(({ type, value }) => [type, value]));
      const of = (name: Intl.DateTimeFormatPartTypes): string => part.get(name) ?? '';
      return `${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')}:${of('second')}`;
    },
  };
}

/** Milliseconds as seconds, exact. */
export function secondsText(ms: number): string {
  const text = (ms / 1000).toFixed(3);
  return text.replace(/\.?0+$/, '');
}
