/** Reads what is in force in one statement: the end of the log, its new entries, and the rows of freezes. */
import type { Freeze } from './freezes.ts';
import type { LogHead } from './log-types.ts';
import type { Postgres } from './postgres.ts';

export interface Look {
  /** Null for a log without an entry. */
  head: LogHead | null;
  /** Entries from the asked one on, at most as many as were asked for, all of them below `head.size`. */
  envelopes: Uint8Array[];
  /** Rows of freezes that are not lifted, oldest first. */
  freezes: Freeze[];
}

export interface LookStore {
  /** @param from the first entry that is wanted. @param most how many at most */
  at(tenant: string, from: number, most: number): Promise<Look>;
}

interface Row {
  size: number | null;
  frontier: Buffer;
  root: Buffer;
  checkpoint: string;
  /** Each with its length in four bytes before it: an array of them is read character by character. Null for none. */
  envelopes: Buffer | null;
  freezes: Freeze[];
}

/** `$1` is the tenant, `$2` the first entry, `$3` the one behind the last. */
const LOOK = `select h.size, h.frontier, h.root, h.checkpoint,
  (select string_agg(int4send(length(e.envelope)) || e.envelope, ''::bytea order by e.index) from log_entry e
   where e.tenant = $1 and e.index >= $2::bigint and e.index < least(h.size, $3::bigint)) as envelopes,
  (select coalesce(json_agg(json_build_object('id', f.id, 'tenant', f.tenant, 'scope', f.scope, 'value', f.value,
            'reason', f.reason, 'by', f.by, 'at', f.at, 'liftedAt', null, 'liftedBy', null) order by f.at, f.id), '[]')
   from "freeze" f where f.tenant = $1 and f.lifted_at is null) as freezes
from (select 1) as one left join log_head h on h.tenant = $1`;

export function createLookStore({ ask }: Pick<Postgres, 'ask'>): LookStore {
  return {
    async at(tenant, from, most) {
      const rows = await ask<Row>({ name: 'look', text: LOOK, values: [tenant, from, from + most] });
      const [row] = rows;
      if (row === undefined) return { head: null, envelopes: [], freezes: [] };
      const { size, frontier, root, checkpoint, envelopes } = row;
      const freezes = row.freezes.map((freeze) => ({ ...freeze, at: new Date(freeze.at).toISOString() }));
      const head = size === null || size === 0 ? null : { size, frontier, root, checkpoint };
      return { head, envelopes: envelopes === null ? [] : apart(envelopes), freezes };
    },
  };
}

/** Decodes values that each follow their length. */
function apart(joined: Buffer): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < joined.length;) {
    const begin = at + 4;
    at = begin + joined.readInt32BE(at);
    parts.push(joined.subarray(begin, at));
  }
  return parts;
}
