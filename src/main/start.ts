/** All in one: Temporal, store, API, worker, Slack, console, in one process group. */
import { randomUUID } from 'node:crypto';
import { writeFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CountersignError, DEFAULT_TENANT } from '../contract/index.ts';
import { createTelling } from '../activities/index.ts';
import { createApi } from '../api/server.ts';
import { consoleRoutes } from '../console/page.ts';
import { signInRoutes } from '../console/sign-in.ts';
import { createAutoApprover, refuseAutoAmongPeople, type AutoAnswer } from './auto-approver.ts';
import { lockDataFolder, openEmbeddedPostgres } from '../store/index.ts';
import type { Sessions } from '../gateway/session-types.ts';
import { isLoopback, type Config, type SlackSettings } from './config.ts';
import { ensureBundle, ensureFirstKey, ensureKeys, refuseKnownForbidden } from './bootstrap.ts';
import { RUNTIME_FILE } from './local-files.ts';
import { prepareDataFolder } from './data-folder.ts';
import { createClient, startWorkerOn, TASK_QUEUE, type RunningWorker } from './engine.ts';
import { followLogs } from './follow-logs.ts';
import { bridgeHub } from './hub-bridge.ts';
import { Closers } from './listen.ts';
import { openWatch } from './metrics/watch.ts';
import { withOthers } from './notifiers.ts';
import { activityDeps, openParts, type Notifiers, type Parts } from './parts.ts';
import { withImported } from './imported-logs.ts';
import { publicLog } from './public-log.ts';
import { loadBundle } from './policies.ts';
import { keepSchedules } from './schedules.ts';
import { ensureSharing } from './witnesses.ts';
import { stackChecks, workerChecks } from './readiness.ts';
import { openSandbox, SANDBOX_PATH, type SandboxFactory } from './sandbox.ts';
import { gatewayOf, judgingOf, openServer } from './serve.ts';
import { connectTeams } from './teams.ts';
import { connectWorkspaces, type SlackConnection } from './slack.ts';
import { createTemporalCircuit } from './temporal/guard.ts';
import { ensureSearchAttributes, openTemporal, type TemporalHandle } from './temporal/index.ts';

/** Prints to the person who started it. */
export interface StartIo {
  out(line: string): void;
  /** Starts the Slack sandbox where no Slack is configured. It is passed in, because the product does not know it. */
  sandbox?: SandboxFactory;
  /** Answers in place of approvers, for the tests of other projects. */
  auto?: AutoAnswer;
}

export interface Stack {
  url: string;
  temporal: TemporalHandle;
  parts: Parts;
  firstKey: string | null;
  /** True if this start created it. Nobody knows it yet, so it is printed. */
  firstKeyMade: boolean;
  /** Signs the owner in once, within a quarter of an hour; null where the directory names none. */
  signInLink: string | null;
  /** The worker of this process. */
  worker: RunningWorker;
  /** Rejects when an indispensable part dies. */
  failed: Promise<never>;
  stop(): Promise<void>;
}

/** Anybody who reaches the sandbox can act as anyone, without a credential. So it listens on loopback addresses only. */
function refuseOpenSandbox({ slack, host }: Config, { sandbox }: StartIo): void {
  if (slack !== null || sandbox === undefined || isLoopback(host)) return;
  throw new CountersignError(
    'configuration',
    `without Slack tokens the Slack sandbox is served, in which everybody is anybody, and COUNTERSIGN_HOST \`${host}\` lets other machines reach it; set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET, or COUNTERSIGN_HOST=127.0.0.1`,
  );
}

/**
 * Starts the whole stack and answers when it serves.
 *
 * @throws CountersignError `configuration` or `invalid-policy` with one sentence that says what to do; everything started is stopped.
 */
