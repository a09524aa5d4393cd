/** What is about to be posted in Slack. A row ends when its message is known and up to date, or when nothing can come of it any more. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Postgres } from './postgres.ts';

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

const BEGIN = `insert into slack_post (id, tenant, action, place, kind, person) values ($1, $2, $3, $4, $5, $6)`;

const OF = `select id, tenant, action, place, kind, person, (extract(epoch from p.at) * 1000)::float8 as at,
    (extract(epoch from clock_timestamp() - p.at) * 1000)::float8 as "ageMs"
  from slack_post as p where tenant = $1 and action = $2 order by p.at`;

export function createSlackPostStore({ ask, db }: Pick<Postgres, 'ask' | 'db'>): SlackPostStore {
  return {
    async begin({ tenant, action, place, kind, person }) {
      const id = randomUUID();
      await ask({ name: 'slack-post', text: BEGIN, values: [id, tenant, action, place, kind, person] });
      return id;
    },
    of: (tenant, action) => ask<SlackPost>({ name: 'slack-posts', text: OF, values: [tenant, action] }),
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
