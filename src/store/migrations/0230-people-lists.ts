import { sql, type Kysely } from 'kysely';

/** Lists of people that are too long to stand in a record, by the entry that stands for them there. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      'create table people_list (tenant text not null, entry text not null, people jsonb not null, primary key (tenant, entry))',
    )
    .execute(db);
}
