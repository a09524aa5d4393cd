/** A stack of separate processes for benches of many actions: two surfaces that nobody is told about, and callers in lanes. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { issuePersonToken } from '../../src/identity/index.ts';
import { loadConfig } from '../../src/main/config.ts';
import { findTemporal } from '../../src/main/temporal/index.ts';
import { policiesFolder } from '../../test/support/policies.ts';
import { LEAD } from '../../test/support/stack.ts';
import { startCluster, type Cluster } from '../../scripts/cluster/cluster.ts';
import { startDevPlatform } from '../../scripts/cluster/dev-platform.ts';
import type { ServiceProcess } from '../../scripts/cluster/services.ts';

/** Until when what is released has to be reported, in seconds, and how a small and a large amount is judged: released, parked. */
const policy = (withinS: number): string => `policy: bench.many
surfaces: [bench.many]
rules:
  - { id: small, when: params.amount <= 100, then: approve }
  - id: medium
    when: 'true'
    then: supervise
    approval:
      stages: [{ name: finance, approvers: ['group:finance'], remind: 24h }]
      expires: 72h
permit: ${Math.min(withinS, 300)}s
collectWithin: ${withinS}s
outcome: { within: ${withinS}s }
`;

export interface Answer {
  status: number;
  retryAfter: string | null;
  ms: number;
  body: { id?: string; status?: string; permit?: string | null };
}

export interface ManyStack {
  cluster: Cluster;
  workers: readonly ServiceProcess[];
  /** Sends it once. */
  call(method: string, path: string, body?: object, asPerson?: boolean): Promise<Answer>;
  /** Asks for one action, and again until it is judged: its id. */
  asked(amount: number): Promise<string>;
  stop(): Promise<void>;
}

export async function startMany(
  options: { withinS: number; workers?: number; apis?: number },
  env: NodeJS.ProcessEnv = {},
): Promise<ManyStack> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-many-'));
  const policies = policiesFolder({ 'bench.many.yaml': policy(options.withinS) });
  const config = loadConfig({ ...process.env, COUNTERSIGN_METRICS_PORT: undefined });
  const { cliPath } = config.temporal;
  const { path: binary } = await findTemporal({
    env: process.env,
    cliPath,
    cacheDir: config.cacheDir,
    say: console.log,
  });
  const platform = await startDevPlatform({ folder, config, binary });
  const dataDir = join(folder, 'data');
  const cluster = await startCluster({
    ...{ platform, name: 'many', dataDir, slack: false, apis: options.apis ?? 1, workers: options.workers ?? 1 },
    env: {
      ...{ COUNTERSIGN_POLICIES: policies.path, COUNTERSIGN_REQUESTS_PER_MINUTE: '100000000' },
      ...{ COUNTERSIGN_LOG_LEVEL: 'silent', ...env },
    },
  });
  const key = readFileSync(join(dataDir, 'first-key'), 'utf8').trim();
  const { keys, directory } = cluster.parts;
  const person = await issuePersonToken(keys.attestation, {
    ...{ person: LEAD, tenant: 'default', directory: directory.current('default'), now: Date.now() },
  });
  // Not through the front, which shares this process with the callers.
  const apis = cluster.services.flatMap(({ kind, url }) => (kind === 'api' && url !== null ? [url] : []));
  let turn = 0;
  const call: ManyStack['call'] = async (method, path, body, asPerson = false) => {
    turn += 1;
    const api = apis[turn % apis.length] ?? cluster.url;
    const began = performance.now();
    const response = await fetch(api + path, {
      method,
      headers: {
        authorization: `Bearer ${asPerson ? person : key}`,
        'content-type': 'application/json',
        'idempotency-key': randomUUID(),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Answer['body'];
    const ms = performance.now() - began;
    return { status: response.status, retryAfter: response.headers.get('retry-after'), ms, body: answer };
  };
  return {
    cluster,
    workers: cluster.services.filter(({ kind }) => kind === 'worker'),
    call,
    async asked(amount) {
      for (;;) {
        const { status, body } = await call('POST', '/v1/actions', request(amount));
        if (status < 300 && body.id !== undefined) return body.id;
        if (status < 500) throw new Error(`an action was answered ${status}`);
        await sleep(500);
      }
    },
    async stop() {
      await cluster.stop();
      await platform.stop();
      policies.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const request = (amount: number): object => ({
  ...{ surface: 'bench.many', action: 'refund.create', actor: { id: 'agent:bench', type: 'agent' } },
  ...{ resource: { type: 'order', id: `ord_${randomUUID()}` }, params: { amount, currency: 'USD' } },
});

/** Does it `count` times, `lanes` at once. */
export async function inLanes(lanes: number, count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work((next += 1));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Milliseconds until each of them says that it is ready. */
export async function untilReady(services: readonly ServiceProcess[]): Promise<number> {
  const began = performance.now();
  for (const { ownUrl } of services) {
    while ((await fetch(`${ownUrl ?? ''}/readyz`).catch(() => null))?.ok !== true) await sleep(100);
  }
  return performance.now() - began;
}

/** One of its own metrics, without labels or as `name{label="value"}`. */
async function metric({ ownUrl }: ServiceProcess, name: string): Promise<number> {
  const text = await (await fetch(`${ownUrl ?? ''}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

/** Of one process, in MiB. */
export const residentMiB = async (service: ServiceProcess): Promise<number> =>
  (await metric(service, 'process_resident_memory_bytes')) / 2 ** 20;

/** Tasks that are about to be handled anyway, or counted though they are done. */
const A_FEW = 20;

/** Until workers have handled what waits for them: callers are answered before. */
export async function caughtUp(worker: ServiceProcess): Promise<void> {
  while (!((await metric(worker, 'countersign_backlog{kind="workflow"}')) <= A_FEW)) await sleep(2000);
}
