/** Seals a planned history through the engine and the sequencer, in the order of time. */
import type pg from 'pg';
import { compareText } from '../../src/canonical/index.ts';
import type { EngineDeps } from '../../src/engine/deps.ts';
import type { Sequencer } from '../../src/sequencer/index.ts';
import { chunksOf, type SpentPermit } from './chunks.ts';
import { HOUR_MS } from './clock.ts';
import { live, type World } from './live.ts';
import type { PlannedAction } from './plan.ts';
import type { Memory, PayloadRow, Waiting } from './remembered.ts';

/** Actions that are carried through the engine concurrently, with one look at the log: their records fill one commit. */
const TOGETHER = 112;
/** They are asked for within this time: what was sealed before the first of them is all that any of them sees. */
const WITHIN_MS = 4 * HOUR_MS;

export interface Sealing extends Omit<World, 'deps'> {
  /** Over the memory. */
  deps: EngineDeps;
  memory: Memory;
  /** The real one. */
  sequencer: Sequencer;
  pool: pg.Pool;
  /** Milliseconds since the epoch: what is later has not happened. */
  until: number;
  onProgress?: (actions: number, records: number) => void;
}

/** @returns how much was sealed */
export async function sealHistory(
  sealing: Sealing,
  plan: Iterable<PlannedAction>,
): Promise<{ actions: number; records: number }> {
  const { memory, until, deps } = sealing;
  const done = { actions: 0, records: 0 };
  let queue: Waiting[] = [];
  const flush = async (before: number): Promise<void> => {
    const due = queue.filter(({ record }) => Date.parse(record.at) < before);
    queue = queue.filter(({ record }) => Date.parse(record.at) >= before);
    // Records of one moment stay in the order in which they were made.
    due.sort((a, b) => compareText(a.record.at, b.record.at));
    for (const chunk of chunksOf(due)) {
      await keepPayloads(sealing, chunk.payloads);
      await sealing.sequencer.append(sealing.tenant, chunk.records);
      await keepPermits(sealing, chunk.spent);
      done.records += chunk.records.length;
    }
    sealing.onProgress?.(done.actions, done.records);
  };
  for (const group of groupsOf(plan)) {
    const [first] = group;
    if (first === undefined || first.askedAt >= until) break;
    await flush(first.askedAt);
    // One look at the log for all of them.
    const ids = await deps.register.atOnce(() => Promise.all(group.map((planned) => live(sealing, planned))));
    queue.push(...ids.flatMap((id) => memory.take(id)));
    done.actions += group.length;
  }
  await flush(until);
  return done;
}

function* groupsOf(plan: Iterable<PlannedAction>): Generator<PlannedAction[]> {
  let group: PlannedAction[] = [];
  for (const one of plan) {
    const [first] = group;
    if (first !== undefined && (group.length === TOGETHER || one.askedAt - first.askedAt > WITHIN_MS)) {
      yield group;
      group = [];
    }
    group.push(one);
  }
  yield group;
}

async function keepPayloads({ pool, tenant }: Sealing, rows: readonly PayloadRow[]): Promise<void> {
  if (rows.length === 0) return;
  await pool.query({
    name: 'seed-payloads',
    text: `insert into action_payload (tenant, action, wrapped_key, ciphertext)
      select $1, * from unnest($2::text[], $3::bytea[], $4::bytea[])`,
    values: [
      tenant,
      rows.map(({ action }) => action),
      rows.map(({ wrappedKey }) => Buffer.from(wrappedKey)),
      rows.map(({ ciphertext }) => Buffer.from(ciphertext)),
    ],
  });
}

async function keepPermits({ pool, tenant }: Sealing, permits: readonly SpentPermit[]): Promise<void> {
  if (permits.length === 0) return;
  await pool.query({
    name: 'seed-permits',
    text: `insert into permit (tenant, jti, action, audience, request_hash, expires_at, redeemed_at)
      select $1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[])`,
    values: [
      tenant,
      permits.map(({ jti }) => jti),
      permits.map(({ action }) => action),
      permits.map(({ audience }) => audience),
      permits.map(({ requestHash }) => requestHash),
      permits.map(({ expiresAt }) => expiresAt),
      permits.map(({ redeemedAt }) => redeemedAt),
    ],
  });
}