export async function startStack(config: Config, io: StartIo): Promise<Stack> {
  const closers = new Closers();
  try {
    refuseOpenSandbox(config, io);
    refuseAutoAmongPeople(config, io.auto ?? 'ask');
    const auto = createAutoApprover(io.auto ?? 'ask');
    loadBundle(config.policiesDir);
    prepareDataFolder(config.dataDir);
    const lock = await lockDataFolder(config.dataDir);
    closers.add(async () => lock.release());
    const watch = await openWatch(config, closers, io);
    const { log, meters } = watch;

    // Bind the address first, before starting anything that a failure would have to stop again.
    const { server, url, serve } = await openServer(config, closers);

    const [database, temporal] = await bothOrNeither(
      closers,
      config.databaseUrl === undefined
        ? openEmbeddedPostgres({ dataDir: config.dataDir }).then((it) => ({
            connectionString: it.connectionString,
            stop: () => it.stop(),
          }))
        : Promise.resolve({ connectionString: config.databaseUrl, stop: async () => undefined }),
      openTemporal(config, { say: (line) => io.out(line) }),
    );
    if (config.searchAttributes) await ensureSearchAttributes(temporal, log);
    const opened = await openParts(config, database.connectionString, log, { url, meters });
    const localParts = auto === null ? opened : { ...opened, hub: auto.watch(opened.hub) };
    closers.add(() => localParts.close());
    // Only a given database can be shared with other processes of the stack.
    const bridge = config.databaseUrl === undefined ? null : await bridgeHub(localParts, config.databaseUrl);
    if (bridge !== null) closers.add(() => bridge.close());
    const parts = bridge === null ? localParts : { ...localParts, hub: bridge.hub };

    await ensureKeys(parts, (line) => io.out(line));
    const firstKey = await ensureFirstKey(parts);
    const notice = await ensureBundle(parts);
    if (notice !== null) io.out(notice);

    const circuit = createTemporalCircuit(temporal.connection);
    closers.add(async () => circuit.close());
    const client = createClient(parts, temporal.connection, temporal.namespace, circuit);
    const judging = judgingOf(localParts, parts);
    // Slack is connected to the gateway, and the gateway tells people in it.
    let connected: SlackConnection | null = null;
    // So are those who tell people everywhere.
    let everywhere: Notifiers = () => null;
    const consoleUrl = config.publicUrl ?? url;
    const deps = activityDeps(parts, (tenant) => everywhere(tenant), consoleUrl);
    const telling = createTelling(deps);
    const notifier: Notifiers = (tenant) => connected?.notifier(tenant) ?? null;
    const gateway = gatewayOf(parts, client, judging, { notifier, telling });
    auto?.answerThrough(gateway, parts);
    const sandbox = config.slack === null && io.sandbox !== undefined ? openSandbox(config, parts, io.sandbox) : null;
    if (sandbox !== null) closers.add(async () => sandbox.close());
    const settings: SlackSettings | null =
      sandbox === null
        ? config.slack
        : {
            botToken: sandbox.botToken,
            signingSecret: sandbox.signingSecret,
            appToken: undefined,
            apiUrl: `${url}${SANDBOX_PATH}/api/`,
          };
    const slack = connectWorkspaces(parts, gateway, { settings, consoleUrl });
    connected = slack;
    closers.add(() => slack.stop());
    const teams = connectTeams(parts, gateway, consoleUrl);
    if (teams !== null) closers.add(() => teams.stop());
    const people = withOthers(parts, slack.notifier);
    everywhere = people.notifier;
    closers.add(async () => people.close());

    await refuseKnownForbidden(gateway, randomUUID(), { say: (line) => io.out(line) });
    const worker: RunningWorker = await startWorkerOn(parts, temporal.connection, temporal.namespace, deps, {
      judging,
      telling,
      nexus: config.nexus,
    });
    closers.add(() => worker.stop());

    const schedules = await keepSchedules(client, TASK_QUEUE, log);
    closers.add(() => schedules.stop());
    await ensureSharing(client, TASK_QUEUE, parts.sharing, log);

    const following = followLogs(parts);
    closers.add(() => following.close());
    const checks = stackChecks(parts, circuit, temporal);
    const app = createApi({
      gateway,
      log: withImported(publicLog(parts), parts.config.dataDir),
      errorLog: log,
      authzen: { url: config.publicUrl ?? url, accessRequests: config.accessRequests },
      requestsPerMinute: config.requestsPerMinute,
      requestsAtOnce: config.requestsAtOnce,
      onShed: watch.meters.shed,
      codecOrigins: [...config.codecOrigins, ...(temporal.uiUrl === null ? [] : [temporal.uiUrl])],
      pages: (web) =>
        void web.use(consoleRoutes()).use(signInRoutes({ gateway, url: config.origin ?? config.publicUrl ?? null })),
      checks,
      observe: watch.observe,
      ...(watch.handler === undefined ? {} : { metrics: watch.handler }),
      beforeBodies: (web) => {
        slack.mount(web);
        teams?.mount(web);
        if (sandbox !== null) web.use(SANDBOX_PATH, sandbox.router);
      },
    });
    serve(app);
    watch.show({ store: parts.store, ...temporal, taskQueue: TASK_QUEUE }, [
      ...checks,
      ...workerChecks(temporal, worker),
      ...people.checks,
    ]);
    sandbox?.attachWebSocket(server);
    sandbox?.setUrl(`${url}${SANDBOX_PATH}`);
    sandbox?.control.setRequestUrl(`${url}/slack/events`);
    await slack.start();
    writeFileSync(
      join(config.dataDir, RUNTIME_FILE),
      `${JSON.stringify({ url, pid: process.pid, temporal: temporal.address, ui: temporal.uiUrl })}\n`,
      { mode: 0o600 },
    );
    closers.add(async () => rmSync(join(config.dataDir, RUNTIME_FILE), { force: true }));

    const failed = Promise.race([worker.done.then(() => new Promise<never>(() => undefined)), temporal.failed]);
    failed.catch(() => undefined);
    return {
      url,
      temporal,
      parts,
      firstKey: firstKey.key,
      signInLink: await signInLink(parts, gateway, consoleUrl),
      firstKeyMade: firstKey.made && config.apiKey === undefined,
      worker,
      failed,
      stop: () => closers.closeAll(),
    };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

const LINK_S = 15 * 60;

async function signInLink(
  { directory }: Parts,
  gateway: Pick<Sessions, 'loginCode'>,
  url: string,
): Promise<string | null> {
  const people = directory.current(DEFAULT_TENANT).people();
  const owner = people.find(({ active, roles }) => active && roles.includes('owner'));
  if (owner === undefined) return null;
  const who = { provider: 'link', tenant: DEFAULT_TENANT, person: owner.id, provedAt: Date.now() };
  return `${url}/sign-in/link?code=${await gateway.loginCode(who, null, LINK_S)}`;
}

/** Starts both side by side; when one fails, the other is stopped with everything else. */
async function bothOrNeither<A extends { stop(): Promise<unknown> }, B extends { stop(): Promise<unknown> }>(
  closers: Closers,
  first: Promise<A>,
  second: Promise<B>,
): Promise<[A, B]> {
  const [a, b] = await Promise.allSettled([first, second]);
  for (const result of [a, b]) {
    if (result.status === 'fulfilled') closers.add(() => result.value.stop());
  }
  if (a.status === 'rejected') throw a.reason;
  if (b.status === 'rejected') throw b.reason;
  return [a.value, b.value];
}
