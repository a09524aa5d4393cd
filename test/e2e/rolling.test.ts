/**
 * A change of builds under load. The older worker knows no joined steps, and nothing was started with a delay: what it began and parked ends
 * under today's worker, a version of the worker deployment that is ramped up, which takes over while people decide and executors report.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createActivities, createJudging, createTelling } from '../../src/activities/index.ts';
import type { Judged } from '../../src/engine/types.ts';
import { createClient, DEPLOYMENT, startWorkerOn, type RunningWorker } from '../../src/main/engine.ts';
import { activityDeps } from '../../src/main/parts.ts';
import { builtBundlePath } from '../../src/main/workflow-bundle.ts';
import { slackNotifiers } from '../../src/main/slack-notifiers.ts';
import { eventually } from '../support/eventually.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD, refund, type Answer } from '../support/stack.ts';

const QUEUE = 'rolling';
let it_: SharedStack;
let client: Client;
let older: { stop(): Promise<void> } | undefined;
let today: RunningWorker | undefined;

/** What a worker of before answered. */
function before<T extends Judged>(judged: T): T {
  const { joined: _unknown, ...rest } = judged;
  return rest as T;
}

const depsOf = () => {
  const { parts } = it_.stack;
  const { botToken, signingSecret } = it_.sandbox;
  const slack = { botToken, signingSecret, appToken: undefined, apiUrl: `${it_.url}/slack-sandbox/api/` };
  return activityDeps(parts, slackNotifiers(parts, slack), null);
};

async function startOlder(): Promise<{ stop(): Promise<void> }> {
  const { parts, temporal } = it_.stack;
  const deps = depsOf();
  const activities = createActivities(deps, createJudging({ alone: deps, shared: deps }), createTelling(deps));
  // As a process of its own has: one connection takes one worker of a queue.
  const connection = await NativeConnection.connect({ address: temporal.address });
  const worker = await Worker.create({
    connection,
    namespace: temporal.namespace,
    taskQueue: QUEUE,
    workflowBundle: { codePath: builtBundlePath() },
    dataConverter: { payloadCodecs: [parts.codec] },
    activities: {
      ...activities,
      judge: async (...input: Parameters<typeof activities.judge>) => before(await activities.judge(...input)),
    },
  });
  const run = worker.run();
  return {
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await run;
      await connection.close();
    },
  };
}

beforeAll(async () => {
  it_ = await sharedStack();
  const { parts, temporal } = it_.stack;
  client = createClient(parts, temporal.connection, temporal.namespace);
  older = await startOlder();
});
afterAll(async () => {
  await Promise.all([older?.stop(), today?.stop()]);
});

/** Calls it again while a busy machine's database is not reached in time: every call here may be repeated. */
const steady: SharedStack['call'] = (...call) =>
  eventually('it is answered', async () => {
    const answer = await it_.call(...call);
    return answer.status === 503 ? undefined : answer;
  });

const becomes = (id: string, status: string): Promise<Answer['body']> =>
  eventually(`${id} is ${status}`, async () => {
    const answer = await it_.call('GET', `/v1/actions/${id}`);
    return answer.body.status === status ? (answer.body as Answer['body']) : undefined;
  });

/** Without a delay, as every gateway did, and as other SDKs do. */
async function started(amount: number): Promise<string> {
  const idempotencyKey = randomUUID();
  const request = refund(amount);
  const { token } = (await steady('POST', '/v1/start-tokens', { idempotencyKey, request })).body;
  const id = createHash('sha256').update(idempotencyKey).digest('hex');
  await client.workflow.start('governedAction', {
    ...{ workflowId: `action/default/${id}`, taskQueue: QUEUE },
    args: [{ request, tenant: 'default', idempotencyKey, token }],
  });
  return `act_${id}`;
}

const workflowOf = (id: string) => client.workflow.getHandle(`action/default/${id.slice('act_'.length)}`);

it('loses nothing: what the older worker began ends under today’s', { timeout: 240_000 }, async () => {
  const parked = await Promise.all(Array.from({ length: 6 }, () => started(420.5)));
  const approved = await Promise.all(Array.from({ length: 3 }, () => started(7)));
  await Promise.all([
    ...parked.map((id) => becomes(id, 'supervised')),
    ...approved.map((id) => becomes(id, 'released')),
  ]);
  // The shape of before: approvers are asked by a scheduled activity.
  await eventually('it was parked in the shape of before', async () => {
    const { events } = await workflowOf(parked[0] ?? '').fetchHistory();
    return events?.find((event) => event.activityTaskScheduledEventAttributes != null);
  });

  const { parts, temporal } = it_.stack;
  today = await startWorkerOn(parts, temporal.connection, temporal.namespace, depsOf(), {
    taskQueue: QUEUE,
    buildId: 'today',
  });
  // Half of what is parked goes over at first, then all of it: as whoever deploys ramps a version up.
  const version = { namespace: temporal.namespace, deploymentName: DEPLOYMENT, buildId: 'today', identity: 'test' };
  await eventually('its version is known, and ramps up', () =>
    client.workflowService.setWorkerDeploymentRampingVersion({ ...version, percentage: 50 }).catch(() => undefined),
  );
  await client.workflowService.setWorkerDeploymentCurrentVersion(version);
  const token = await it_.person(LEAD);
  const settle = async (id: string): Promise<void> => {
    const { permit } = await becomes(id, 'released');
    const redeem = { permit, redeemer: id };
    expect((await steady('POST', '/v1/permits/redeem', redeem)).status).toBe(200);
    const reported = await steady('POST', `/v1/actions/${id}/outcome`, { permit, status: 'executed' });
    expect([reported.status, reported.body.status]).toEqual([200, 'executed']);
  };
  const decide = async (id: string): Promise<void> => {
    await steady('POST', `/v1/actions/${id}/decisions`, { decision: 'approve' }, { token });
    await settle(id);
  };
  const stopping = older?.stop();
  older = undefined;
  await Promise.all([stopping, ...parked.map(decide), ...approved.map(settle)]);
  for (const [ids, types] of [
    [parked, ['verdict', 'decision', 'release', 'redemption', 'outcome']],
    [approved, ['verdict', 'release', 'redemption', 'outcome']],
  ] as const) {
    for (const id of ids) {
      await workflowOf(id).result();
      const { records } = await parts.store.records.list('default', { action: id }, undefined, 100);
      expect(records.map(({ record }) => record.type).reverse()).toEqual(types);
    }
  }
});
