/**
 * A stolen worker: it takes workflow tasks from our queue, without our codec's key or any other, and answers them with markers of steps
 * that never ran. Our own worker then goes on from the history that it left.
 */
import { fileURLToPath } from 'node:url';
import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApproval, reduce, type ApprovalEvent } from '../../src/approval/index.ts';
import type { ApprovalPlan } from '../../src/contract/index.ts';
import { createHistories } from '../../src/engine/histories.ts';
import { resumeLost } from '../../src/engine/resume.ts';
import { createClient, startWorkerOn, TASK_QUEUE, type RunningWorker } from '../../src/main/engine.ts';
import { activityDeps } from '../../src/main/parts.ts';
import { eventually } from '../support/eventually.ts';
import { LEAD, refund, startTestStack, type Answer, type TestStack } from '../support/stack.ts';
import { openStranger, type Stranger } from './stranger.ts';

const workflowIdOf = (id: string): string => `action/default/${id.slice('act_'.length)}`;
const idOf = (workflowId: string): string => `act_${workflowId.split('/').at(-1)}`;
const FORGED = 'forged.by.a-stranger';

/** Which steps the stolen worker claims to have run; what follows is left to our own worker. */
const COURSES: Record<string, readonly string[]> = {
  'an admit that never ran': ['judge', 'admit'],
  'a decision that was never sealed': ['judge', 'admit', 'sealDecision'],
  'a release that never was': ['judge', 'admit', 'sealDecision', 'release'],
  'a verdict that says released': ['judge'],
  'a verdict about another action': ['judge', 'admit'],
};

let it_: TestStack;
let stranger: Stranger;
let own: RunningWorker | null = null;
/** Each action as it was before, by the course that its workflow takes. */
const actions = new Map<string, Answer['body']>();
let other: Answer['body'];

