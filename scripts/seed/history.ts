/** Seals a planned history through the engine and the sequencer, in the order of time. */
import type pg from 'pg';
import { compareText } from '../../src/canonical/index.ts';
import type { EngineDeps } from '../../src/engine/deps.ts';
import type { Sequencer } from '../../src/sequencer/index.ts';
import { chunksOf } from './chunks.ts';
import { live, type World } from './live.ts';
import type { PlannedAction } from './plan.ts';
import type { Memory, PayloadRow, Waiting } from './remembered.ts';

/** Actions that are carried through the engine concurrently. */
const TOGETHER = 16;

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
      await keepPayloads(
        sealing,
        chunk.flatMap(({ payload }) => payload ?? []),
      );
      await sealing.sequencer.append(
        sealing.tenant,
        chunk.map(({ record }) => record),
      );
      done.records += chunk.length;
    }
    sealing.onProgress?.(done.actions, done.records);
  };
  for (const group of groupsOf(plan, TOGETHER)) {
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

function* groupsOf<T>(all: Iterable<T>, size: number): Generator<T[]> {
  let group: T[] = [];
  for (const one of all) {
    group.push(one);
    if (group.length < size) continue;
    yield group;
    group = [];
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
