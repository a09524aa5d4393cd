/** One commit of a log as one statement: one round trip, one transaction, one flush to disk. */
import type { Statement } from './transactions.ts';
import type { LogAppend, LogHead } from './log-types.ts';

/** One thing that a commit writes: SQL with `?` for each value. */
interface Part {
  name: string;
  sql: string;
  values: unknown[];
}

/** PostgreSQL has no U+0000 in text. Columns are only for finding; the record itself is in the envelope, whole. */
function text(value: string | null | undefined): string | null {
  return value === null || value === undefined ? null : value.replaceAll('\0', '\uFFFD');
}

function entriesPart(tenant: string, from: number, entries: LogAppend['entries']): Part {
  const starts: number[] = [];
  let start = 1;
  for (const { envelope } of entries) {
    starts.push(start);
    start += envelope.length;
  }
  const facet = (name: keyof (typeof entries)[number]['facets']) => entries.map(({ facets }) => text(facets[name]));
  return {
    name: 'entries',
    // Envelopes and hashes are sent as one binary value each and split here. As an array they would be sent as text of twice the length.
    sql: `insert into log_entry (tenant, index, action, seq, type, record_hash, leaf_hash, envelope, at,
                                 surface, actor, approver, decision, policy, rule)
      select ?::text, ?::bigint + e.n - 1, e.action, e.seq, e.type,
             substring(?::bytea from (e.n::integer - 1) * 32 + 1 for 32),
             substring(?::bytea from (e.n::integer - 1) * 32 + 1 for 32),
             substring(?::bytea from e.start for e.length), e.at,
             e.surface, e.actor, e.approver, e.decision, e.policy, e.rule
      from head, unnest(?::text[], ?::integer[], ?::text[], ?::integer[], ?::integer[], ?::timestamptz[],
                        ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::text[])
        with ordinality as e(action, seq, type, start, length, at, surface, actor, approver, decision, policy, rule, n)`,
    values: [
      tenant,
      from,
      Buffer.concat(entries.map(({ recordHash }) => recordHash)),
      Buffer.concat(entries.map(({ leafHash }) => leafHash)),
      Buffer.concat(entries.map(({ envelope }) => envelope)),
      entries.map(({ action }) => action),
      entries.map(({ seq }) => seq),
      entries.map(({ type }) => type),
      starts,
      entries.map(({ envelope }) => envelope.length),
      entries.map(({ at }) => at),
      facet('surface'),
      facet('actor'),
      facet('approver'),
      facet('decision'),
      facet('policy'),
      facet('rule'),
    ],
  };
}

/** The most entries that are plain values: a verdict and its release. */
const FEW = 2;

/**
 * Few entries, when nobody else waits. PostgreSQL plans a statement of plain values once. One with arrays it plans anew each time, because it
 * expects more rows of an array that it does not know, and that takes longer than to run it.
 */
function fewEntriesPart(tenant: string, from: number, entries: LogAppend['entries']): Part {
  const row = `(?::text, ?::bigint, ?::text, ?::integer, ?::text, ?::bytea, ?::bytea, ?::bytea, ?::timestamptz,
             ?::text, ?::text, ?::text, ?::text, ?::text, ?::text)`;
  return {
    name: `entries${entries.length}`,
    sql: `insert into log_entry (tenant, index, action, seq, type, record_hash, leaf_hash, envelope, at,
                                 surface, actor, approver, decision, policy, rule)
      select e.* from head, (values ${entries.map(() => row).join(', ')}) as e`,
    values: entries.flatMap(({ action, seq, type, recordHash, leafHash, envelope, at, facets }, i) => [
      ...[tenant, from + i, action, seq, type],
      ...[Buffer.from(recordHash), Buffer.from(leafHash), Buffer.from(envelope), at],
      ...[text(facets.surface), text(facets.actor), text(facets.approver), text(facets.decision)],
      ...[text(facets.policy), text(facets.rule)],
    ]),
  };
}