/** Reads nothing that is encrypted, and writes in clear. */
const blind: PayloadCodec = {
  encode: (payloads) => Promise.resolve(payloads),
  decode: (payloads) =>
    Promise.resolve(
      payloads.map((payload): Payload =>
        Buffer.from(payload.metadata?.['encoding'] ?? []).toString() === 'json/plain'
          ? payload
          : { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{}') },
      ),
    ),
};

function stolenActivities(plan: ApprovalPlan): Record<string, () => Promise<unknown>> {
  const openedAt = Date.now();
  const event: Extract<ApprovalEvent, { type: 'decide' }> = {
    type: 'decide',
    by: LEAD,
    decision: 'approve',
    reason: 'forged',
    changes: null,
    original: {},
    until: null,
    via: 'slack',
    assured: false,
    delegation: null,
    standsInFor: [],
    standing: true,
  };
  const approved = reduce(openApproval(plan, openedAt), event, openedAt + 1).state;
  const asked = () => {
    const id = idOf(activityInfo().workflowExecution?.workflowId ?? '');
    const [course = '', action] = [...actions].find(([, one]) => one.id === id) ?? [];
    return { course, action: course === 'a verdict about another action' ? other : action };
  };
  const claim = (step: string, result: (action: Answer['body'], course: string) => unknown) => async () => {
    const { course, action } = asked();
    if (COURSES[course]?.includes(step) === true) return Promise.resolve(result(action, course));
    // Left to whoever takes the next task.
    throw ApplicationFailure.create({ message: 'later', nextRetryDelay: '6 seconds' });
  };
  const released = (action: Answer['body']) => ({ ...action, status: 'released', permit: FORGED });
  return {
    judge: claim('judge', (action, course) => ({
      ...{ openedAt, outcomeWithinMs: 600_000, permitMs: 300_000, announced: false, review: null, activates: false },
      ...{ callback: false },
      ...(course === 'a verdict that says released' ? { action: released(action), plan: null } : { action, plan }),
    })),
    admit: claim('admit', () => ({ event, evidence: { slack: null, attestation: null } })),
    sealDecision: claim('sealDecision', (action) => ({ action, approval: approved, effects: [] })),
    release: claim('release', (action) => ({ action: released(action), approval: approved })),
    sealOutcome: claim('sealOutcome', (action) => action),
  };
}

const read = async (id: string): Promise<Answer['body']> => (await it_.call('GET', `/v1/actions/${id}`)).body;
const client = () => createClient(it_.stack.parts, it_.stack.temporal.connection, 'default');
/** What the workflow believes, as whoever may query it sees. */
const believed = async (id: string) =>
  (await client().workflow.getHandle(workflowIdOf(id)).query('action')) as Answer['body'];

beforeAll(async () => {
  it_ = await startTestStack();
  stranger = await openStranger(it_.stack.temporal.address);
  await it_.stack.worker.stop();
  for (const course of Object.keys(COURSES)) actions.set(course, (await it_.ask(refund(640))).body);
  other = (await it_.ask(refund(641))).body;
  const { plan } = (await it_.call('GET', `/v1/records/${other.records[0]}`)).body.record;
  const stolen = await Worker.create({
    connection: await NativeConnection.connect({ address: it_.stack.temporal.address }),
    ...{ namespace: 'default', taskQueue: TASK_QUEUE, activities: stolenActivities(plan) },
    workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
    dataConverter: { payloadCodecs: [blind] },
  });
  const running = stolen.run();
  for (const [course, { id }] of actions) {
    const handle = stranger.client.workflow.getHandle(workflowIdOf(id));
    if (COURSES[course]?.includes('admit') === true) await handle.signal('decide', { attestation: FORGED });
    const markers = COURSES[course]?.length ?? 0;
    await eventually(`the history holds the markers of ${course}`, async () => {
      const { events } = await handle.fetchHistory();
      const there = (events ?? []).filter((one) => one.markerRecordedEventAttributes != null).length;
      return there >= markers ? true : undefined;
    });
  }
  stolen.shutdown();
  await running;
  const { parts, temporal } = it_.stack;
  own = await startWorkerOn(parts, temporal.connection, 'default', activityDeps(parts, null, null));
});
afterAll(async () => {
  await own?.stop();
  await stranger.close();
  await it_.stop();
});

describe('a history with markers of steps that never ran', () => {
  it.each(Object.keys(COURSES))('releases and decides nothing when our worker goes on: %s', async (course) => {
    const before = actions.get(course);
    // Our worker has read this history, and gone on from it.
    const belief = await eventually('the workflow answers', () => believed(before.id).catch(() => undefined));
    expect(belief.id).toMatch(/^act_/);
    for (const one of [before, other]) {
      expect(await read(one.id)).toEqual(one);
      const { body } = await it_.call('GET', `/v1/records?action=${one.id}`);
      expect(body.records.map(({ record }: { record: { type: string } }) => record.type)).toEqual(['verdict']);
    }
    expect((await it_.call('POST', '/v1/permits/redeem', { permit: FORGED })).status).toBe(403);
  });

  it('whose next step is to seal what nobody said has it refused, and kept as an attempt', async () => {
    const { id } = actions.get('an admit that never ran');
    const [attempt] = await eventually('our worker runs the step', async () => {
      const found = await it_.stack.parts.store.attempts.list('default', id);
      return found.length > 0 ? found : undefined;
    });
    expect(attempt).toMatchObject({ door: 'temporal', code: 'unauthenticated' });
    await eventually('the workflow learns how it stands', async () => {
      const { status, permit } = await believed(id);
      return status === 'supervised' && permit === null ? true : undefined;
    });
  });

  it('whose next step is to release has nothing released', async () => {
    const { id } = actions.get('a decision that was never sealed');
    await eventually('our worker runs the step', async () => {
      const { approval } = await believed(id);
      return approval?.stages[0]?.decisions.length === 0 ? true : undefined;
    });
    expect(await read(id)).toMatchObject({ status: 'supervised', permit: null });
  });

  it('does not keep an action open for ever: what is due is sealed all the same', async () => {
    const { parts } = it_.stack;
    const histories = createHistories(client(), TASK_QUEUE);
    const later = new Date(Date.now() + 24 * 3_600_000);
    await resumeLost({ ...activityDeps(parts, null, null), histories, now: () => later }, { after: null, limit: 1000 });
    for (const { id } of actions.values()) expect(await read(id)).toMatchObject({ status: 'expired', permit: null });
  });
});
