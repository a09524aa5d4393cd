import { sql, type Selectable } from 'kysely';
import type { Database, Tables } from './database.ts';
import { endRow, findRow } from './rows.ts';

/** The current state of a person's passkey. Its key is in the sealed record that introduced it. */
export interface StoredPasskey {
  tenant: string;
  /** `passkey:…`, the `action` of its records. */
  id: string;
  /** Directory id. */
  person: string;
  /** Credential id, base64url. */
  credential: string;
  /** Hash of the record that introduced it. */
  record: string;
  name: string | null;
  /** Hints for the browser where to look for it. */
  transports: string[];
  /** The highest signature counter that it showed; 0 where it has none. */
  signCount: number;
  createdAt: string;
  createdBy: string;
  revokedAt: string | null;
  revokedBy: string | null;
}

export interface PasskeyStore {
  /** The same id again changes nothing. */
  add(passkey: StoredPasskey): Promise<void>;
  get(tenant: string, id: string): Promise<StoredPasskey | null>;
  /** Of one person, or of all; the oldest first, revoked ones too. */
  list(tenant: string, person?: string): Promise<StoredPasskey[]>;
  /** False when there is no live passkey of that id. */
  revoke(tenant: string, id: string, by: string, at: string): Promise<boolean>;
  /**
   * Notes a verified assertion. False when its counter is not higher than all earlier ones, which shows that the authenticator was copied. The assertion that was noted
   * last may be noted again. Atomic: of two with one counter, one is noted.
   */
  used(tenant: string, id: string, assertion: { counter: number; hash: string }): Promise<boolean>;
  /** Keeps what a person's authenticator is asked to sign, until `expiresAt` (RFC 3339). */
  challenge(tenant: string, challenge: string, person: string, expiresAt: string): Promise<void>;
  /** Consumes it, once: true for its person, before it expired. */
  takeChallenge(tenant: string, challenge: string, person: string, now: string): Promise<boolean>;
}

const stored = ({ lastUsed: _, ...row }: Selectable<Tables['passkey']>): StoredPasskey => row;

export function createPasskeyStore(db: Database): PasskeyStore {
  return {
    async add(passkey) {
      await db
        .insertInto('passkey')
        .values({ ...passkey, lastUsed: null })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    },
    async get(tenant, id) {
      const row = await findRow(db, 'passkey', tenant, id);
      return row === null ? null : stored(row);
    },
    async list(tenant, person) {
      let query = db.selectFrom('passkey').selectAll().where('tenant', '=', tenant);
      if (person !== undefined) query = query.where('person', '=', person);
      return (await query.orderBy('createdAt').orderBy('id').execute()).map(stored);
    },
    revoke: (tenant, id, by, at) => endRow(db, 'passkey', tenant, id, { revokedAt: at, revokedBy: by }),
    async used(tenant, id, { counter, hash }) {
      const updated = await db
        .updateTable('passkey')
        .set({ signCount: sql<number>`greatest(sign_count, ${counter})`, lastUsed: hash })
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .where('revokedAt', 'is', null)
        .where(({ eb, or, and }) =>
          or([
            eb('signCount', '<', counter),
            and([eb('signCount', '=', 0), eb(sql`${counter}::bigint`, '=', 0)]),
            eb('lastUsed', '=', hash),
          ]),
        )
        .executeTakeFirst();
      return updated.numUpdatedRows === 1n;
    },
    async challenge(tenant, challenge, person, expiresAt) {
      await db.insertInto('passkeyChallenge').values({ tenant, challenge, person, expiresAt }).execute();
    },
    async takeChallenge(tenant, challenge, person, now) {
      await db.deleteFrom('passkeyChallenge').where('tenant', '=', tenant).where('expiresAt', '<=', now).execute();
      const taken = await db
        .deleteFrom('passkeyChallenge')
        .where('tenant', '=', tenant)
        .where('challenge', '=', challenge)
        .where('person', '=', person)
        .executeTakeFirst();
      return taken.numDeletedRows === 1n;
    },
  };
}
