import type { Database } from './database.ts';

/** The last known conversation of a user of Teams. */
export interface TeamsReach {
  /** Id of the tenant in Microsoft Entra. */
  tenant: string;
  /** Id of the user there. */
  user: string;
  /** Base of the Bot Connector's addresses for this conversation. */
  serviceUrl: string;
  /** The conversation between the app and this user. */
  conversation: string;
  /** Whether the user removed the app. */
  gone: boolean;
}

export interface TeamsReachStore {
  put(reach: TeamsReach): Promise<void>;
  find(tenant: string, user: string): Promise<TeamsReach | null>;
}

export function createTeamsReachStore(db: Database): TeamsReachStore {
  return {
    async put({ tenant, user, ...where }) {
      await db
        .insertInto('teamsReach')
        .values({ tenant, user, ...where })
        .onConflict((conflict) => conflict.columns(['tenant', 'user']).doUpdateSet(where))
        .execute();
    },
    async find(tenant, user) {
      const row = await db
        .selectFrom('teamsReach')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('user', '=', user)
        .executeTakeFirst();
      return row ?? null;
    },
  };
}
