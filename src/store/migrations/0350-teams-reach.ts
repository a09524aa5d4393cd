import { sql, type Kysely } from 'kysely';

/** The last known conversation of each user of Teams, because an app learns of its conversations only once. */
const STATEMENTS = [
  `create table teams_reach (
    tenant text not null, "user" text not null, service_url text not null, conversation text not null,
    gone boolean not null, primary key (tenant, "user"))`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
