/** The first rows of the table in SECURITY.md: what a writer to the Temporal namespace can make of an action. */
import { WorkflowFailedError } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApproval, type ApprovalState } from '../../src/approval/index.ts';
import { createAttestor } from '../../src/identity/index.ts';
import { sealDecision } from '../../src/engine/decisions.ts';
import { createHistories } from '../../src/engine/histories.ts';
import { resumeLost } from '../../src/engine/resume.ts';
import { createJudging, createTelling } from '../../src/activities/index.ts';
import { activitiesOf, createClient } from '../../src/main/engine.ts';
import { keepSchedules } from '../../src/main/schedules.ts';
import * as workflows from '../../src/workflows/index.ts';
import { activityDeps } from '../../src/main/parts.ts';
import { ChainAudit } from '../../src/evidence/chain.ts';
import { AttackCount } from '../support/attack-table.ts';
import { checkLog } from '../support/check-log.ts';
import { eventually } from '../support/eventually.ts';
import { LEAD, refund, startTestStack, type Answer, type TestStack } from '../support/stack.ts';
import { openStranger, type Stranger } from './stranger.ts';

const attacks = new AttackCount('test/attack/namespace.test.ts');
const ATTACKS = {
  activity: 'each activity that our worker registers',
  copied: 'those that tell people',
  workflow: 'each workflow that our worker registers',
  schedule: 'the schedule that takes lost workflows up again',
  attestation: 'an attestation sent again',
};

let it_: TestStack;
let stranger: Stranger;
/** Its workflow is terminated before anything else here: the sweep leaves an action alone that changed in the last half minute. */
let lost: Answer['body'];
beforeAll(async () => {
  it_ = await startTestStack();
  stranger = await openStranger(it_.stack.temporal.address);
  lost = (await it_.ask(refund(645))).body;
  await stranger.client.workflow.getHandle(workflowIdOf(lost.id)).terminate();
});
afterAll(async () => {
  await stranger.close();
  await it_.stop();
});

const read = async (id: string): Promise<Answer['body']> => (await it_.call('GET', `/v1/actions/${id}`)).body;
const workflowIdOf = (id: string): string => `action/default/${id.slice('act_'.length)}`;

/** An override that somebody made up: everybody said yes. */
function madeUp(plan: ApprovalState['plan']): ApprovalState {
  const open = openApproval(plan, Date.now());
  return {
    ...open,
    status: 'approved',
    stages: open.stages.map((stage) => ({
      ...stage,
      decisions: [
        {
          ...{ by: stage.approvers[0] ?? '', decision: 'approve', reason: 'forged', at: new Date().toISOString() },
          ...{ via: 'slack', delegation: null, changes: null, until: null, assured: false },
        } as const,
      ],
    })),
  };
}

