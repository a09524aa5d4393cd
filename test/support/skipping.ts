/**
 * The engine on Temporal's time-skipping server, where hours pass in milliseconds: the same parts as in `main`, with a clock that runs
 * along. The server is Temporal's own, compiled ahead of time (`wheels.ts`); it takes a port.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { InternalConnectionOptionsSymbol } from '@temporalio/client/lib/connection.js';
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js';
import { NativeConnection } from '@temporalio/worker';
import { createJudging } from '../../src/activities/index.ts';
import type { Notifier, ThreadEvent } from '../../src/notify/notifier.ts';
import type { Action, DecisionInput } from '../../src/contract/index.ts';
import { createGateway, type Gateway } from '../../src/gateway/index.ts';
import { createAttestor, type Caller } from '../../src/identity/index.ts';
import { ensureBundle, ensureFirstKey, ensureKeys } from '../../src/main/bootstrap.ts';
import { loadConfig } from '../../src/main/config.ts';
import { createClient, startWorkerOn, TASK_QUEUE } from '../../src/main/engine.ts';
import { installRuntime } from '../../src/main/temporal/runtime.ts';
import { activityDeps, createLogger, openParts } from '../../src/main/parts.ts';
import { freePort } from '../../src/store/index.ts';
import { openTestPostgres } from './cluster.ts';
import { eventually } from './eventually.ts';

export interface SkippingWorld {
  now(): number;
  /** Lets so many milliseconds pass. */
  pass(ms: number): Promise<void>;
  /** As the first key, or as a person. */
  ask(body: object, as?: string): Promise<Action>;
  decide(id: string, person: string, decision: DecisionInput): Promise<Action>;
  review(id: string, person: string, right: boolean): Promise<Action>;
  action(id: string): Promise<Action>;
  /** What was written into the thread of an action, oldest first. */
  told(id: string): ThreadEvent['kind'][];
  /** The sealed decisions of an action, oldest first: `expired`, `approve`, … */
  sealed(id: string): Promise<string[]>;
  close(): Promise<void>;
}

interface SkippingServer {
  connection: NativeConnection;
  /** Lets time pass at once, timer after timer. */
  sleep(ms: number): Promise<void>;
  currentTimeMs(): Promise<number>;
  stop(): Promise<void>;
}

/** The SDK's own starter gives it five seconds; a busy machine needs more. */
async function startSkippingServer(executable: string): Promise<SkippingServer> {
  const port = await freePort();
  const child = spawn(executable, [String(port)], { stdio: ['ignore', 'ignore', 'ignore'] });
  const exited = once(child, 'exit');
  // What the SDK's own starter asks for.
  const options = { address: `127.0.0.1:${port}`, [InternalConnectionOptionsSymbol]: { supportsTestService: true } };
  try {
    const connection = await eventually(
      'the time-skipping server answers',
      () => {
        if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
        return NativeConnection.connect(options).catch(() => undefined);
      },
      { withinMs: 120_000, everyMs: 200 },
    );
    const { testService } = connection;
    if (testService === undefined) throw new Error('the connection has no test service');
    return {
      connection,
      sleep: async (ms) => void (await testService.unlockTimeSkippingWithSleep({ duration: msToTs(ms) })),
      currentTimeMs: async () => tsToMs((await testService.getCurrentTime({})).time),
      async stop() {
        await connection.close();
        child.kill('SIGTERM');
        await exited;
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

export async function openSkippingWorld(executable: string, policies: string): Promise<SkippingWorld> {
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-skipping-'));
  const config = loadConfig({
    COUNTERSIGN_DATA: dataDir,
    COUNTERSIGN_POLICIES: policies,
    COUNTERSIGN_LOG_LEVEL: 'error',
  });
  const log = createLogger(config.logLevel);
  await installRuntime({ log });
  const postgres = await openTestPostgres({ dataDir });
  const server = await startSkippingServer(executable);
  const parts = await openParts(config, postgres.connectionString, log);
  await ensureKeys(parts, () => undefined);
  const { key } = await ensureFirstKey(parts);
  await ensureBundle(parts);

  /** How far this world is ahead of the machine. */
  let ahead = 0;
  const now = (): number => Date.now() + ahead;
  const events = new Map<string, ThreadEvent[]>();
  const notifier: Notifier = {
    post(message, posted) {
      const mine = { workspace: 'T0', channel: 'C0', ts: message.action, kind: 'channel' as const, person: null };
      return Promise.resolve({
        posted: [...posted.slice(0, 0), { ...mine, revision: message.revision, shownHash: '' }],
        unreachable: [],
      });
    },
    postPlan: (_message, posted) => Promise.resolve({ posted: [...posted], unreachable: [] }),
    thread([message], event) {
      const id = message?.ts ?? '';
      const before = events.get(id) ?? [];
      if (!before.some((one) => one.id === event.id)) events.set(id, [...before, event]);
      return Promise.resolve();
    },
    tell: () => Promise.resolve(null),
  };
  const clock = (): Date => new Date(now());
  const deps = { ...activityDeps(parts, () => notifier, null), now: clock };
  const judging = createJudging({ alone: deps, shared: deps });
  const worker = await startWorkerOn(parts, server.connection, 'default', deps, { judging });
  const gateway: Gateway = createGateway({
    notifier: () => null,
    ...parts,
    attestor: createAttestor(() => parts.keys.attestation, now),
    signers: (tenant) => parts.keys.forTenant(tenant),
    attestationKeys: () => parts.keys.attestationKeys,
    client: createClient(parts, server.connection, 'default'),
    taskQueue: TASK_QUEUE,
    judging,
    startDelayMs: 1000,
    now: clock,
  });
  const caller = await parts.authenticate(`Bearer ${key ?? ''}`);
  const personOf = (id: string): Caller => ({
    kind: 'person',
    id,
    tenant: 'default',
    surfaces: ['**'],
    actors: [id],
    roles: [...(parts.directory.current('default').person(id)?.roles ?? [])],
    groups: [...(parts.directory.current('default').person(id)?.groups ?? [])],
  });

  return {
    now,
    async pass(ms) {
      // The clock of the activities first: what the timers set off happens after them, never before.
      ahead += ms;
      await server.sleep(ms);
      ahead = (await server.currentTimeMs()) - Date.now();
    },
    ask: async (body, as) =>
      (await gateway.request(as === undefined ? caller : personOf(as), body, randomUUID(), 0)).action,
    decide: (id, person, decision) => gateway.decide(personOf(person), id, decision, 'api'),
    review: (id, person, right) => gateway.review(personOf(person), id, { right, reason: 'looked at it' }, 'api'),
    action: (id) => gateway.action(caller, id, 0),
    told: (id) => (events.get(id) ?? []).map(({ kind }) => kind),
    async sealed(id) {
      const { records } = await parts.store.records.list('default', { action: id }, undefined, 100);
      return records.map(({ record }) => (record.type === 'decision' ? record.decision : record.type)).reverse();
    },
    async close() {
      await worker.stop();
      await server.stop();
      await parts.close();
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
