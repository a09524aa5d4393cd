/** Saved queries of the console. */
import type { Database } from './database.ts';

export interface SavedView {
  id: string;
  tenant: string;
  name: string;
  /** As in the address of the console's page of decisions. */
  query: string;
  /** Columns that are shown; empty for the usual ones. */
  columns: string[];
  by: string;
  at: string;
}

export interface SavedViewStore {
  add(view: SavedView): Promise<void>;
  get(tenant: string, id: string): Promise<SavedView | null>;
  /** By name. @param by of this person only; of everybody where left out */
  list(tenant: string, by?: string): Promise<SavedView[]>;
  /** False where there is none. */
  remove(tenant: string, id: string): Promise<boolean>;
}

/** Views of one list. */
const LISTED_MAX = 500;

export function createSavedViewStore(db: Database): SavedViewStore {
  const all = (tenant: string) => db.selectFrom('savedView').selectAll().where('tenant', '=', tenant);
  return {
    async add(view) {
      await db.insertInto('savedView').values(view).execute();
    },
    get: async (tenant, id) => (await all(tenant).where('id', '=', id).executeTakeFirst()) ?? null,
    list(tenant, by) {
      const mine = by === undefined ? all(tenant) : all(tenant).where('by', '=', by);
      return mine.orderBy('name').orderBy('id').limit(LISTED_MAX).execute();
    },
    async remove(tenant, id) {
      const { numDeletedRows } = await db
        .deleteFrom('savedView')
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}
