/**
 * Deletes rows that nobody needs any more. Records and their proofs are never among them, nor rows that a limit still counts. The window of
 * a limit, and a grant, may have any length, so each reservation stores until when it counts.
 */
import { sql } from 'kysely';
import { CLOSED_STATUSES } from '../contract/index.ts';
import type { Database } from './database.ts';

const DAY_MS = 24 * 3_600_000;

/** How long rows beside an action's records stay once it is closed: permit, judgement under limits, messages. A year, and a month to audit it. */
export const KEPT_MS = 400 * DAY_MS;
/** More than the clocks of two processes ever differ. This long after the end of its window, no process counts a reservation. */
const CLOCKS_MS = DAY_MS;

/**
 * Until when a reservation is kept. That is longer than its own window, so that a policy whose window grows finds the shares of the last
 * {@link KEPT_MS}. An audit does not need it afterwards. @param at when it was taken, @param until when its window is over, in milliseconds
 */
export const reservationStays = ({ at, until }: { at: number; until: number }): number =>
  Math.max(at + KEPT_MS, until + CLOCKS_MS);

/** How long a post in Slack that nobody could look for is kept. Telling people is given up after as long. */
const POSTS_KEPT_MS = 7 * DAY_MS;
/** How long the counts of refused credentials are kept, by address. */
const ADDRESSES_KEPT_MS = 90 * DAY_MS;

/** Rows that were deleted, by table. */
export type Forgotten = Record<
  'permit' | 'limitDecision' | 'limitReservation' | 'slackMessage' | 'attempt' | 'unauthenticated',
  number
>;

export interface ForgetStore {
  /** Deletes up to `limit` rows of each table. */
  forget(now: Date, limit: number): Promise<Forgotten>;
}

export function createForgetStore(db: Database): ForgetStore {
  /** Rows of actions that have been closed for long. */
  const ofClosed = async (
    table: 'permit' | 'limit_decision' | 'slack_message' | 'digest_entry',
    before: Date,
    limit: number,
  ) => {
    const { numAffectedRows = 0n } = await sql`
      delete from ${sql.table(table)} where ctid = any(array(
        select r.ctid from ${sql.table(table)} r join action a on a.tenant = r.tenant and a.id = r.action
        where a.status = any(${[...CLOSED_STATUSES]}) and a.updated_at < ${before} limit ${limit}))`.execute(db);
    return Number(numAffectedRows);
  };
  const older = async (
    table: 'attempt' | 'unauthenticated' | 'slack_post',
    column: 'at' | 'hour',
    before: Date,
    limit: number,
  ) => {
    const { numAffectedRows = 0n } = await sql`
      delete from ${sql.table(table)} where ctid = any(array(
        select ctid from ${sql.table(table)} where ${sql.ref(column)} < ${before} limit ${limit}))`.execute(db);
    return Number(numAffectedRows);
  };
  /** As {@link reservationStays} says; their share of the running totals goes with them, by the database's own trigger. */
  const reservations = async (now: Date, limit: number) => {
    const { numAffectedRows = 0n } = await sql`
      delete from limit_reservation where ctid = any(array(
        select ctid from limit_reservation
        where at < ${new Date(now.getTime() - KEPT_MS)} and until < ${new Date(now.getTime() - CLOCKS_MS)}
        order by at limit ${limit}))`.execute(db);
    return Number(numAffectedRows);
  };
  /** Rows without an action. */
  const emptyDigests = (before: Date, limit: number) =>
    sql`delete from digest where ctid = any(array(
      select d.ctid from digest d where d.at < ${before}
        and not exists (select from digest_entry e where e.tenant = d.tenant and e.digest = d.id) limit ${limit}))`.execute(
      db,
    );
  return {
    async forget(now, limit) {
      const before = new Date(now.getTime() - KEPT_MS);
      await ofClosed('digest_entry', before, limit);
      await emptyDigests(before, limit);
      await older('slack_post', 'at', new Date(now.getTime() - POSTS_KEPT_MS), limit);
      return {
        permit: await ofClosed('permit', before, limit),
        limitDecision: await ofClosed('limit_decision', before, limit),
        limitReservation: await reservations(now, limit),
        slackMessage: await ofClosed('slack_message', before, limit),
        attempt: await older('attempt', 'at', before, limit),
        unauthenticated: await older('unauthenticated', 'hour', new Date(now.getTime() - ADDRESSES_KEPT_MS), limit),
      };
    },
  };
}