describe('an activity that a stranger schedules', () => {
  /** Inputs that would do something, were they believed; in clear, as all that a stranger sends. */
  async function forgedInputs(): Promise<[action: Answer['body'], inputs: unknown[]]> {
    const { body: action } = await it_.ask(refund(640));
    const { plan } = (await it_.call('GET', `/v1/records/${action.records[0]}`)).body.record;
    const evidence = { slack: null, shown: null, responsibility: null, assurance: null, attestation: null };
    const effects = [
      { type: 'decided', stage: 0, by: LEAD, decision: 'approve', delegation: null, approvals: 1, quorum: 1 },
    ];
    const forged = {
      ...{ action: { ...action, status: 'released' }, approval: madeUp(plan), basis: 'override', changes: {} },
      ...{ decision: 'approve', by: LEAD, via: 'slack', stage: 0, delegation: null, reason: 'forged', evidence },
      ...{ status: 'executed', outcome: { permit: 'x', status: 'executed' }, result: { by: LEAD, right: true } },
      ...{ effects, was: null, review: null, news: { effects, was: null, review: null } },
      ...{
        messageId: 'x',
        target: 'notify/0',
        at: action.createdAt,
        after: null,
        limit: 10,
        kind: 'witness',
        name: 'x',
      },
    };
    return [action, [forged, { ...forged, arrivedInClear: false }, [forged], null]];
  }

  it('is refused, whichever our worker registers and whatever it holds', { timeout: 300_000 }, async () => {
    const { parts, temporal } = it_.stack;
    const deps = activityDeps(parts, null, null);
    const histories = createHistories(createClient(parts, temporal.connection, 'default'), 'countersign');
    const shared = { judging: createJudging({ alone: deps, shared: deps }), telling: createTelling(deps) };
    const [action, inputs] = await forgedInputs();
    const before = (await parts.store.log.head('default'))?.size;
    for (const activity of Object.keys(activitiesOf(parts, deps, shared, histories))) {
      for (const input of inputs) {
        const { failed } = await stranger.schedule(activity, input);
        attacks.tried(ATTACKS.activity, failed !== 'forbidden');
        expect([activity, failed]).toEqual([activity, 'forbidden']);
      }
    }
    expect(await read(action.id)).toEqual(action);
    expect((await parts.store.log.head('default'))?.size).toBe(before);
  });

  it('is refused with an encrypted input as well, which a stranger copied from the history of its action', async () => {
    const { body: action } = await it_.ask(refund(641));
    // What a decision led to is told by a scheduled activity; the question was asked by the first task itself.
    const refusal = { decision: 'refuse', reason: 'no' };
    await it_.call('POST', `/v1/actions/${action.id}/decisions`, refusal, { token: await it_.person(LEAD) });
    const handle = stranger.client.workflow.getHandle(workflowIdOf(action.id));
    const copied = await eventually('the action is told of', async () => {
      const { events } = await handle.fetchHistory();
      const scheduled = events?.find((one) => one.activityTaskScheduledEventAttributes != null);
      return scheduled?.activityTaskScheduledEventAttributes ?? undefined;
    });
    expect(copied.activityType?.name).toBe('publish');
    const payload = (copied.input?.payloads ?? [])[0] ?? {};
    for (const activity of ['publish', 'callback', 'webhook']) {
      const { failed } = await stranger.scheduleCopied(activity, payload);
      attacks.tried(ATTACKS.copied, failed !== 'forbidden');
      expect(failed).toBe('forbidden');
    }
  });
});

describe('an attestation', () => {
  it('counts once, however often it is sent, and only for its own action', async () => {
    const { body: action } = await it_.ask(refund(642));
    const { body: other } = await it_.ask(refund(643));
    const { parts } = it_.stack;
    const deps = activityDeps(parts, null, null);
    const claims = { kind: 'decide' as const, tenant: 'default', action: action.id, by: LEAD, via: 'slack' as const };
    const attestation = await createAttestor(parts.keys.attestation).attest({
      ...claims,
      decision: 'return',
      reason: 'which order?',
    });
    const send = (id: string) => sealDecision(deps, { action: { tenant: 'default', id }, attestation, kind: 'decide' });
    expect((await send(action.id)).refusal).toBeUndefined();
    for (let times = 0; times < 5; times += 1) {
      const { refusal } = await send(action.id);
      attacks.tried(ATTACKS.attestation, refusal === undefined);
      expect(refusal).toMatchObject({ code: 'already-decided' });
    }
    const { refusal } = await send(other.id);
    attacks.tried(ATTACKS.attestation, refusal === undefined);
    expect(refusal).toMatchObject({ code: 'forbidden' });
    expect((await read(action.id)).records).toHaveLength(2);
    expect((await read(other.id)).records).toHaveLength(1);
  });
});

