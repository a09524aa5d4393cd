/**
 * How far the read model is behind while a hundred actions a second are sealed, and what following costs who seals: rounds with and
 * without it take turns, in one run.
 */
import { pino } from 'pino';
import { createFindingWatch, createReadModel } from '../../src/projection/index.ts';
import { followLogs } from '../../src/main/follow-logs.ts';
import { encodeRecord, envelopeBytes, signEnvelope } from '../../src/sealing/index.ts';
import { createSequencer } from '../../src/sequencer/index.ts';
import { COURSES, recordOf, REQUEST } from '../../test/evidence/world.ts';
import { openTestDatabase, type TestDatabase } from '../../test/support/postgres.ts';
import { percentile } from '../percentile.ts';

const TENANT = 'default';
const PER_SECOND = 100;
const ROUND_MS = 5000;
/** Of each kind. */
const ROUNDS = 8;
const LOOK_MS = 10;
const LAG_MAX_MS = 1000;
const RATIO_MAX = 1.02;

interface Round {
  /** Until a verdict was sealed, in milliseconds. */
  verdicts: number[];
  /** From a sealed record to its row; none where nobody followed. */
  lags: number[];
}

export async function lagBench(): Promise<boolean> {
  const world = await openTestDatabase();
  try {
    const seal = sealer(world);
    await round(world, seal, false);
    const pairs: { on: Round; off: Round }[] = [];
    for (let n = 0; n < ROUNDS; n += 1) {
      const first = await round(world, seal, n % 2 === 0);
      const second = await round(world, seal, n % 2 !== 0);
      pairs.push(n % 2 === 0 ? { on: first, off: second } : { on: second, off: first });
    }
    const lags = pairs.flatMap(({ on }) => on.lags);
    const all = (kind: 'on' | 'off'): number[] => pairs.flatMap((pair) => pair[kind].verdicts);
    // Rounds with and without take turns, so what else the machine does meets both.
    const ratio = percentile(all('on'), 0.5) / percentile(all('off'), 0.5);
    console.log(`${PER_SECOND} actions a second, ${lags.length} of them followed: from the seal to the row`);
    console.log(
      `p50 ${percentile(lags, 0.5).toFixed(0)} ms, p99 ${percentile(lags, 0.99).toFixed(0)} ms (at most ${LAG_MAX_MS})`,
    );
    for (const kind of ['on', 'off'] as const)
      console.log(
        `a verdict is sealed, followed ${kind === 'on' ? 'by the read model' : 'by nobody'}: p50 ${percentile(all(kind), 0.5).toFixed(2)} ms, p95 ${percentile(all(kind), 0.95).toFixed(2)} ms`,
      );
    console.log(`with against without, the middle of ${2 * ROUNDS} rounds: ${ratio.toFixed(3)} (at most ${RATIO_MAX})`);
    return percentile(lags, 0.99) <= LAG_MAX_MS && ratio <= RATIO_MAX;
  } finally {
    await world.close();
  }
}

/** @returns how long the verdict took, and when the last record was durable */
type Seal = (action: string) => Promise<{ verdict: number; sealed: number }>;

/** Seals what is approved by a rule, redeemed and reported, each record when the one before it is durable. */
function sealer(world: TestDatabase): Seal {
  const sequencer = createSequencer(world);
  const signer = world.keys.forTenant(TENANT).record;
  const drafts = COURSES['approved'] ?? [];
  return async (action) => {
    let prev: string | null = null;
    let verdict = 0;
    for (const [seq, draft] of drafts.entries()) {
      const began = performance.now();
      const place = { tenant: TENANT, action, seq, prev, at: new Date().toISOString(), requestHash: REQUEST };
      const record = recordOf(draft, place);
      const { payload, hash } = encodeRecord(record);
      prev = hash;
      const envelope = envelopeBytes(await signEnvelope(payload, signer));
      const facets = { surface: null, actor: null, approver: null, decision: null };
      const { type, at: sealedAt } = record;
      await sequencer.append(TENANT, [{ action, seq, type, recordHash: hash, envelope, at: sealedAt, facets }]);
      if (seq === 0) verdict = performance.now() - began;
    }
    return { verdict, sealed: performance.now() };
  };
}

let made = 0;

async function round(world: TestDatabase, seal: Seal, followed: boolean): Promise<Round> {
  const { store } = world;
  const readModel = createReadModel(store);
  const findingWatch = createFindingWatch({ store, compiled: () => Promise.resolve(null) });
  const follower = followed ? followLogs({ readModel, findingWatch, log: pino({ level: 'warn' }) }) : null;
  // What an earlier round left behind is no part of this one.
  if (followed) await readModel.catchUp(TENANT);
  const done: Round = { verdicts: [], lags: [] };
  const waiting: { size: number; sealed: number }[] = [];
  const running: Promise<void>[] = [];
  const began = performance.now();
  const watch = followed ? watchSize(world, waiting, done.lags) : null;
  for (let n = 0; performance.now() - began < ROUND_MS; n += 1) {
    running.push(
      seal(`act_${(made += 1)}`).then(async ({ verdict, sealed }) => {
        done.verdicts.push(verdict);
        if (watch !== null) waiting.push({ size: (await store.facts.projected(TENANT)).logSize, sealed });
      }),
    );
    const due = began + ((n + 1) * 1000) / PER_SECOND;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
  }
  await Promise.all(running);
  await watch?.();
  await follower?.close();
  return done;
}

/** Looks how far the rows are, until all that was sealed is among them. */
function watchSize(
  { store }: TestDatabase,
  waiting: { size: number; sealed: number }[],
  lags: number[],
): () => Promise<void> {
  let ended = false;
  const looking = (async () => {
    while (!ended || waiting.length > 0) {
      const { size } = await store.facts.projected(TENANT);
      const now = performance.now();
      for (let n = waiting.length - 1; n >= 0; n -= 1) {
        const one = waiting[n];
        if (one === undefined || one.size > size) continue;
        lags.push(now - one.sealed);
        waiting.splice(n, 1);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  })();
  return async () => {
    ended = true;
    await looking;
  };
}
