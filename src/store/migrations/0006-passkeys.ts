import { sql, type Kysely } from 'kysely';

/** Passkeys of people. Their keys are in the sealed records that introduce them; here is how each stands now. */
const STATEMENTS = [
  `create table passkey (
    tenant text not null, id text not null, person text not null, credential text not null, record text not null,
    name text, transports text[] not null, sign_count bigint not null, last_used text,
    created_at timestamptz not null, created_by text not null, revoked_at timestamptz, revoked_by text,
    primary key (tenant, id))`,
  `create index passkey_person on passkey (tenant, person)`,
  // What an authenticator was asked to sign when it is brought in: once, and not for long.
  `create table passkey_challenge (
    tenant text not null, challenge text not null, person text not null, expires_at timestamptz not null,
    primary key (tenant, challenge))`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