function tilesPart(tenant: string, tiles: LogAppend['tiles']): Part {
  return {
    name: 'tiles',
    sql: `insert into log_tile (tenant, level, index, hashes)
      select ?::text, t.level, t.index, t.hashes
      from head, unnest(?::smallint[], ?::bigint[], ?::bytea[]) as t(level, index, hashes)
      on conflict (tenant, level, index) do update set hashes = log_tile.hashes || excluded.hashes`,
    values: [
      tenant,
      tiles.map(({ level }) => level),
      tiles.map(({ index }) => index),
      tiles.map(({ hashes }) => Buffer.from(hashes)),
    ],
  };
}

/** The columns of an action's row, each with its type. */
const ACTION_COLUMNS: readonly (readonly [column: string, type: string])[] = [
  ['id', 'text'],
  ['status', 'text'],
  ['surface', 'text'],
  ['actor', 'text'],
  ['requester', 'text'],
  ['bundle', 'text'],
  ['view', 'json'],
  ['sealed_permit', 'text'],
  ['created_at', 'timestamptz'],
  ['updated_at', 'timestamptz'],
  ['expires_at', 'timestamptz'],
  ['retain_until', 'timestamptz'],
  ['reverses', 'text'],
];
/** What an action's first record fixes. */
const ACTION_FIXED = ['id', 'created_at', 'reverses'];

const ACTION_INSERT = `insert into action (tenant, ${ACTION_COLUMNS.map(([column]) => column).join(', ')})
      select ?::text, a.* from head`;
const ACTION_UPDATE = `on conflict (tenant, id) do update set ${ACTION_COLUMNS.map(([column]) => column)
  .filter((column) => !ACTION_FIXED.includes(column))
  .map((column) => `${column} = excluded.${column}`)
  .join(', ')}`;

const actionRow = (row: LogAppend['projections'][number]): unknown[] => [
  ...[row.id, row.status, row.surface, text(row.actor), text(row.requester), row.bundle],
  ...[JSON.stringify(row.view), row.sealedPermit, row.createdAt, row.updatedAt, row.expiresAt],
  ...[row.retainUntil ?? null, row.reverses ?? null],
];

function projectionsPart(tenant: string, rows: readonly LogAppend['projections'][number][]): Part {
  const made = rows.map(actionRow);
  const [only, ...rest] = made;
  if (only !== undefined && rest.length === 0) {
    return {
      name: 'action_row',
      sql: `${ACTION_INSERT}, (values (${ACTION_COLUMNS.map(([, type]) => `?::${type}`).join(', ')})) as a
      ${ACTION_UPDATE}`,
      values: [tenant, ...only],
    };
  }
  return {
    name: 'actions',
    sql: `${ACTION_INSERT}, unnest(${ACTION_COLUMNS.map(([, type]) => `?::${type}[]`).join(', ')}) as a
      ${ACTION_UPDATE}`,
    values: [tenant, ...ACTION_COLUMNS.map((_, i) => made.map((row) => row[i]))],
  };
}

function permitsPart(tenant: string, permits: LogAppend['permits']): Part {
  const [only, ...rest] = permits;
  const insert = `insert into permit (tenant, jti, action, audience, request_hash, expires_at)`;
  if (only !== undefined && rest.length === 0) {
    const { jti, action, audience, requestHash, expiresAt } = only;
    return {
      name: 'permit_row',
      sql: `${insert} select ?::text, ?::text, ?::text, ?::text, ?::text, ?::timestamptz from head`,
      values: [tenant, jti, action, audience, requestHash, expiresAt],
    };
  }
  return {
    name: 'permits',
    sql: `${insert}
      select ?::text, p.* from head, unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::timestamptz[]) as p`,
    values: [
      tenant,
      permits.map(({ jti }) => jti),
      permits.map(({ action }) => action),
      permits.map(({ audience }) => audience),
      permits.map(({ requestHash }) => requestHash),
      permits.map(({ expiresAt }) => expiresAt),
    ],
  };
}

