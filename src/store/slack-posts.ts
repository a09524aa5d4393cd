/** What is about to be posted in Slack. A row ends when its message is known and up to date, or when nothing can come of it any more. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Database } from './database.ts';

export interface SlackPost {
  /** Random. The message carries it, and is found by it. */
  id: string;
  tenant: string;
  /** The action, or the plan. */
  action: string;
  /** A channel as policy writes it, or the `D…` id of a direct message. */
  place: string;
  kind: string;
  /** Directory id of the person it is sent to; null for a channel. */
  person: string | null;
  /** When it was begun by the database's clock, in milliseconds since the epoch. */
  at: number;
  /** How long ago that is, in milliseconds. */
  ageMs: number;
}

export interface SlackPostStore {
  /** Stores what is about to be posted. Returns its id. */
  begin(post: Pick<SlackPost, 'tenant' | 'action' | 'place' | 'kind' | 'person'>): Promise<string>;
  /** What was begun about an action or plan and has not ended, oldest first. */
  of(tenant: string, action: string): Promise<SlackPost[]>;
  end(ids: readonly string[]): Promise<void>;
  /** Actions and plans of all tenants with something that was begun so long ago and has not ended, the oldest first. */
  left(olderThanMs: number, limit: number): Promise<{ tenant: string; action: string }[]>;
}

export function createSlackPostStore(db: Database): SlackPostStore {
  return {
    async begin(post) {
      const id = randomUUID();
      await db
        .insertInto('slackPost')
        .values({ id, ...post })
        .execute();
      return id;
    },
    async of(tenant, action) {
      const { rows } = await sql<SlackPost>`
        select id, tenant, action, place, kind, person, (extract(epoch from at) * 1000)::float8 as at,
          (extract(epoch from clock_timestamp() - at) * 1000)::float8 as age_ms
        from slack_post where tenant = ${tenant} and action = ${action} order by slack_post.at`.execute(db);
      return rows;
    },
    async end(ids) {
      if (ids.length > 0) await db.deleteFrom('slackPost').where('id', 'in', ids).execute();
    },
    async left(olderThanMs, limit) {
      const { rows } = await sql<{ tenant: string; action: string }>`
        select tenant, action from slack_post where at < clock_timestamp() - ${olderThanMs} * interval '1 millisecond'
        group by tenant, action order by min(at) limit ${limit}`.execute(db);
      return rows;
    },
  };
}
