import type { BundleActivation } from './bundles.ts';
import type { StoredApiKey } from './api-keys.ts';
import type { Database } from './database.ts';
import type { StoredDelegation } from './delegations.ts';
import type { Freeze } from './freezes.ts';
import type { StoredPasskey } from './passkeys.ts';

/** Every row of a tenant that seems to grant or stop something. They are never trusted, only compared with the records. */
export interface RightRows {
  freezes: Freeze[];
  delegations: StoredDelegation[];
  apiKeys: StoredApiKey[];
  passkeys: StoredPasskey[];
  activations: BundleActivation[];
}

export interface RightRowStore {
  all(tenant: string): Promise<RightRows>;
}

const ms = (time: string): number => Date.parse(time);

export function createRightRowStore(db: Database): RightRowStore {
  return {
    async all(tenant) {
      const [freezes, delegations, apiKeys, passkeys, activations] = await Promise.all([
        db.selectFrom('freeze').selectAll().where('tenant', '=', tenant).execute(),
        db.selectFrom('delegation').selectAll().where('tenant', '=', tenant).execute(),
        db.selectFrom('apiKey').selectAll().where('tenant', '=', tenant).execute(),
        db.selectFrom('passkey').selectAll().where('tenant', '=', tenant).execute(),
        db.selectFrom('bundleActivation').selectAll().where('tenant', '=', tenant).orderBy('id').execute(),
      ]);
      return {
        freezes: freezes.map((row) => ({ ...row, scope: row.scope as Freeze['scope'] })),
        delegations: delegations.map(({ id, fromPerson, toPerson, surfaces, startsAt, endsAt, revokedAt }) => ({
          id,
          tenant,
          from: fromPerson,
          to: toPerson,
          surfaces,
          startsAt: ms(startsAt),
          endsAt: ms(endsAt),
          revokedAt: revokedAt === null ? null : ms(revokedAt),
        })),
        apiKeys,
        passkeys,
        activations,
      };
    },
  };
}
