/** One commit of a log as one statement: one round trip, one transaction, one flush to disk. */
import type { LogAppend, LogHead } from './log.ts';

/**
 * The head is compared and swapped first; every other part joins with it, so that nothing is written where the head has moved. A
 * second writer waits for the row, then finds it moved. Rows come back only when it was swapped.
 *
 * Envelopes and hashes travel as one binary value each and are cut here: as an array they would go as text of twice the length.
 */
export const SWAP = `
with head as (
  update log_head set size = $2, frontier = $3, root = $4, checkpoint = $5
  where tenant = $1 and size = $6 and root = $7
  returning size
), entries as (
  insert into log_entry (tenant, index, action, seq, type, record_hash, leaf_hash, envelope, at,
                         surface, actor, approver, decision, policy, rule)
  select $1, $6 + e.n - 1, e.action, e.seq, e.type,
         substring($8::bytea from (e.n::integer - 1) * 32 + 1 for 32),
         substring($9::bytea from (e.n::integer - 1) * 32 + 1 for 32),
         substring($10::bytea from e.start for e.length), e.at,
         e.surface, e.actor, e.approver, e.decision, e.policy, e.rule
  from head, unnest($11::text[], $12::integer[], $13::text[], $14::integer[], $15::integer[], $16::timestamptz[],
                    $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[])
    with ordinality as e(action, seq, type, start, length, at, surface, actor, approver, decision, policy, rule, n)
), tiles as (
  insert into log_tile (tenant, level, index, hashes)
  select $1, t.level, t.index, t.hashes from head, unnest($23::smallint[], $24::bigint[], $25::bytea[]) as t(level, index, hashes)
  on conflict (tenant, level, index) do update set hashes = log_tile.hashes || excluded.hashes
), actions as (
  insert into action (tenant, id, status, surface, actor, requester, bundle, view, sealed_permit, created_at, updated_at, expires_at)
  select $1, a.* from head, unnest($26::text[], $27::text[], $28::text[], $29::text[], $30::text[], $31::text[], $32::json[],
                                   $33::text[], $34::timestamptz[], $35::timestamptz[], $36::timestamptz[]) as a
  on conflict (tenant, id) do update set
    status = excluded.status, surface = excluded.surface, actor = excluded.actor, requester = excluded.requester,
    bundle = excluded.bundle, view = excluded.view, sealed_permit = excluded.sealed_permit,
    updated_at = excluded.updated_at, expires_at = excluded.expires_at
), permits as (
  insert into permit (tenant, jti, action, audience, request_hash, expires_at)
  select $1, p.* from head, unnest($37::text[], $38::text[], $39::text[], $40::text[], $41::timestamptz[]) as p
), given_back as (
  delete from limit_reservation using head where tenant = $1 and action = any($42::text[])
)
select size from head`;

/** PostgreSQL has no U+0000 in text. Columns are only for finding; the record itself is in the envelope, whole. */
function text(value: string | null | undefined): string | null {
  return value === null || value === undefined ? null : value.replaceAll('\0', '\uFFFD');
}

function column<T, V>(rows: readonly T[], value: (row: T) => V): V[] {
  return rows.map(value);
}

/** Values for {@link SWAP}. `expected` is null for a log without entries. */
export function swapValues(tenant: string, expected: LogHead | null, append: LogAppend): unknown[] {
  const { head, entries, tiles, projections, permits, released } = append;
  const starts: number[] = [];
  let start = 1;
  for (const { envelope } of entries) {
    starts.push(start);
    start += envelope.length;
  }
  const facet = (name: keyof (typeof entries)[number]['facets']) => column(entries, ({ facets }) => text(facets[name]));
  return [
    tenant,
    head.size,
    Buffer.from(head.frontier),
    Buffer.from(head.root),
    head.checkpoint,
    expected?.size ?? 0,
    Buffer.from(expected?.root ?? []),
    Buffer.concat(column(entries, ({ recordHash }) => recordHash)),
    Buffer.concat(column(entries, ({ leafHash }) => leafHash)),
    Buffer.concat(column(entries, ({ envelope }) => envelope)),
    column(entries, ({ action }) => action),
    column(entries, ({ seq }) => seq),
    column(entries, ({ type }) => type),
    starts,
    column(entries, ({ envelope }) => envelope.length),
    column(entries, ({ at }) => at),
    facet('surface'),
    facet('actor'),
    facet('approver'),
    facet('decision'),
    facet('policy'),
    facet('rule'),
    column(tiles, ({ level }) => level),
    column(tiles, ({ index }) => index),
    column(tiles, ({ hashes }) => Buffer.from(hashes)),
    column(projections, ({ id }) => id),
    column(projections, ({ status }) => status),
    column(projections, ({ surface }) => surface),
    column(projections, ({ actor }) => text(actor)),
    column(projections, ({ requester }) => text(requester)),
    column(projections, ({ bundle }) => bundle),
    column(projections, ({ view }) => JSON.stringify(view)),
    column(projections, ({ sealedPermit }) => sealedPermit),
    column(projections, ({ createdAt }) => createdAt),
    column(projections, ({ updatedAt }) => updatedAt),
    column(projections, ({ expiresAt }) => expiresAt),
    column(permits, ({ jti }) => jti),
    column(permits, ({ action }) => action),
    column(permits, ({ audience }) => audience),
    column(permits, ({ requestHash }) => requestHash),
    column(permits, ({ expiresAt }) => expiresAt),
    [...released],
  ];
}
