/** Reads what is in force in one statement: the end of the log, its new entries, and the rows of freezes. */
import { STORED_ACTION, type StoredAction } from './actions.ts';
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

/** Entries of a log. */
export interface LookRange {
  /** The first one that is wanted. */
  from: number;
  /** How many at most. */
  most: number;
}

export interface LookStore {
  at(tenant: string, range: LookRange): Promise<Look>;
  /** {@link at}, and the row of an action, null where there is none: of one moment. */
  withAction(tenant: string, range: LookRange, action: string): Promise<{ look: Look; row: StoredAction | null }>;
}

/** What a row holds of a look. */
export interface LookRow {
  size: number | null;
  frontier: Buffer;
  root: Buffer;
  checkpoint: string;
  /** Each with its length in four bytes before it: an array of them is read character by character. Null for none. */
  envelopes: Buffer | null;
  freezes: Freeze[];
}

/** The columns of a {@link LookRow}, where {@link LOOK_TABLE} is joined. `$1` is the tenant, `$2` the first entry, `$3` the one behind the last. */
export const LOOK_COLUMNS = `h.size, h.frontier, h.root, h.checkpoint,
  (select string_agg(int4send(length(e.envelope)) || e.envelope, ''::bytea order by e.index) from log_entry e
   where e.tenant = $1 and e.index >= $2::bigint and e.index < least(h.size, $3::bigint)) as envelopes,
  (select coalesce(json_agg(json_build_object('id', f.id, 'tenant', f.tenant, 'scope', f.scope, 'value', f.value,
            'reason', f.reason, 'by', f.by, 'at', f.at, 'liftedAt', null, 'liftedBy', null) order by f.at, f.id), '[]')
   from "freeze" f where f.tenant = $1 and f.lifted_at is null) as freezes`;

/** One row, also for a tenant without a log. `$1` is the tenant. */
export const LOOK_TABLE = '(select 1) as one left join log_head h on h.tenant = $1';

const LOOK = `select ${LOOK_COLUMNS} from ${LOOK_TABLE}`;

/** `$4` is the action. */
const LOOK_WITH_ACTION = `select ${LOOK_COLUMNS}, ${STORED_ACTION}
from ${LOOK_TABLE} left join action a on a.tenant = $1 and a.id = $4`;

function lookOf({ size, frontier, root, checkpoint, envelopes, freezes }: LookRow): Look {
  return {
    head: size === null || size === 0 ? null : { size, frontier, root, checkpoint },
    envelopes: envelopes === null ? [] : apart(envelopes),
    freezes: freezes.map((freeze) => ({ ...freeze, at: new Date(freeze.at).toISOString() })),
  };
}

/** Takes a look out of the one row that holds it, and leaves the other columns. */
export function splitLook<Row extends LookRow>([row]: readonly Row[]): { look: Look; rest: Omit<Row, keyof LookRow> } {
  if (row === undefined) throw new Error('a row that is always there was not answered');
  const { size, frontier, root, checkpoint, envelopes, freezes, ...rest } = row;
  return { look: lookOf({ size, frontier, root, checkpoint, envelopes, freezes }), rest };
}

export function createLookStore({ ask }: Pick<Postgres, 'ask'>): LookStore {
  return {
    async at(tenant, { from, most }) {
      const rows = await ask<LookRow>({ name: 'look', text: LOOK, values: [tenant, from, from + most] });
      const [row] = rows;
      return row === undefined ? { head: null, envelopes: [], freezes: [] } : lookOf(row);
    },
    async withAction(tenant, { from, most }, action) {
      const values = [tenant, from, from + most, action];
      const statement = { name: 'look-with-action', text: LOOK_WITH_ACTION, values };
      const { look, rest } = splitLook(await ask<LookRow & (StoredAction | { id: null })>(statement));
      return { look, row: rest.id === null ? null : (rest as StoredAction) };
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
