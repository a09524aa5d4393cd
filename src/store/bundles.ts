import type { Json } from '../contract/index.ts';
import type { Database } from './database.ts';

export interface BundleActivation {
  hash: string;
  by: string;
  at: string;
  /** Hash of the record that sealed it. */
  record: string;
}

/** Policy bundles, immutable under their hash, and which of them is in force. */
export interface BundleStore {
  /**
   * Keeps a bundle, and the names of the cases that came with it last. The source of an existing one stays unchanged. A reader who
   * reads checks that the source hashes to the name.
   */
  put(tenant: string, hash: string, source: Json, cases?: readonly string[]): Promise<void>;
  /** Names of the cases that came with a bundle; null where none ever did. */
  cases(tenant: string, hash: string): Promise<string[] | null>;
  get(tenant: string, hash: string): Promise<Json | null>;
  /** Brings a stored bundle into force. Call it after the record that says so is sealed. The same record again changes nothing. */
  activate(tenant: string, hash: string, by: string, at: string, record: string): Promise<void>;
  /** The newest activation, or null when no policy is in force. */
  active(tenant: string): Promise<BundleActivation | null>;
  /** All activations, oldest first. */
  history(tenant: string): Promise<BundleActivation[]>;
}

export function createBundleStore(db: Database): BundleStore {
  const activations = (tenant: string) =>
    db.selectFrom('bundleActivation').select(['hash', 'by', 'at', 'record']).where('tenant', '=', tenant);
  return {
    async put(tenant, hash, source, cases) {
      await db
        .insertInto('bundle')
        .values({
          tenant,
          hash,
          source: JSON.stringify(source),
          cases: cases === undefined ? null : JSON.stringify(cases),
        })
        .onConflict((conflict) =>
          cases === undefined
            ? conflict.doNothing()
            : conflict.columns(['tenant', 'hash']).doUpdateSet({ cases: JSON.stringify(cases) }),
        )
        .execute();
    },
    async cases(tenant, hash) {
      const row = await db
        .selectFrom('bundle')
        .select('cases')
        .where('tenant', '=', tenant)
        .where('hash', '=', hash)
        .executeTakeFirst();
      return (row?.cases as string[] | null | undefined) ?? null;
    },
    async get(tenant, hash) {
      const row = await db
        .selectFrom('bundle')
        .select('source')
        .where('tenant', '=', tenant)
        .where('hash', '=', hash)
        .executeTakeFirst();
      return row === undefined ? null : (row.source as Json);
    },
    async activate(tenant, hash, by, at, record) {
      await db
        .insertInto('bundleActivation')
        .values({ tenant, hash, by, at, record })
        .onConflict((conflict) => conflict.columns(['tenant', 'record']).doNothing())
        .execute();
    },
    async active(tenant) {
      return (await activations(tenant).orderBy('id', 'desc').limit(1).executeTakeFirst()) ?? null;
    },
    history: (tenant) => activations(tenant).orderBy('id').execute(),
  };
}