/** Marks permits as used. */
function redeemedPart(tenant: string, redeemed: NonNullable<LogAppend['redeemed']>): Part {
  return {
    name: 'redeemed',
    sql: `update permit set redeemed_at = r.at
      from head, unnest(?::text[], ?::timestamptz[]) as r(jti, at)
      where permit.tenant = ?::text and permit.jti = r.jti`,
    values: [redeemed.map(({ jti }) => jti), redeemed.map(({ at }) => at), tenant],
  };
}

/** The conditions on every permit that is used up: unused, and its action released or not reported yet. */
function redeemable(tenant: string, redeemed: NonNullable<LogAppend['redeemed']>): { sql: string; values: unknown[] } {
  if (redeemed.length === 0) return { sql: '', values: [] };
  return {
    sql: ` and ?::bigint = (select count(*) from unnest(?::text[], ?::text[]) as r(action, jti)
          join permit p on p.tenant = ?::text and p.jti = r.jti and p.action = r.action and p.redeemed_at is null
          join action a on a.tenant = p.tenant and a.id = p.action and a.status in ('released', 'unreported'))`,
    values: [redeemed.length, redeemed.map(({ action }) => action), redeemed.map(({ jti }) => jti), tenant],
  };
}

function releasedPart(tenant: string, released: readonly string[]): Part {
  return {
    name: 'given_back',
    sql: `delete from limit_reservation using head where tenant = ?::text and action = any(?::text[])
      and limit_name not like '%/breakGlass'`,
    values: [tenant, [...released]],
  };
}

/** Deletes payload and key. The row of the decision under limits stays, without its value, so that it is never decided again. */
function erasedParts(tenant: string, erased: readonly string[]): Part[] {
  const values = [tenant, [...erased]];
  return [
    {
      name: 'erased_payload',
      sql: 'delete from action_payload using head where tenant = ?::text and action = any(?::text[])',
      values,
    },
    {
      name: 'erased_decision',
      sql: `update limit_decision set value = '{}' from head where tenant = ?::text and action = any(?::text[])`,
      values,
    },
  ];
}

/**
 * The statement of one commit. The head is compared and swapped first, and every other part joins with it, so that nothing is written if the head has moved. A second writer waits for the row, then finds that it moved. A row comes back only when it was swapped.
 *
 * Parts without rows are left out, and each combination is prepared once per connection.
 *
 * @param expected null for a log without entries
 */
export function swapStatement(tenant: string, expected: LogHead | null, append: LogAppend): Statement {
  const { head, entries, tiles, projections, permits, redeemed = [], released, erased = [] } = append;
  const guard = redeemable(tenant, redeemed);
  const from = expected?.size ?? 0;
  const parts: Part[] = [
    {
      name: 'head',
      sql: `update log_head set size = ?, frontier = ?, root = ?, checkpoint = ?
        where tenant = ? and size = ? and root = ?${guard.sql} returning size`,
      values: [
        head.size,
        Buffer.from(head.frontier),
        Buffer.from(head.root),
        head.checkpoint,
        tenant,
        from,
        Buffer.from(expected?.root ?? []),
        ...guard.values,
      ],
    },
    entries.length <= FEW ? fewEntriesPart(tenant, from, entries) : entriesPart(tenant, from, entries),
  ];
  if (tiles.length > 0) parts.push(tilesPart(tenant, tiles));
  if (projections.length > 0) parts.push(projectionsPart(tenant, projections));
  if (permits.length > 0) parts.push(permitsPart(tenant, permits));
  if (redeemed.length > 0) parts.push(redeemedPart(tenant, redeemed));
  if (released.length > 0) parts.push(releasedPart(tenant, released));
  if (erased.length > 0) parts.push(...erasedParts(tenant, erased));
  const name = `swap ${parts.map((part) => part.name).join(' ')}`;
  let text = texts.get(name);
  if (text === undefined) {
    let number = 0;
    const ctes = parts.map((part) => `${part.name} as (${part.sql.replaceAll('?', () => `$${++number}`)})`);
    text = `with ${ctes.join(',\n')}\nselect size from head`;
    texts.set(name, text);
  }
  return { name, text, values: parts.flatMap((part) => part.values) };
}

const texts = new Map<string, string>();
