/**
 * One log and several processes that write it, as APIs and workers do: entries per second, how many came with one commit, and how many commits
 * lost the race for the head. `npm run bench writers`
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFileKeys } from '../../src/keys/index.ts';
import { createSequencer, type AppendPath } from '../../src/sequencer/index.ts';
import { openEmbeddedPostgres, openStore } from '../../src/store/index.ts';

const TENANT = 'default';
const SECONDS = 4;
/** Calls at once in each process. */
const LANES = 32;
const PROCESSES = [1, 2, 4];

interface Told {
  entries: number;
  paths: Partial<Record<AppendPath, number>>;
}

/** A process that writes as fast as it is answered. */
async function write(dataDir: string, connectionString: string, name: string): Promise<Told> {
  const keys = await openFileKeys(dataDir);
  const store = await openStore({ connectionString, cipher: keys.payloadCipher, poolSize: 2 });
  const told: Told = { entries: 0, paths: {} };
  const onAppend = (path: AppendPath): void => void (told.paths[path] = (told.paths[path] ?? 0) + 1);
  const sequencer = createSequencer({ store, keys, onAppend });
  const envelope = Buffer.alloc(1800, 'x');
  const end = Date.now() + SECONDS * 1000;
  const lane = async (number: number): Promise<void> => {
    for (let n = 0; Date.now() < end; n += 1) {
      const action = `act_${name}_${number}_${n}`;
      const recordHash = `sha256:${Buffer.from(action.slice(-32).padEnd(32)).toString('hex')}`;
      const facets = { surface: 's', actor: 'a', approver: null, decision: 'approve' } as const;
      const at = new Date().toISOString();
      await sequencer.append(TENANT, [{ action, seq: 0, type: 'verdict', recordHash, envelope, at, facets }]);
      told.entries += 1;
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
  await store.close();
  return told;
}

export async function writers(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-writers-'));
  const dataDir = join(folder, 'data');
  const keys = await openFileKeys(dataDir);
  await keys.ensure(TENANT);
  const postgres = await openEmbeddedPostgres({ dataDir: join(folder, 'database') });
  const store = await openStore({ connectionString: postgres.connectionString, cipher: keys.payloadCipher });
  await store.migrate();
  await store.close();
  const rates: number[] = [];
  console.log('processes  entries/s  to one process  entries a commit  lost the race');
  for (const count of PROCESSES) {
    const children = Array.from({ length: count }, (_, n) =>
      fork(fileURLToPath(import.meta.url), [dataDir, postgres.connectionString, `${count}_${n}`], {
        execArgv: ['--import', 'tsx'],
      }),
    );
    const told = await Promise.all(children.map(async (child) => ((await once(child, 'message')) as [Told])[0]));
    const entries = told.reduce((sum, one) => sum + one.entries, 0);
    const commits = told.flatMap(({ paths }) => Object.values(paths)).reduce((sum, one) => sum + one, 0);
    const lost = told.reduce((sum, { paths }) => sum + (paths.moved ?? 0), 0);
    rates.push(entries / SECONDS);
    const ratio = (rates.at(-1) ?? 0) / (rates[0] ?? 1);
    console.log(
      `${String(count).padStart(9)}  ${(entries / SECONDS).toFixed(0).padStart(9)}  ${ratio.toFixed(2).padStart(14)}  ${(entries / commits).toFixed(1).padStart(16)}  ${((100 * lost) / commits).toFixed(1)} %`,
    );
  }
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
  return true;
}

const [, , dataDir, connectionString, name] = process.argv;
if (process.send !== undefined && dataDir !== undefined && connectionString !== undefined) {
  process.send(await write(dataDir, connectionString, name ?? ''));
}
