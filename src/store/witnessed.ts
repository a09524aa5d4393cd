/** Outside evidence about a tenant's log: cosignatures of witnesses, and the places where its checkpoints are anchored. */
import type { Database } from './database.ts';

/** One witness's cosignature of one checkpoint. */
export interface Cosignature {
  tenant: string;
  /** Entries of the log. */
  size: number;
  /** The witness's vkey. */
  witness: string;
  /** The signed note as the log served it. */
  checkpoint: string;
  /** The cosignature as a line of the note, newline and all. */
  line: string;
  at: string;
}

export interface WitnessedStore {
  /** Tenants that have a log. */
  tenants(): Promise<string[]>;
  /** Stores a cosignature; the same again changes nothing. Cosignatures of the same witness that are older than a day are deleted. */
  add(cosignature: Cosignature): Promise<void>;
  /** Lines of all cosignatures of the checkpoint of this size. */
  lines(tenant: string, size: number): Promise<string[]>;
  /** The largest checkpoint that anybody cosigned, with all its cosignatures; null when nobody did. */
  newest(tenant: string): Promise<{ size: number; checkpoint: string; lines: string[] } | null>;
  /** Size that this witness cosigned last, or null. */
  lastSize(tenant: string, witness: string): Promise<number | null>;
  /** The size that was last anchored there, or null. */
  anchored(tenant: string, anchor: string): Promise<number | null>;
  setAnchored(anchored: { tenant: string; anchor: string; size: number; at: string }): Promise<void>;
}

const RETENTION_MS = 24 * 3600 * 1000;

export function createWitnessedStore(db: Database): WitnessedStore {
  const of = (tenant: string, size: number) =>
    db
      .selectFrom('logCosignature')
      .select(['checkpoint', 'line'])
      .where('tenant', '=', tenant)
      .where('size', '=', size)
      .orderBy('witness')
      .execute();
  /** Of all witnesses, or of one. */
  const largest = async (tenant: string, witness?: string): Promise<number | null> => {
    const all = db.selectFrom('logCosignature').select('size').where('tenant', '=', tenant);
    const asked = witness === undefined ? all : all.where('witness', '=', witness);
    return (await asked.orderBy('size', 'desc').limit(1).executeTakeFirst())?.size ?? null;
  };
  return {
    async tenants() {
      const rows = await db.selectFrom('logHead').select('tenant').where('size', '>', 0).orderBy('tenant').execute();
      return rows.map(({ tenant }) => tenant);
    },
    async add(cosignature) {
      const { tenant, witness, size, at } = cosignature;
      await db
        .insertInto('logCosignature')
        .values(cosignature)
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      await db
        .deleteFrom('logCosignature')
        .where('tenant', '=', tenant)
        .where('witness', '=', witness)
        .where('size', '<', size)
        .where('at', '<', new Date(Date.parse(at) - RETENTION_MS).toISOString())
        .execute();
    },
    async lines(tenant, size) {
      return (await of(tenant, size)).map(({ line }) => line);
    },
    async newest(tenant) {
      const size = await largest(tenant);
      if (size === null) return null;
      const rows = await of(tenant, size);
      const [first] = rows;
      return first === undefined ? null : { size, checkpoint: first.checkpoint, lines: rows.map(({ line }) => line) };
    },
    lastSize: (tenant, witness) => largest(tenant, witness),
    async anchored(tenant, anchor) {
      const row = await db
        .selectFrom('logAnchor')
        .select('size')
        .where('tenant', '=', tenant)
        .where('anchor', '=', anchor)
        .executeTakeFirst();
      return row?.size ?? null;
    },
    async setAnchored({ tenant, anchor, size, at }) {
      await db
        .insertInto('logAnchor')
        .values({ tenant, anchor, size, at })
        .onConflict((conflict) => conflict.columns(['tenant', 'anchor']).doUpdateSet({ size, at }))
        .execute();
    },
  };
}
