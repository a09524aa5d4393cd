import { sql } from 'kysely';
import type { Database } from './database.ts';

/** Lists of people that records name by their hash, immutable under it. */
export interface PeopleStore {
  /** Keeps a list under the entry that stands for it in a record. Call it before that record is sealed. */
  keep(tenant: string, entry: string, people: readonly string[]): Promise<void>;
  /** The lists behind these entries; null for a missing one. The reader checks that a list is the one that was named. */
  lists(tenant: string, entries: readonly string[]): Promise<Map<string, string[] | null>>;
}

export function createPeopleStore(db: Database): PeopleStore {
  return {
    async keep(tenant, entry, people) {
      const list = JSON.stringify(people);
      // Many actions ask the same people, so an existing list is written again only if somebody altered it.
      await db
        .insertInto('peopleList')
        .values({ tenant, entry, people: list })
        .onConflict((conflict) =>
          conflict
            .columns(['tenant', 'entry'])
            .doUpdateSet({ people: list })
            .where(sql<boolean>`people_list.people is distinct from excluded.people`),
        )
        .execute();
    },
    async lists(tenant, entries) {
      const rows = await db
        .selectFrom('peopleList')
        .select(['entry', 'people'])
        .where('tenant', '=', tenant)
        .where('entry', 'in', [...entries])
        .execute();
      const stored = new Map(rows.map(({ entry, people }) => [entry, people as string[]]));
      return new Map(entries.map((entry) => [entry, stored.get(entry) ?? null]));
    },
  };
}
