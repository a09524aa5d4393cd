/**
 * `npm run chaos [-- --seconds 600] [--seed N] [--dev]`: faults under load, and afterwards a look from outside at everything that was answered.
 * On the cluster, with toxiproxy; with `--dev` on Temporal's dev server and without what Go would have to build, for a short run.
 *
 * The seed says which faults come in which order, to whom and how long, and what the callers ask; it is printed first.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomInt } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { issuePersonToken } from '../../src/identity/index.ts';
import { loadConfig } from '../../src/main/config.ts';
import { findTemporal } from '../../src/main/temporal/index.ts';
import { seededRandom } from '../../test/support/random.ts';
import { temporalServer } from '../cluster/binaries.ts';
import { keepRun } from '../../bench/many/runs.ts';
import { startCluster, type Cluster } from '../cluster/cluster.ts';
import { startDevPlatform } from '../cluster/dev-platform.ts';
import { startPlatform } from '../cluster/platform.ts';
import { audited, check, promises } from './check.ts';
import { absence, faultsOf, type Fault, type Random } from './faults.ts';
import { GREEDY, startLoad, type Seen } from './load.ts';
import { startToxiproxy } from './toxiproxy.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(randomInt(1, 2 ** 31)) },
    lanes: { type: 'string', default: '6' },
    dev: { type: 'boolean', default: false },
  },
});
const [seconds, seed, lanes] = [Number(values.seconds), Number(values.seed), Number(values.lanes)];
/** What one agent may be given by rule in this run, in hundredths. */
const LIMIT = 200_000;
/** `outcome.within` on the cluster, and how long all workers are away then, again and again. */
const WITHIN_S = 6;
const ABSENT_MS = 8000;
/** How often, in a run that is kept. Where processes start slowly, they come first and the run is longer than it was told to be. */
const ABSENCES = 20;
/** A run of so long is kept for the report. */
const WHOLE_S = 600;
/** How long a permit is good, and an approval waited for and what came of it collected, so that both come to their end while the clocks leap. */
const [PERMIT_S, EXPIRES_S] = [30, 45];
const APPROVER = 'user:finance-lead@acme.test';
const SMALL_DISK = '48m';
const FAKETIME = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (arch) => `/usr/lib/${arch}/faketime/libfaketimeMT.so.1`,
);

const say = (line: string): void => console.log(line);
say(`chaos: seed ${seed}, ${seconds} s, ${values.dev ? 'dev server' : 'cluster'}`);
const random = seededRandom(seed);
const folder = mkdtempSync(join(tmpdir(), 'countersign-chaos-'));
const config = loadConfig({ ...process.env, COUNTERSIGN_METRICS_PORT: undefined });
const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
const ending = async (): Promise<void> => {
  for (const end of ends.splice(0).reverse()) {
    try {
      await end();
    } catch (error) {
      console.error(error);
    }
  }
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void ending().then(() => process.exit(130)));
}

