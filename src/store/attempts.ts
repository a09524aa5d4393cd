import type { Database } from './database.ts';

/** Something that was tried and did not count: a click by somebody who is no approver, a forged signal. */
export interface Attempt {
  tenant: string;
  action: string;
  /** Who it was, as far as that is known. */
  by: string;
  door: string;
  /** Error code of the refusal. */
  code: string;
  at: string;
}

/** The audit of refusals. Nothing in it ever changes an action. */
export interface AttemptStore {
  add(attempt: Attempt): Promise<void>;
  /** Oldest first, of one action or of all, 1,000 at most. */
  list(tenant: string, action?: string): Promise<Attempt[]>;
}

export function createAttemptStore(db: Database): AttemptStore {
  return {
    async add({ tenant, action, by, door, code, at }) {
      await db.insertInto('attempt').values({ tenant, action, by, door, code, at }).execute();
    },
    list(tenant, action) {
      let query = db
        .selectFrom('attempt')
        .select(['tenant', 'action', 'by', 'door', 'code', 'at'])
        .where('tenant', '=', tenant);
      if (action !== undefined) query = query.where('action', '=', action);
      return query.orderBy('id').limit(1000).execute();
    },
  };
}
