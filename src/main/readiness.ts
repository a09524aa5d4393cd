/** Checks that must pass before a process is ready. Each answers within a second, whatever hangs. */
import { within, type Circuit } from '../availability/index.ts';
import type { ReadinessCheck } from '../api/routes/health.ts';
import type { Parts } from './parts.ts';
import { TASK_QUEUE, type RunningWorker } from './engine.ts';
import { QUEUE_KINDS, queueStanding, type Asks } from './metrics/task-queue.ts';

/** Deadline of one check, in milliseconds. */
const ASK_MS = 800;

export interface Temporal {
  connection: Asks;
  namespace: string;
}

/** gRPC status codes of a namespace that is not there, or not ours: https://grpc.io/docs/guides/status-codes/. */
const REFUSED = [5, 7, 16];

/** Temporal's answer, or null when it does not come in time. Then only the check `temporal` fails, so that one cause is named once. */
async function ifItAnswers<T>(asking: Promise<T>): Promise<T | null> {
  try {
    return await within(ASK_MS, asking);
  } catch (error) {
    if (error instanceof Error && 'code' in error && REFUSED.includes(Number(error.code))) throw error;
    return null;
  }
}

/** Checks of every process: the database, Temporal, and our namespace in it. */
export function stackChecks(
  { store }: Pick<Parts, 'store'>,
  circuit: Pick<Circuit, 'check'>,
  { connection, namespace }: Temporal,
): ReadinessCheck[] {
  return [
    { name: 'store', check: () => store.ping() },
    { name: 'temporal', check: () => circuit.check() },
    {
      name: 'namespace',
      async check() {
        const asked = connection.withDeadline(Date.now() + ASK_MS, () =>
          connection.workflowService.describeNamespace({ namespace }),
        );
        await ifItAnswers(asked);
      },
    },
  ];
}

/** Checks of a worker: it runs, and Temporal sees it ask for work. */
export function workerChecks(
  { connection, namespace }: Temporal,
  worker: Pick<RunningWorker, 'state'>,
): ReadinessCheck[] {
  return [
    {
      name: 'worker',
      async check() {
        if (worker.state() !== 'RUNNING') throw new Error(`the worker is ${worker.state()}`);
      },
    },
    {
      name: 'pollers',
      async check() {
        const kinds = QUEUE_KINDS.map(async (kind) => {
          const asked = queueStanding(connection, { namespace, taskQueue: TASK_QUEUE, kind, ms: ASK_MS });
          const pollers = (await ifItAnswers(asked))?.pollers;
          if (pollers === 0) throw new Error(`nobody asks for ${kind} tasks`);
          return pollers === undefined ? [] : [[kind, pollers] as const];
        });
        return Object.fromEntries((await Promise.all(kinds)).flat());
      },
    },
  ];
}

/** How long the last answer of somebody else's service counts. It limits how often the service is asked. */
const FRESH_MS = 15_000;

/** Asks again after a failure; otherwise only when the cached answer is old. */
function nowAndThen(ask: () => Promise<void>): () => Promise<void> {
  let answer: Promise<void> = Promise.resolve();
  let until = 0;
  return () => {
    if (performance.now() >= until) {
      until = performance.now() + FRESH_MS;
      answer = ask();
      answer.catch(() => (until = 0));
    }
    return within(ASK_MS, answer);
  };
}

/** Checks of a Slack process: payloads can come in, and every workspace knows our token. */
export function slackCheck(slack: { connected(): boolean; test(): Promise<void> }): ReadinessCheck {
  const answer = nowAndThen(() => slack.test());
  return {
    name: 'slack',
    async check() {
      if (!slack.connected()) throw new Error('Slack is not connected');
      await answer();
    },
  };
}

/** Check of a process that sends cards: Microsoft accepts our app and its secret. */
export const teamsCheck = (teams: { authorized(): Promise<void> }): ReadinessCheck => ({
  name: 'teams',
  check: nowAndThen(() => teams.authorized()),
});
