/** Two local activities that overlap may end in one order, and replay in the other. Steps of a workflow are told one after another. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { expect, it } from 'vitest';
import type { Action } from '../../src/contract/index.ts';
import { openApproval } from '../../src/approval/index.ts';
import { builtBundlePath } from '../../src/main/workflow-bundle.ts';
import type { LocalActivities, RemoteActivities } from '../../src/activities/types.ts';
import { plan, stage } from '../approval/kit.ts';
import { eventually } from '../support/eventually.ts';
import { sharedStack } from '../support/shared-stack.ts';

/** Longer than a task may take, with the telling behind it: the server then hands a decision in between. */
const JUDGING_MS = 1_500;
const TELLING_MS = 1_900;

it('a decision that comes while people are told for the first time replays as it was recorded', async () => {
  const { connection, namespace } = (await sharedStack()).stack.temporal;
  const taskQueue = `replay-order-${randomUUID()}`;
  const workflowId = `action/default/${randomUUID()}`;
  const approval = openApproval(plan([stage()]), Date.now());
  const at = new Date().toISOString();
  const action: Action = {
    id: `act_${workflowId.slice(15)}`,
    tenant: 'default',
    status: 'supervised',
    requestHash: null,
    verdict: null,
    approval: null,
    permit: null,
    records: ['verdict'],
    createdAt: at,
    updatedAt: at,
  };
  const activities: Pick<LocalActivities, 'judge' | 'decide' | 'publishNow'> & Pick<RemoteActivities, 'publish'> = {
    judge: async () => {
      await sleep(JUDGING_MS);
      return {
        action,
        plan: approval.plan,
        openedAt: Date.now(),
        outcomeWithinMs: 3600_000,
        announced: true,
        review: null,
        activates: false,
        joined: true,
        tellsInTurn: true,
      };
    },
    publishNow: () => sleep(TELLING_MS, null),
    publish: () => Promise.resolve({ unreachable: [] }),
    decide: () =>
      Promise.resolve({
        sealed: { action: { ...action, records: ['verdict', 'vote'] }, approval, effects: [] },
        released: null,
      }),
  };
  const workflowBundle = { codePath: builtBundlePath() };
  const worker = await Worker.create({ connection, namespace, taskQueue, workflowBundle, activities });
  const running = worker.run();
  const { workflow } = new Client({ connection, namespace });
  const handle = await workflow.start('governedAction', {
    taskQueue,
    workflowId,
    workflowTaskTimeout: '3 seconds',
    args: [{ tenant: 'default' }],
  });
  try {
    await handle.executeUpdate('decide', { args: [{ attestation: 'a word' }] });
    const history = await eventually('both are recorded, and people told', async () => {
      const recorded = await handle.fetchHistory();
      const told = recorded.events?.filter((event) => event.activityTaskCompletedEventAttributes != null).length ?? 0;
      return told >= 1 ? recorded : undefined;
    });
    await Worker.runReplayHistory({ workflowBundle }, history, workflowId);
    expect(history.events?.filter((event) => event.markerRecordedEventAttributes != null).length).toBe(3);
  } finally {
    await handle.terminate('the test is over');
    worker.shutdown();
    await running;
  }
});
