/**
 * `npm run cluster`: the processes of a large installation on this machine, on loopback: the production server of Temporal and PostgreSQL,
 * two APIs, two workers, Slack's service at the sandbox, and one address before them. Everything is thrown away at the end.
 *
 * `npm run cluster -- platform` starts PostgreSQL and Temporal alone and says in one line of JSON where they are: with that in
 * `COUNTERSIGN_TEST_CLUSTER`, the end-to-end tests make their stacks there, of processes.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/main/config.ts';
import { temporalServer } from './binaries.ts';
import { startCluster } from './cluster.ts';
import { startPlatform } from './platform.ts';

const [what = 'all'] = process.argv.slice(2);
const say = (line: string): void => console.error(line);
const config = loadConfig({ ...process.env, COUNTERSIGN_METRICS_PORT: undefined });
const folder = mkdtempSync(join(tmpdir(), 'countersign-cluster-'));
const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
});

say('PostgreSQL and the production server of Temporal start …');
const platform = await startPlatform({
  folder,
  config,
  binaries: await temporalServer(config.cacheDir, say),
  dynamic: fileURLToPath(new URL('../../deploy/temporal/dynamic-config.yaml', import.meta.url)),
});
let stop = (): Promise<void> => platform.stop();
try {
  if (what === 'platform') {
    console.log(JSON.stringify({ adminUrl: platform.adminUrl, temporalAddress: platform.temporalAddress }));
  } else {
    say('two APIs, two workers and Slack’s service start …');
    const dataDir = join(folder, 'data');
    const cluster = await startCluster({ platform, name: 'countersign', dataDir, say });
    stop = async () => {
      await cluster.stop();
      await platform.stop();
    };
    say(`
The cluster serves.
  API            ${cluster.url}
  console        ${cluster.url}/console
  Slack sandbox  ${cluster.url}/slack-sandbox
  Temporal       ${platform.temporalAddress}, namespace countersign
  first API key  ${readFileSync(join(dataDir, 'first-key'), 'utf8').trim()}
`);
    for (const { kind, pid, url, ownUrl } of cluster.services) {
      say(
        `  ${kind.padEnd(7)} ${String(pid).padStart(7)}  ${url ?? 'serves nobody'}  says how it is at ${ownUrl ?? '-'}`,
      );
    }
    say('\nCtrl-C stops it and removes what it kept.');
  }
  await stopped;
} finally {
  await stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