describe('a workflow of an action', () => {
  const approve = async (id: string): Promise<Answer> =>
    it_.call(
      'POST',
      `/v1/actions/${id}/decisions`,
      { decision: 'approve', reason: 'ok' },
      { token: await it_.person(LEAD) },
    );

  it('that is terminated is taken up again by whoever has something to say to it', async () => {
    const { body: action } = await it_.ask(refund(644));
    await stranger.client.workflow.getHandle(workflowIdOf(action.id)).terminate();
    expect(await read(action.id)).toEqual(action);
    const decided = await approve(action.id);
    expect([decided.status, decided.body.status]).toEqual([200, 'released']);
  });

  it('that is terminated is taken up again by the sweep, with what it waited for', { timeout: 150_000 }, async () => {
    const handle = stranger.client.workflow.getHandle(workflowIdOf(lost.id));
    const sweep = stranger.client.schedule.getHandle('countersign-sweep');
    await eventually(
      'the sweep takes it up',
      async () => {
        if ((await handle.describe()).status.name === 'RUNNING') return true;
        await sweep.trigger();
        return undefined;
      },
      { withinMs: 150_000, everyMs: 1_000 },
    );
    expect(await read(lost.id)).toEqual(lost);
    expect((await approve(lost.id)).body.status).toBe('released');
  });

  it('that is reset to its beginning ends as its records say', async () => {
    const { body: action } = await it_.ask(refund(646));
    await approve(action.id);
    const released = await read(action.id);
    const { history } = await stranger.client.workflowService.getWorkflowExecutionHistory({
      namespace: 'default',
      execution: { workflowId: workflowIdOf(action.id) },
    });
    const first = history?.events?.find((event) => event.workflowTaskCompletedEventAttributes)?.eventId;
    await stranger.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: workflowIdOf(action.id) },
      workflowTaskFinishEventId: first ?? null,
      requestId: crypto.randomUUID(),
      reason: 'forged',
    });
    const again = await approve(action.id);
    expect([again.status, again.body.code]).toEqual([409, 'not-open']);
    expect((await read(action.id)).records).toEqual(released.records);
    const { permit } = released;
    expect((await it_.call('POST', '/v1/permits/redeem', { permit })).status).toBe(200);
    const reported = await it_.call('POST', `/v1/actions/${action.id}/outcome`, { permit, status: 'executed' });
    expect([reported.status, reported.body.status]).toEqual([200, 'executed']);
  });

  it('under whose name another one runs does not wait for ever', async () => {
    const { body: action } = await it_.ask(refund(648));
    const workflowId = workflowIdOf(action.id);
    await stranger.client.workflow.getHandle(workflowId).terminate();
    const fake = await stranger.client.workflow.start('stranger', { workflowId, taskQueue: 'stranger', args: [] });
    const { parts, temporal } = it_.stack;
    const histories = createHistories(createClient(parts, temporal.connection, 'default'), 'countersign');
    const later = new Date(Date.now() + 24 * 3_600_000);
    const deps = { ...activityDeps(parts, null, null), histories, now: () => later };
    await resumeLost(deps, { after: null, limit: 1000 });
    expect(await read(action.id)).toMatchObject({ status: 'expired', permit: null });
    await fake.terminate();
  });

  it('that is lost while a review is open is taken up again, by the sweep and by the reviewer', async () => {
    const commander = 'user:incident-commander@acme.test';
    const emergency = {
      ...{ surface: 'deploy.prod', action: 'deploy.start', actor: { id: commander, type: 'user' } },
      resource: { type: 'service', id: 'shop', service: 'shop' },
      params: { version: '1.42.1', tests: 'passed', plan: { destroy: 1 } },
      context: { environment: 'production', urgency: 'emergency', reason: 'checkout is down for everybody' },
    };
    const { parts, temporal } = it_.stack;
    const histories = createHistories(createClient(parts, temporal.connection, 'default'), 'countersign');
    const deps = { ...activityDeps(parts, null, null), histories };
    const broken = async () => {
      const { body } = await it_.ask(emergency, { token: await it_.person(commander) });
      expect(body.verdict.basis).toBe('break_glass');
      await it_.call('POST', '/v1/permits/redeem', { permit: body.permit });
      const report = { permit: body.permit, status: 'executed' };
      expect((await it_.call('POST', `/v1/actions/${body.id}/outcome`, report)).body.status).toBe('executed');
      await stranger.client.workflow.getHandle(workflowIdOf(body.id)).terminate();
      return body.id as string;
    };
    const swept = await broken();
    const soon = new Date(Date.now() + 60_000);
    await resumeLost({ ...deps, now: () => soon }, { after: null, limit: 1000 });
    expect(await histories.running('default', swept)).toBe(true);

    const found = { right: true, reason: 'it was needed' };
    const review = async (id: string) =>
      it_.call('POST', `/v1/actions/${id}/review`, found, { token: await it_.person('user:risk-officer@acme.test') });
    await stranger.client.workflow.getHandle(workflowIdOf(swept)).terminate();
    expect((await review(swept)).status).toBe(200);

    const ignored = await broken();
    const late = new Date(Date.now() + 30 * 24 * 3_600_000);
    await resumeLost({ ...deps, now: () => late }, { after: null, limit: 1000 });
    const { body } = await it_.call('GET', `/v1/records?action=${ignored}&type=review`);
    expect(body.records[0].record.body).toMatchObject({ state: 'overdue' });
  });

  it.each(Object.keys(workflows))('%s, started by a stranger with a forged input, seals nothing', async (type) => {
    const { body: action } = await it_.ask(refund(648));
    const forged = {
      resume: true,
      tenant: 'default',
      id: action.id,
      action,
      status: 'released',
      kind: 'witness',
      name: 'x',
    };
    for (const args of [[forged], [{ ...forged, arrivedInClear: false }], [null], []]) {
      const handle = await stranger.client.workflow.start(type, {
        ...{ workflowId: `stranger/${type}/${randomUUID()}`, taskQueue: 'countersign', args },
        workflowExecutionTimeout: '30 seconds',
      });
      await handle.result().catch(() => undefined);
      const after = await read(action.id);
      attacks.tried(ATTACKS.workflow, after.records.length !== action.records.length);
    }
    expect(await read(action.id)).toEqual(action);
    expect((await it_.call('GET', `/v1/records?action=${action.id}`)).body.records).toHaveLength(1);
  });

  it('that somebody else starts for an action is not its own', async () => {
    const { body: action } = await it_.ask(refund(647));
    for (const args of [[{ resume: true, tenant: 'default' }], [{ resume: true, tenant: 'other' }]]) {
      const handle = await stranger.client.workflow.start('governedAction', {
        ...{ workflowId: `stranger/${action.id.slice('act_'.length)}`, taskQueue: 'countersign', args },
        workflowIdConflictPolicy: 'TERMINATE_EXISTING',
      });
      await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    }
    expect(await read(action.id)).toEqual(action);
  });
});

