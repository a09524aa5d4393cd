/** A whole stack on real parts in a folder of its own: Temporal dev server, PostgreSQL, worker, API, Slack sandbox. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { createSlackSandbox, type SlackSandbox } from '../../sandbox/slack/index.ts';
import { issuePersonToken } from '../../src/identity/index.ts';
import type { AutoAnswer } from '../../src/main/auto-approver.ts';
import { loadConfig } from '../../src/main/config.ts';
import { startStack, type Stack } from '../../src/main/start.ts';
import { prepareCluster } from './cluster.ts';
import { eventually } from './eventually.ts';
import { expectDescribed } from './described.ts';
import { startClusterStack, testCluster } from './cluster-stack.ts';
import { replayAll } from './replay-all.ts';

export interface Answer {
  status: number;
  // Answers of the API are read by tests as they are; each assertion says what it expects.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
  headers: Headers;
}

export interface TestStack {
  stack: Stack;
  url: string;
  dataDir: string;
  /** Throws where `SLACK_BOT_TOKEN` is set, for none is started then. */
  readonly sandbox: SlackSandbox;
  /** Sends JSON as the first key, or as `token`. What is answered must be as `openapi.json` says. */
  call(
    method: string,
    path: string,
    body?: unknown,
    options?: { token?: string; headers?: Record<string, string> },
  ): Promise<Answer>;
  /** `POST /v1/actions` with a key of its own. */
  ask(body: unknown, options?: { key?: string; wait?: number; token?: string }): Promise<Answer>;
  person(id: string): Promise<string>;
  /** Stops it, after every sealed verdict was judged again and came out the same; `replay: false` where a test altered bundles. */
  stop(options?: { keepData?: boolean; replay?: boolean }): Promise<void>;
}

export const REFUND = {
  surface: 'payments.refund',
  action: 'refund.create',
  actor: { id: 'agent:support-bot', type: 'agent', onBehalfOf: { id: 'user:requester@acme.test', type: 'user' } },
  resource: { type: 'order', id: 'ord_991' },
  params: { amount: 42.5, currency: 'USD' },
  context: { environment: 'production' },
};

/** Each amount is about an order of its own: a no to one (`refusalStands`) is not a no to the others. */
export const refund = (amount: number, more: object = {}): object => ({
  ...REFUND,
  resource: { type: 'order', id: `ord_${String(amount)}` },
  params: { amount, currency: 'USD' },
  ...more,
});

export const LEAD = 'user:finance-lead@acme.test';
export const CFO = 'user:cfo@acme.test';

/** Everything in this process. */
async function startHere(
  settings: NodeJS.ProcessEnv,
  auto: AutoAnswer,
): Promise<{ stack: Stack; sandbox: SlackSandbox | null }> {
  const made: SlackSandbox[] = [];
  const stack = await startStack(loadConfig(settings), {
    out: () => undefined,
    sandbox: (options) => {
      const sandbox = createSlackSandbox(options);
      made.push(sandbox);
      return sandbox;
    },
    auto,
  });
  return { stack, sandbox: made[0] ?? null };
}

export async function startTestStack(
  env: Record<string, string> = {},
  at?: string,
  auto: AutoAnswer = 'ask',
): Promise<TestStack> {
  const dataDir = at ?? mkdtempSync(join(tmpdir(), 'countersign-test-'));
  const settings = {
    PATH: process.env['PATH'],
    TEMPORAL_CLI_PATH: process.env['TEMPORAL_CLI_PATH'],
    COUNTERSIGN_PORT: '0',
    COUNTERSIGN_DATA: dataDir,
    COUNTERSIGN_POLICIES: 'policies',
    COUNTERSIGN_LOG_LEVEL: 'error',
    // Many tests look at what a workflow does after its first task.
    COUNTERSIGN_START_DELAY_MS: '5000',
    ...env,
  };
  const cluster = testCluster();
  if (cluster === null && env['DATABASE_URL'] === undefined) prepareCluster(dataDir);
  const { stack, sandbox } =
    cluster === null || auto !== 'ask'
      ? await startHere(settings, auto)
      : await startClusterStack(cluster, { env: settings, dataDir });
  const once: TestStack['call'] = async (method, path, body, options = {}) => {
    const response = await fetch(stack.url + path, {
      method,
      headers: {
        authorization: `Bearer ${options.token ?? stack.firstKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') === true;
    const answer = { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers };
    expectDescribed(method, path, answer);
    return answer;
  };
  // As callers do: what a busy machine's process refuses before it begins is asked again.
  const call: TestStack['call'] = (...asked) =>
    eventually('it is let in', async () => {
      const answer = await once(...asked);
      return answer.body?.overloaded === true ? undefined : answer;
    });
  return {
    stack,
    url: stack.url,
    dataDir,
    get sandbox() {
      if (sandbox === null) throw new Error('the stack did not start the Slack sandbox');
      return sandbox;
    },
    call,
    ask: (body, { key = randomUUID(), wait, token } = {}) =>
      call('POST', `/v1/actions${wait === undefined ? '' : `?wait=${wait}`}`, body, {
        headers: { 'idempotency-key': key },
        ...(token === undefined ? {} : { token }),
      }),
    person: async (id) =>
      issuePersonToken(stack.parts.keys.attestation, {
        person: id,
        tenant: 'default',
        // What another process sealed just now counts.
        directory: await stack.parts.directory.fresh('default'),
        now: Date.now(),
      }),
    async stop({ keepData = false, replay = true } = {}) {
      const alive =
        replay &&
        (await stack.parts.store.ping().then(
          () => true,
          () => false,
        ));
      const differences = alive ? (await replayAll(stack.parts.store)).differences : [];
      await stack.stop();
      if (!keepData) rmSync(dataDir, { recursive: true, force: true });
      if (differences.length > 0) throw new Error(`verdicts that do not replay:\n${differences.join('\n')}`);
    },
  };
}
