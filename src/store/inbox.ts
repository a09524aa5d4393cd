/** Waiting items of a person, by the read model. A row is only a claim: listing it reads the records. */
import { sql } from 'kysely';
import { CountersignError } from '../contract/index.ts';
import type { Database } from './database.ts';

/** What it waits for: a decision, an answer to a question, or the review of a break-glass release. */
export const INBOX_KINDS = ['decide', 'answer', 'review'] as const;
export type InboxKind = (typeof INBOX_KINDS)[number];

export interface InboxRow {
  kind: InboxKind;
  action: string;
  firstIndex: number;
  askedAt: string;
  /** RFC 3339. */
  due: string;
}

export interface InboxQuery {
  person: string;
  /** The person, and everybody they stand in for. */
  deciders: readonly string[];
  kinds: readonly InboxKind[];
  cursor: string | undefined;
  limit: number;
}

export interface InboxStore {
  /** The first due first. @throws CountersignError `invalid-request` for a cursor that was not made here */
  awaiting(tenant: string, query: InboxQuery): Promise<InboxRow[]>;
}

/** The place of a row in the order of inboxes. */
export const inboxCursor = ({ due, firstIndex, kind }: InboxRow): string =>
  Buffer.from(JSON.stringify([due, firstIndex, kind])).toString('base64url');

/** Before every row. */
const START = ['-infinity', -1, ''] as const;

function placeOf(cursor: string | undefined): readonly [string, number, string] {
  if (cursor === undefined) return START;
  try {
    const [due, index, kind] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
    const isSound = typeof due === 'string' && Number.isFinite(Date.parse(due)) && Number.isSafeInteger(index);
    if (isSound && INBOX_KINDS.some((one) => one === kind)) return [due, index as number, kind as string];
  } catch {
    // Falls through: not one of ours.
  }
  throw new CountersignError('invalid-request', 'the cursor is not one of ours; begin again without it');
}

export function createInboxStore(db: Database): InboxStore {
  return {
    async awaiting(tenant, { person, deciders, kinds, cursor, limit }) {
      const [due, index, kind] = placeOf(cursor);
      const ways = {
        decide: sql`select 'decide' as kind, action, first_index, asked_at, expires_at as due from action_fact
          where tenant = ${tenant} and status = 'supervised' and awaited && ${deciders}::text[]`,
        answer: sql`select 'answer', action, first_index, asked_at, expires_at from action_fact
          where tenant = ${tenant} and status = 'supervised' and returned and involved @> array[${person}]`,
        review: sql`select 'review', action, first_index, asked_at, review_due_at from action_fact
          where tenant = ${tenant} and review_due_at is not null and reviewed_at is null
            and involved @> array[${person}]`,
      };
      const each = kinds.map((name) => sql`(${ways[name]})`);
      const { rows } = await sql<InboxRow>`
        select * from (${sql.join(each, sql` union all `)}) as waiting (kind, action, first_index, asked_at, due)
        where (due, first_index, kind) > (${due}::timestamptz, ${index}::bigint, ${kind}::text)
        order by due, first_index, kind limit ${limit}`.execute(db);
      return rows;
    },
  };
}
