/** Fills an empty data folder with a history. */
import pg from 'pg';
import { CountersignError, DEFAULT_TENANT } from '../../src/contract/index.ts';
import { FIRST_KEY_SCOPE } from '../../src/identity/index.ts';
import { ensureBundle, ensureFirstKey, ensureKeys } from '../../src/main/bootstrap.ts';
import type { Config } from '../../src/main/config.ts';
import { prepareDataFolder } from '../../src/main/data-folder.ts';
import { activityDeps, createLogger, openParts, type Parts } from '../../src/main/parts.ts';
import { createSequencer } from '../../src/sequencer/index.ts';
import { lockDataFolder, openEmbeddedPostgres, openStore } from '../../src/store/index.ts';
import { plantedActions } from './anomalies.ts';
import { calendarOf, DAY_MS } from './clock.ts';
import { sealHistory } from './history.ts';
import { wordsOf } from './live.ts';
import { castOf } from './people.ts';
import type { PlannedAction } from './plan.ts';
import { createMemory } from './remembered.ts';
import { ordinaryYear } from './year.ts';

export interface SeedOptions {
  actions: number;
  seed: number;
  days: number;
  /** Without anomalies. */
  clean: boolean;
  /** Milliseconds since the epoch: the history ends then. */
  until: number;
  onProgress?: (actions: number, records: number) => void;
}

/** How much it is. */
export interface Sealed {
  actions: number;
  records: number;
}

/** In the order of time. */
export function planOf({ actions, seed: number, days, clean, until }: SeedOptions): Iterable<PlannedAction> {
  const calendar = calendarOf(until, days);
  const cast = castOf(actions);
  const ordinary = ordinaryYear({ calendar, cast, count: actions, seed: number });
  return merged(ordinary, clean ? [] : plantedActions({ calendar, cast, seed: number }));
}

function* merged(first: Iterable<PlannedAction>, second: readonly PlannedAction[]): Generator<PlannedAction> {
  let next = 0;
  for (const one of first) {
    for (; next < second.length && (second[next]?.askedAt ?? 0) < one.askedAt; next += 1)
      yield second[next] as PlannedAction;
    yield one;
  }
  yield* second.slice(next);
}

/**
 * @param then done in the open stack, before it is closed
 * @throws CountersignError `configuration` where the folder has a history already
 */
export async function seed(
  config: Config,
  options: SeedOptions,
  then: (parts: Parts, done: Sealed) => Promise<void> = async () => undefined,
): Promise<Sealed> {
  prepareDataFolder(config.dataDir);
  const lock = await lockDataFolder(config.dataDir);
  const postgres = config.databaseUrl === undefined ? await openEmbeddedPostgres({ dataDir: config.dataDir }) : null;
  const url = config.databaseUrl ?? postgres?.connectionString ?? '';
  try {
    const parts = await openParts(config, url, createLogger('warn'));
    try {
      const done = await fill(parts, url, options);
      await then(parts, done);
      return done;
    } finally {
      await parts.close();
    }
  } finally {
    await postgres?.stop();
    lock.release();
  }
}

/** A power cut may cost the history, which is made again. */
function relaxed(url: string): string {
  const address = new URL(url);
  address.searchParams.set('options', '-c synchronous_commit=off');
  return address.href;
}

/** The same in an open stack. */
export async function fill(parts: Parts, url: string, options: SeedOptions): Promise<Sealed> {
  const tenant = DEFAULT_TENANT;
  const begins = (): Date => new Date(options.until - (options.days + 1) * DAY_MS);
  if ((await parts.store.facts.projected(tenant)).logSize > 0) {
    throw new CountersignError('configuration', 'there is a history already; give COUNTERSIGN_DATA another folder');
  }
  await ensureKeys(parts, () => undefined, begins);
  await ensureFirstKey(parts, begins);
  await ensureBundle(parts, begins);
  const { credentials } = await parts.register.current(tenant);
  const key = [...credentials.keys()][0] ?? '';
  const words = wordsOf(
    () => parts.keys.attestation,
    () => parts.keys.attestationKeys,
  );
  const memory = createMemory(parts.store, tenant, parts.keys.payloadCipher);
  const pool = new pg.Pool({ connectionString: relaxed(url), max: 1 });
  const store = await openStore({ connectionString: relaxed(url), cipher: parts.keys.payloadCipher });
  try {
    return await sealHistory(
      {
        ...{ memory, pool, tenant, until: options.until, sequencer: createSequencer({ store, keys: parts.keys }) },
        words,
        deps: {
          ...activityDeps(parts, null, null),
          ...{ store: memory.store, sequencer: memory.sequencer },
          attestor: { ...parts.attestor, verify: words.verify },
        },
        caller: { kind: 'key', id: `key:${key}`, tenant, ...FIRST_KEY_SCOPE },
        ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      },
      planOf(options),
    );
  } finally {
    await Promise.all([pool.end(), store.close()]);
  }
}
