import { sql, type Kysely } from 'kysely';

/** What is about to be posted in Slack, until it is known where it was: a message whose answer was lost is found again by this id. */
const STATEMENTS = [
  `create table slack_post (
    id text primary key, tenant text not null, action text not null, place text not null, kind text not null, person text,
    at timestamptz not null default clock_timestamp())`,
  `create index slack_post_action on slack_post (tenant, action)`,
  `create index slack_post_at on slack_post (at)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
