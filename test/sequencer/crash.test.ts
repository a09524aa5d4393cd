import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeVerifyEd25519 } from '../../src/keys/index.ts';
import {
  decodeEntries,
  emptyFrontier,
  extendFrontier,
  leafHash,
  openCheckpoint,
  TILE_WIDTH,
} from '../../src/ledger/index.ts';
import { equalBytes } from '../../src/canonical/index.ts';
import { createLogReader, createSequencer, type StagedRecord } from '../../src/sequencer/index.ts';
import { checkLog, type CheckedLog } from '../support/check-log.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { seededRandom } from '../support/random.ts';
import { stageRecord } from '../support/records.ts';
import { SEED } from '../support/seed.ts';

/** How often each is killed; the issue asks for 200 writers, `COUNTERSIGN_CRASHES=200` kills as many of either kind. */
const CRASHES = Number(process.env['COUNTERSIGN_CRASHES'] ?? 20);
const WRITER = fileURLToPath(new URL('crash-writer.ts', import.meta.url));
/** Inside the tree, so that what it imports of packages is found. */
const BUILT = fileURLToPath(new URL(`../../node_modules/.cache/crash-writer-${process.pid}.mjs`, import.meta.url));

/** When each dies: between two answers, before the first, after many. */
const random = seededRandom(SEED);

let world: TestDatabase;
let look: CheckedLog;

beforeAll(async () => {
  // Built once, for a process that lives for a tenth of a second.
  await build({
    entryPoints: [WRITER],
    outfile: BUILT,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
  });
  world = await openTestDatabase();
  look = await checkLog(world);
});
afterAll(async () => {
  await world.close();
  rmSync(BUILT);
});

interface Writer {
  /** Index and hash of every record it was answered for. */
  answered: Map<number, string>;
  ready: Promise<void>;
  /** Kills it, and resolves when all that it said was heard. @throws Error when it had ended by itself */
  kill(): Promise<void>;
}

function startWriter(name: string): Writer {
  const child = spawn(process.execPath, [BUILT, world.dataDir, world.postgres.connectionString, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const answered = new Map<number, string>();
  let rest = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const [index = '', hash = ''] = line.split(' ');
        if (index === 'ready') resolve();
        else answered.set(Number(index), hash);
      }
    });
  });
  const closed = once(child, 'close');
  const begun = Promise.race([
    ready,
    closed.then(([code]) => Promise.reject(new Error(`${name} ended with ${String(code)}`))),
  ]);
  // The last ones are killed while nobody waits for them.
  begun.catch(() => undefined);
  return {
    answered,
    ready: begun,
    async kill() {
      if (child.exitCode !== null) throw new Error(`${name} ended by itself, with ${child.exitCode}`);
      child.kill('SIGKILL');
      await closed;
    },
  };
}

/** Keeps every checkpoint that a log serves, as somebody does who looks at it all the time. */
function watchCheckpoints(): { stop(): Promise<Set<string>> } {
  const served = new Set<string>();
  const reader = createLogReader(world);
  let over = false;
  const looking = (async () => {
    while (!over) {
      served.add(await reader.checkpoint('default').catch(() => ''));
      await sleep(1);
    }
  })();
  return {
    async stop() {
      over = true;
      await looking;
      served.delete('');
      return served;
    },
  };
}

/** Each of them is of a beginning of the log as it is now. @returns how many there were */
async function continues(served: ReadonlySet<string>): Promise<number> {
  const reader = createLogReader(world);
  const { key } = world.keys.forTenant('default').log;
  const roots = new Map<number, Uint8Array>();
  for (const note of served) {
    const { size, root } = await openCheckpoint(note, [key], nodeVerifyEd25519);
    const other = roots.get(size);
    expect(other === undefined || equalBytes(other, root), `two checkpoints of ${size} entries`).toBe(true);
    roots.set(size, root);
  }
  const last = Math.max(...roots.keys());
  let frontier = emptyFrontier();
  for (let from = 0; from < last; from += TILE_WIDTH) {
    const bundle = await reader.entries('default', from / TILE_WIDTH, Math.min(TILE_WIDTH, last - from));
    for (const entry of decodeEntries(bundle ?? new Uint8Array(0))) {
      const grown = extendFrontier(frontier, [leafHash(entry)]);
      frontier = grown.frontier;
      const then = roots.get(frontier.size);
      if (then !== undefined) expect(equalBytes(grown.root, then), `${frontier.size} entries`).toBe(true);
    }
  }
  expect(frontier.size).toBe(last);
  return roots.size;
}

