import { sql, type Kysely } from 'kysely';

/**
 * Every key begins with the tenant. Hashes and envelopes do not compress, so nothing tries to. A head is updated in place at every
 * commit, hence the free room in its pages.
 */
const STATEMENTS = [
  `create table action_payload (
    tenant text not null, action text not null,
    wrapped_key bytea not null, ciphertext bytea not null,
    primary key (tenant, action))`,

  `create table action (
    tenant text not null, id text not null, status text not null, surface text not null, actor text not null,
    requester text not null, bundle text, view json not null, sealed_permit text,
    created_at timestamptz not null, updated_at timestamptz not null, expires_at timestamptz,
    primary key (tenant, id))`,
  `create index action_newest on action (tenant, created_at desc, id desc)`,
  `create index action_waiting on action (tenant, created_at, id) where status = 'supervised'`,

  `create table permit (
    tenant text not null, jti text not null, action text not null, audience text not null, request_hash text not null,
    expires_at timestamptz not null, redeemed_at timestamptz,
    primary key (tenant, jti))`,
  `create index permit_action on permit (tenant, action)`,

  `create table limit_decision (
    tenant text not null, action text not null, value json not null, at timestamptz not null,
    primary key (tenant, action))`,
  `create table limit_reservation (
    tenant text not null, action text not null, slot bytea not null, limit_name text not null, key json not null,
    amount numeric not null, at timestamptz not null)`,
  `create index limit_reservation_action on limit_reservation (tenant, action)`,
  `create index limit_reservation_window on limit_reservation (tenant, slot, at) include (amount, action)`,

  `create table api_key (
    id text primary key, tenant text not null, hash text not null unique,
    surfaces text[] not null, actors text[] not null, roles text[] not null,
    created_at timestamptz not null, revoked_at timestamptz)`,
  `create index api_key_tenant on api_key (tenant, created_at)`,

  `create table slack_message (
    tenant text not null, action text not null, workspace text not null, channel text not null, ts text not null,
    kind text not null, person text, shown_hash text not null, revision integer not null,
    primary key (workspace, channel, ts))`,
  `create index slack_message_action on slack_message (tenant, action)`,

  `create table attempt (
    id bigint generated always as identity primary key,
    tenant text not null, action text not null, by text not null, door text not null, code text not null,
    at timestamptz not null)`,
  `create index attempt_action on attempt (tenant, action, id)`,

  `create table bundle (
    tenant text not null, hash text not null, source json not null,
    primary key (tenant, hash))`,
  `create table bundle_activation (
    id bigint generated always as identity primary key,
    tenant text not null, hash text not null, by text not null, at timestamptz not null,
    record text not null, unique (tenant, record), foreign key (tenant, hash) references bundle)`,
  `create index bundle_activation_newest on bundle_activation (tenant, id desc)`,

  `create table "freeze" (
    id text not null, tenant text not null, scope text not null check (scope in ('tenant', 'surface', 'actor')),
    value text, reason text not null, by text not null, at timestamptz not null,
    lifted_at timestamptz, lifted_by text,
    primary key (tenant, id))`,
  `create index freeze_active on "freeze" (tenant) where lifted_at is null`,

  `create table delegation (
    id text not null, tenant text not null, from_person text not null, to_person text not null, surfaces text[] not null,
    starts_at timestamptz not null, ends_at timestamptz not null, revoked_at timestamptz,
    primary key (tenant, id))`,
  `create index delegation_end on delegation (tenant, ends_at)`,

  `create table review (
    id text not null, tenant text not null, action text not null, due_at timestamptz not null, status text not null,
    view json not null,
    primary key (tenant, id))`,
  `create index review_due on review (tenant, status, due_at)`,

  `create table public_key (
    tenant text not null, use text not null, kid text not null, key json not null,
    since timestamptz not null, until timestamptz, revoked_at timestamptz,
    primary key (tenant, use, kid))`,

  `create table log_head (
    tenant text primary key, size bigint not null, frontier bytea not null, root bytea not null, checkpoint text not null)
    with (fillfactor = 50)`,
  `create table log_entry (
    tenant text not null, index bigint not null, action text not null, seq integer not null, type text not null,
    record_hash bytea not null, leaf_hash bytea not null, envelope bytea not null, at timestamptz not null,
    surface text, actor text, approver text, decision text, policy text, rule text,
    primary key (tenant, index), unique (tenant, action, seq)) with (toast_tuple_target = 8160)`,
  `alter table log_entry alter column envelope set storage external`,
  `create index log_entry_hash on log_entry using hash (record_hash)`,
  `create index log_entry_at on log_entry (tenant, at)`,
  `create index log_entry_surface on log_entry (tenant, surface, index)`,
  `create index log_entry_actor on log_entry (tenant, actor, index)`,
  `create index log_entry_approver on log_entry (tenant, approver, index) where approver is not null`,
  `create table log_tile (
    tenant text not null, level smallint not null, index bigint not null, hashes bytea not null,
    primary key (tenant, level, index))`,
  `alter table log_tile alter column hashes set storage external`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
