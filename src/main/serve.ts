/** Code that the processes of a distributed stack share. All services are given; none is embedded. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { CountersignError } from '../contract/index.ts';
import { answerStarting } from '../api/starting.ts';
import { createStopping, within, type Circuit, type Stopping } from '../availability/index.ts';
import { createGateway, type Gateway } from '../gateway/index.ts';
import type { Client } from '@temporalio/client';
import { createJudging, type Judging, type PeopleTelling } from '../activities/index.ts';
import type { Config } from './config.ts';
import { acceptTogether, type Acceptors } from './accept.ts';
import { ensureBundle, ensureFirstKey, ensureKeys } from './bootstrap.ts';
import { prepareDataFolder } from './data-folder.ts';
import { createClient, TASK_QUEUE } from './engine.ts';
import { bridgeHub } from './hub-bridge.ts';
import { listen, type Closers } from './listen.ts';
import { openWatch, type Watch } from './metrics/watch.ts';
import { activityDeps, openParts, type Notifiers, type Parts } from './parts.ts';
import { stackChecks } from './readiness.ts';
import { slackNotifiers } from './slack-notifiers.ts';
import type { ReadinessCheck } from '../api/routes/health.ts';
import { createTemporalCircuit } from './temporal/guard.ts';
import { ensureSearchAttributes, openTemporal, type TemporalHandle } from './temporal/index.ts';

/**
 * How long an idle connection stays open, in milliseconds. It is longer than the 60 seconds of the usual proxies and clients, so that they
 * close it first: if we closed it, a request might already be on its way.
 */
const KEEP_ALIVE_MS = 75_000;

/** An HTTP server that listens. */
export interface Listening {
  server: Server;
  url: string;
  /** Lets `handler` answer from now on. Until then every answer says that the process is starting. */
  serve(handler: RequestListener): void;
  /** Takes no new connection, and resolves when open requests are answered, or after ten seconds. */
  drain(): Promise<void>;
}

/** An HTTP server with its address, stopped by `closers`. */
export async function openServer(config: Config, closers: Closers): Promise<Listening> {
  let answer: RequestListener = answerStarting;
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => answer(request, response));
  const port = await listen(server, config.port, config.host);
  const acceptors = acceptTogether(server);
  closers.add(async () => {
    const closed = closeServer(server, acceptors);
    // Keep-alive connections would hold the server open. Requests in flight are already durable.
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 2000).unref();
    await closed;
  });
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return {
    server,
    url: `http://${host}:${port}`,
    serve: (handler) => (answer = handler),
    drain: () => drained(server, acceptors),
  };
}

/** Time for open requests when the process stops, in milliseconds. The operator waits longer before killing it (docs/operations.md). */
const DRAIN_MS = 10_000;

/** Resolves when every connection is closed, whichever descriptor took it. */
async function closeServer(server: Server, acceptors: Acceptors): Promise<void> {
  await Promise.all([new Promise((resolve) => server.close(resolve)), acceptors.close()]);
}

async function drained(server: Server, acceptors: Acceptors): Promise<void> {
  // An idle connection stays open for a next request, which must not come any more.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  try {
    await within(DRAIN_MS, closeServer(server, acceptors));
  } catch {
    // Remaining requests are cut off when the server is closed.
  } finally {
    clearInterval(idle);
  }
}

export interface Service {
  parts: Parts;
  temporal: TemporalHandle;
  client: Client;
  gateway: Gateway;
  /** In front of Temporal. */
  circuit: Circuit;
  /** Shared with the worker of this process, where there is one. */
  judging: Judging;
  watch: Watch;
  /** Ends long polls before this process stops. */
  stopping: Stopping;
  /** What every process needs to be ready. */
  checks: ReadinessCheck[];
  /** From now on, reports readiness. @param checks further checks of this process */
  show(checks?: ReadinessCheck[]): void;
}

/**
 * @param local Tells this process alone.
 *
 * @param shared Tells every process of the stack. Judging needs neither Slack nor the console.
 */
export const judgingOf = (local: Parts, shared: Parts): Judging =>
  createJudging({ alone: activityDeps(local, null, null), shared: activityDeps(shared, null, null) });

/**
 * @param notifier who tells the people of each tenant in Slack; it may connect later
 *
 * @param telling where this process runs a worker as well: it tells people what waits for them before it wakes the workflow
 */
export function gatewayOf(
  parts: Parts,
  client: Client,
  judging: Judging,
  {
    taskQueue = TASK_QUEUE,
    notifier = () => null,
    stopping = createStopping(),
    telling,
  }: { taskQueue?: string; notifier?: Notifiers; stopping?: Stopping; telling?: PeopleTelling } = {},
): Gateway {
  return createGateway({
    ...parts,
    signers: (tenant) => parts.keys.forTenant(tenant),
    attestationKeys: () => parts.keys.attestationKeys,
    client,
    taskQueue,
    judging,
    ...(telling === undefined ? {} : { telling }),
    notifier,
    stopping,
    startDelayMs: parts.config.startDelayMs,
    searchAttributes: parts.config.searchAttributes,
    authenticate: (authorization) => parts.authenticate(authorization),
    webhookTargets: parts.config.webhooks.targets,
    accessRequests: parts.config.accessRequests,
    now: () => parts.now(),
  });
}

/**
 * Opens one process of a stack whose PostgreSQL, Temporal and data folder (keys) are shared.
 *
 * @throws CountersignError `configuration` when one of them is not given.
 */
export async function openService(config: Config, closers: Closers, io: { out(line: string): void }): Promise<Service> {
  if (config.databaseUrl === undefined || config.temporal.address === undefined) {
    throw new CountersignError(
      'configuration',
      'a single service needs DATABASE_URL and TEMPORAL_ADDRESS; `countersign start` brings its own of both',
    );
  }
  prepareDataFolder(config.dataDir);
  const watch = await openWatch(config, closers, io);
  const { log, meters } = watch;
  const temporal = await openTemporal(config, { say: (line) => io.out(line) });
  closers.add(() => temporal.stop());
  if (config.searchAttributes) await ensureSearchAttributes(temporal, log);
  const localParts = await openParts(config, config.databaseUrl, log, { meters });
  closers.add(() => localParts.close());
  const bridge = await bridgeHub(localParts, config.databaseUrl);
  closers.add(() => bridge.close());
  const parts = { ...localParts, hub: bridge.hub };
  await ensureKeys(parts, (line) => io.out(line));
  await ensureFirstKey(parts);
  const notice = await ensureBundle(parts);
  if (notice !== null) io.out(notice);
  const circuit = createTemporalCircuit(temporal.connection);
  closers.add(async () => circuit.close());
  const client = createClient(parts, temporal.connection, temporal.namespace, circuit);
  const judging = judgingOf(localParts, parts);
  const checks = stackChecks(parts, circuit, temporal);
  const stopping = createStopping();
  return {
    parts,
    temporal,
    client,
    circuit,
    judging,
    watch,
    checks,
    gateway: gatewayOf(parts, client, judging, { notifier: slackNotifiers(parts, config.slack), stopping }),
    stopping,
    show: (more = []) => watch.show({ store: parts.store, ...temporal, taskQueue: TASK_QUEUE }, [...checks, ...more]),
  };
}
