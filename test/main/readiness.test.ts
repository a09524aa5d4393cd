/** What a process needs to be ready, and that one cause is named once. */
import { describe, expect, it } from 'vitest';
import { slackCheck, stackChecks, teamsCheck, workerChecks } from '../../src/main/readiness.ts';
import type { Asks } from '../../src/main/metrics/task-queue.ts';
import type { ReadinessCheck } from '../../src/api/routes/health.ts';

const grpc = (code: number): Error => Object.assign(new Error(`gRPC ${code}`), { code });
const now = (): { seconds: number } => ({ seconds: Math.floor(Date.now() / 1000) });

/** A Temporal that answers so. */
function temporal(answer: { namespace?: Error; pollers?: object[] | Error }): { connection: Asks; namespace: string } {
  const { namespace, pollers = [] } = answer;
  const workflowService = {
    describeNamespace: () => (namespace === undefined ? Promise.resolve({}) : Promise.reject(namespace)),
    describeTaskQueue: () => (pollers instanceof Error ? Promise.reject(pollers) : Promise.resolve({ pollers })),
  };
  return { connection: { workflowService, withDeadline: (_until, ask) => ask() }, namespace: 'default' };
}

async function failing(checks: ReadinessCheck[]): Promise<string[]> {
  const results = await Promise.allSettled(checks.map(({ check }) => check()));
  return checks.flatMap(({ name }, i) => (results[i]?.status === 'rejected' ? [name] : []));
}
const up = () => Promise.resolve();
const down = () => Promise.reject(new Error('down'));

describe('the stack', () => {
  it.each([
    ['all is well', {}, up, []],
    ['no such namespace', { namespace: grpc(5) }, up, ['namespace']],
    ['a namespace of others', { namespace: grpc(7) }, up, ['namespace']],
    ['a Temporal that is gone', { namespace: grpc(14) }, down, ['temporal']],
    ['a Temporal that stands still', { namespace: grpc(1) }, down, ['temporal']],
  ])('%s', async (_what, answer, circuit, named) => {
    const checks = stackChecks(
      { store: { ping: up } } as Parameters<typeof stackChecks>[0],
      { check: circuit },
      temporal(answer),
    );
    expect(await failing(checks)).toEqual(named);
  });
});

describe('a worker', () => {
  const seen = [{ identity: '1@a', lastAccessTime: now() }];
  const gone = [{ identity: '1@a', lastAccessTime: { seconds: 1 } }];
  it.each([
    ['polls', seen, 'RUNNING', []],
    ['is not heard of', [], 'RUNNING', ['pollers']],
    ['was heard of long ago', gone, 'RUNNING', ['pollers']],
    ['failed', seen, 'FAILED', ['worker']],
    ['asks a Temporal that is gone', grpc(14), 'RUNNING', []],
  ])('%s', async (_what, pollers, state, named) => {
    expect(await failing(workerChecks(temporal({ pollers }), { state: () => state }))).toEqual(named);
  });
});

it.each([
  ['slack', (test: () => Promise<void>) => slackCheck({ connected: () => true, test })],
  ['teams', (authorized: () => Promise<void>) => teamsCheck({ authorized })],
])('%s is asked again after a failure, and not at every question otherwise', async (name, checkOf) => {
  let asked = 0;
  let works = false;
  const check = checkOf(() => (++asked, works ? up() : down()));
  expect(await failing([check])).toEqual([name]);
  works = true;
  expect(await failing([check])).toEqual([]);
  expect(await failing([check])).toEqual([]);
  expect(asked).toBe(2);
});

it('Slack is not ready where nothing can come in', async () => {
  expect(await failing([slackCheck({ connected: () => false, test: up })])).toEqual(['slack']);
});