describe(`kill -9 while sealing (COUNTERSIGN_TEST_SEED=${SEED})`, () => {
  it(`loses no answered record of writers (${CRASHES} times)`, { timeout: 120_000 + CRASHES * 20_000 }, async () => {
    let writers = [startWriter('w0'), startWriter('w1')];
    const watch = watchCheckpoints();
    const answered = new Map<number, string>();
    for (let crash = 1; crash <= CRASHES; crash++) {
      await Promise.all(writers.map(({ ready }) => ready));
      await sleep(1 + random(149));
      const [victim, survivor] = crash % 2 === 0 ? writers : [...writers].reverse();
      if (victim === undefined || survivor === undefined) throw new Error('there are two writers');
      await victim.kill();
      for (const [index, hash] of victim.answered) answered.set(index, hash);
      writers = [survivor, startWriter(`w${crash + 1}`)];
    }
    for (const writer of writers) {
      await writer.kill();
      for (const [index, hash] of writer.answered) answered.set(index, hash);
    }
    const served = await watch.stop();
    look = await checkLog(world, [look]);
    expect(await continues(served)).toBeGreaterThan(CRASHES);
    expect(answered.size).toBeGreaterThan(0);
    for (const [index, hash] of answered) expect(look.hashes[index]).toBe(hash);
    // Both records of a call, or neither.
    const firsts = look.keys.filter((key) => key.endsWith(' 0')).length;
    expect(firsts * 2).toBe(look.size);
  });

  it(
    `loses no answered record of the database (${CRASHES} times)`,
    { timeout: 120_000 + CRASHES * 20_000 },
    async () => {
      const tenant = 'second';
      const signer = world.keys.forTenant(tenant).record;
      let look = await checkLog({ ...world, tenant });
      for (let crash = 1; crash <= CRASHES; crash++) {
        const sequencer = createSequencer(world);
        const answered = new Map<number, string>();
        const unanswered: StagedRecord[] = [];
        let down = false;
        const lane = async (number: number): Promise<void> => {
          for (let n = 0; !down; n++) {
            const record = await stageRecord(signer, { tenant, action: `act_db_${crash}_${number}_${n}` });
            try {
              for (const sealed of await sequencer.append(tenant, [record])) {
                answered.set(sealed.index, sealed.recordHash);
              }
            } catch (error) {
              expect(error).toMatchObject({ code: 'unavailable' });
              unanswered.push(record);
              return;
            }
          }
        };
        const lanes = Array.from({ length: 16 }, (_, number) => lane(number));
        await sleep(1 + random(59));
        process.kill(world.postgres.pid, 'SIGKILL');
        await world.postgres.ended;
        down = true;
        await Promise.all(lanes);
        await world.restart();
        look = await checkLog({ ...world, tenant }, [look]);
        for (const [index, hash] of answered) expect(look.hashes[index]).toBe(hash);

        // Whoever got no answer asks again, here a new process would: each record is sealed exactly once.
        const again = createSequencer(world);
        const sealed = await Promise.all(unanswered.map((record) => again.append(tenant, [record])));
        const before = look;
        look = await checkLog({ ...world, tenant }, [before]);
        for (const [i, [entry]] of sealed.entries()) {
          expect(entry?.recordHash).toBe(unanswered[i]?.recordHash);
          expect(look.hashes[entry?.index ?? -1]).toBe(entry?.recordHash);
          expect(entry?.existing).toBe(before.hashes.includes(entry?.recordHash ?? ''));
        }
      }
    },
  );

  it('goes on in the same process when the database comes back', async () => {
    const signer = world.keys.forTenant('default').record;
    const sequencer = createSequencer(world);
    await sequencer.append('default', [await stageRecord(signer, { action: 'act_before' })]);
    await world.kill();
    const record = await stageRecord(signer, { action: 'act_between' });
    await expect(sequencer.append('default', [record])).rejects.toMatchObject({ code: 'unavailable' });
    await expect(world.store.ping()).rejects.toMatchObject({ code: 'unavailable' });
    await world.restart({ keepStores: true });
    expect(await sequencer.append('default', [record])).toMatchObject([{ existing: false }]);
    look = await checkLog(world, [look]);
  });
});