it('the schedule of the sweep, deleted or made to start something else, is put right while the stack runs', async () => {
  const { parts, temporal } = it_.stack;
  const client = createClient(parts, temporal.connection, 'default');
  const kept = await keepSchedules(client, 'countersign', parts.log, 200);
  const sweep = stranger.client.schedule.getHandle('countersign-sweep');
  const startsWhat = () =>
    sweep.describe().then(
      ({ action }) => action.workflowType,
      () => undefined,
    );
  await sweep.delete();
  expect(await eventually('the schedule is made again', startsWhat)).toBe('sweep');
  attacks.tried(ATTACKS.schedule, false);
  await sweep.update((before) => ({ ...before, action: { ...before.action, workflowType: 'nothing' } }));
  await eventually('it starts the sweep again', async () => ((await startsWhat()) === 'sweep' ? true : undefined));
  attacks.tried(ATTACKS.schedule, false);
  await kept.stop();
});

it('what was tried is what SECURITY.md says', () => {
  attacks.check(Object.values(ATTACKS));
});

it('leaves a log in which an audit finds nothing', async () => {
  const { parts } = it_.stack;
  const { size } = await checkLog(parts);
  const audit = new ChainAudit({ whole: true });
  const entries = await parts.store.records.entries('default', 0, size);
  expect(entries.flatMap(({ record, hash }) => audit.add(record, hash))).toEqual([]);
});