/** A file system of its own for the data folder, where we may make one. */
function smallDisk(place: string): boolean {
  mkdirSync(place, { recursive: true, mode: 0o700 });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK},mode=0700`, 'tmpfs', place], { stdio: 'ignore' });
  } catch {
    return false;
  }
  ends.push(() => execFileSync('umount', ['-l', place]));
  return true;
}

async function run(): Promise<boolean> {
  const platform = values.dev
    ? await startDevPlatform({
        folder,
        config,
        binary: (
          await findTemporal({ env: process.env, cliPath: config.temporal.cliPath, cacheDir: config.cacheDir, say })
        ).path,
      })
    : await startPlatform({
        folder,
        config,
        binaries: await temporalServer(config.cacheDir, say),
        dynamic: fileURLToPath(new URL('../../deploy/temporal/dynamic-config.yaml', import.meta.url)),
      });
  ends.push(() => platform.stop());
  const proxies = values.dev ? null : await startToxiproxy(config.cacheDir, say);
  if (proxies !== null) ends.push(() => proxies.stop());
  const dataDir = join(folder, 'data');
  const disk = smallDisk(dataDir) ? dataDir : null;
  const library = FAKETIME.find((path) => existsSync(path));
  const clock = library === undefined ? null : join(folder, 'clock');
  if (clock !== null) writeFileSync(clock, '+0\n', { mode: 0o644 });
  const policies = join(folder, 'policies');
  cpSync('policies', policies, { recursive: true });
  const file = join(policies, 'payments.refund.yaml');
  const shipped = readFileSync(file, 'utf8')
    .replace('max: 1000000', `max: ${LIMIT / 100}`)
    .replace('expires: 4h', `expires: ${EXPIRES_S}s`)
    .replace('\nretain:', `\npermit: ${PERMIT_S}s\ncollectWithin: ${EXPIRES_S}s\nretain:`);
  writeFileSync(file, values.dev ? shipped : shipped.replace('within: 10m', `within: ${WITHIN_S}s`));

  const through: Record<string, string> = {};
  if (proxies !== null) {
    through['postgres'] = await proxies.before('postgres', new URL(platform.adminUrl).host);
    through['temporal'] = await proxies.before('temporal', platform.temporalAddress);
  }
  const cluster = await startCluster({
    platform,
    name: 'chaos',
    dataDir,
    env: {
      COUNTERSIGN_POLICIES: policies,
      COUNTERSIGN_REQUESTS_PER_MINUTE: '100000000',
      COUNTERSIGN_LOG_LEVEL: 'silent',
      ...(clock === null || library === undefined
        ? {}
        : {
            ...{ LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: clock },
            ...{ FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
          }),
    },
    through: (at) => {
      const url = new URL(at.databaseUrl);
      url.host = through['postgres'] ?? url.host;
      return { databaseUrl: url.href, temporalAddress: through['temporal'] ?? at.temporalAddress };
    },
  });
  ends.push(() => cluster.stop());
  const key = readFileSync(join(dataDir, 'first-key'), 'utf8').trim();
  const { keys, directory } = cluster.parts;
  const approver = await issuePersonToken(keys.attestation, {
    ...{ person: APPROVER, tenant: 'default', directory: directory.current('default'), now: Date.now() },
  });
  const auditState = join(folder, 'audit-state.json');
  const before = await audited(cluster.url, key, auditState);
  if (before !== null) throw new Error(`the audit before the faults found: ${before}`);

  /** Those that are there now, the latest last. */
  const present: string[] = [];
  const load = startLoad({
    ...{ url: cluster.url, key, lanes, expiresMs: EXPIRES_S * 1000, random: seededRandom(seed + 1) },
    approver: () => approver,
    fault: () => present.at(-1) ?? 'none',
  });
  const victims = { platform, services: cluster.services, proxies, smallDisk: disk, clock };
  const counts = new Map<string, number>();
  const inflicted = async (fault: Fault): Promise<void> => {
    counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1);
    present.push(fault.name);
    await fault.inflict();
    present.splice(present.indexOf(fault.name), 1);
  };
  const end = Date.now() + seconds * 1000;
  const absences = seconds >= WHOLE_S ? ABSENCES : 0;
  /** One after the other. @param between comes before each of them, where there is one, and alone until it has come often enough */
  const inTurn = async (faults: readonly Fault[], draw: Random, between?: Fault): Promise<void> => {
    const owed = (): boolean => between !== undefined && (counts.get(between.name) ?? 0) < absences;
    while (Date.now() < end || owed()) {
      if (between !== undefined) await inflicted(between);
      await sleep(300 + draw(1200));
      if (owed()) continue;
      const fault = faults[draw(faults.length)];
      if (fault === undefined) break;
      await inflicted(fault);
    }
  };
  if (values.dev) await inTurn(faultsOf(victims, random), random);
  else {
    // Three kinds at once: while all workers are away, others die and connections are cut.
    const kinds = (['workers', 'processes', 'surroundings'] as const).map((kind, n) => {
      const draw = seededRandom(seed + 2 + n);
      const faults = faultsOf(victims, draw).filter(({ of }) => of === kind);
      return inTurn(faults, draw, kind === 'workers' ? absence(cluster.services, ABSENT_MS) : undefined);
    });
    await Promise.all(kinds);
  }
  say('the faults are over; what was begun ends');
  await load.finish();
  report(counts, load.seen);
  const limit = LIMIT;
  const wrong = [...load.wrong, ...(await check({ url: cluster.url, key, asked: load.asked, limit, auditState }))];
  wrong.push(...(await promisesIn(cluster)));
  for (const { kind, ownUrl } of cluster.services) {
    if (!(await becomesReady(`${ownUrl ?? ''}/readyz`))) wrong.push(`a process does not get ready: ${kind}`);
  }
  const faultsDone = total(counts);
  const greedy = load.asked.filter(({ actor }) => actor === GREEDY).length;
  say(
    `${load.asked.length} actions answered (${greedy} over a limit or near it), ${load.calls()} calls, ${faultsDone} faults of ${counts.size} kinds`,
  );
  if (seconds >= WHOLE_S && !values.dev) {
    const times = [...counts].map(([name, count]) => `${name} ${count}`).sort();
    const unanswered = [...load.seen.values()].reduce((sum, { failures }) => sum + total(failures), 0);
    keepRun('chaos', [
      ['seed, seconds, callers', `${seed}, ${seconds}, ${lanes}`],
      ['faults (at least 200)', String(faultsDone)],
      ['each of them', times.join('; ')],
      ['actions, calls, of them not answered and asked again', `${load.asked.length}, ${load.calls()}, ${unanswered}`],
      ['wrong afterwards', String(wrong.length)],
    ]);
  }
  for (const one of wrong) say(`WRONG: ${one}`);
  say(
    wrong.length === 0
      ? 'every answered action is there and ended, nothing was released or redeemed that should not be or after its time, every decision that counted is sealed at a true time, no message asks for what is over, and the log is audited clean'
      : `${wrong.length} wrong; the seed was ${seed}`,
  );
  return wrong.length === 0;
}

/** Everything has ended, so no message may ask for a decision any more; Slack may be told a little later. */
async function promisesIn({ sandbox }: Cluster): Promise<string[]> {
  for (let left = 60; ; left -= 1) {
    const found = sandbox === null ? [] : promises(sandbox.control.messages('#finance-approvals'));
    if (found.length === 0 || left === 0) return found;
    await sleep(1000);
  }
}

/** Within half a minute: what it asks others is asked again from time to time. */
async function becomesReady(readyz: string): Promise<boolean> {
  for (let left = 30; left > 0; left -= 1) {
    if ((await fetch(readyz).catch(() => null))?.ok === true) return true;
    await sleep(1000);
  }
  return false;
}

const total = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((sum, n) => sum + n, 0);

function report(counts: ReadonlyMap<string, number>, seen: ReadonlyMap<string, Seen>): void {
  say('\nwhile                          times  answered  not answered, and asked again      longest');
  for (const [name, { answers, failures, longestMs }] of seen) {
    const failed = [...failures].map(([what, count]) => `${count} × ${what}`).join(', ') || 'none';
    const times = String(counts.get(name) ?? '').padStart(5);
    say(
      `${name.padEnd(29)}  ${times}  ${String(answers).padStart(8)}  ${failed.padEnd(34)} ${(longestMs / 1000).toFixed(1)} s`,
    );
  }
  say('');
}

let held = false;
try {
  held = await run();
} catch (error) {
  console.error(error);
} finally {
  await ending();
}
process.exit(held ? 0 : 1);
