import { endsBeforeItBegins, readBound } from '../contract/index.ts';
import type { GatewayDeps } from './deps.ts';

/** Days before `to` where `from` is left out. */
const DAYS = 90;
const DAY_MS = 24 * 3600 * 1000;

/**
 * The period of a report, as instants: the first is included, the second is not.
 *
 * @throws CountersignError `invalid-request` for what is no time, or ends before it begins
 */
export function periodOf(
  { now }: Pick<GatewayDeps, 'now'>,
  { from, to }: { from?: string | undefined; to?: string | undefined },
): { from: string; to: string } {
  const end = to === undefined ? now() : readBound('to', to, 'to');
  const start = from === undefined ? new Date(end.getTime() - DAYS * DAY_MS) : readBound('from', from, 'from');
  if (start >= end) throw endsBeforeItBegins();
  return { from: start.toISOString(), to: end.toISOString() };
}
