import { BoundedMap } from '../canonical/index.ts';
import type { Database } from './database.ts';

/** Lists of people that records name by their hash, immutable under it. */
export interface PeopleStore {
  /** Keeps a list under the entry that stands for it in a record. Call it before that record is sealed. */
  keep(tenant: string, entry: string, people: readonly string[]): Promise<void>;
  /** The lists behind these entries; null for one that is not there. Whoever reads checks that it is the one that was named. */
  lists(tenant: string, entries: readonly string[]): Promise<Map<string, string[] | null>>;
}

/** Entries that this process has kept: many actions ask the same people. */
const KEPT_MAX = 1000;

export function createPeopleStore(db: Database): PeopleStore {
  const kept = new BoundedMap<string, true>(KEPT_MAX);
  return {
    async keep(tenant, entry, people) {
      if (kept.get(`${tenant} ${entry}`) === true) return;
      const list = JSON.stringify(people);
      await db
        .insertInto('peopleList')
        .values({ tenant, entry, people: list })
        .onConflict((conflict) => conflict.columns(['tenant', 'entry']).doUpdateSet({ people: list }))
        .execute();
      kept.set(`${tenant} ${entry}`, true);
    },
    async lists(tenant, entries) {
      const rows = await db
        .selectFrom('peopleList')
        .select(['entry', 'people'])
        .where('tenant', '=', tenant)
        .where('entry', 'in', [...entries])
        .execute();
      const found = new Map(rows.map(({ entry, people }) => [entry, people as string[]]));
      return new Map(entries.map((entry) => [entry, found.get(entry) ?? null]));
    },
  };
}
