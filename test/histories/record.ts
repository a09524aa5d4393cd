/**
 * Records what workflows did, for test/workflows/replay.test.ts: `npx tsx test/histories/record.ts SHAPE [COURSE…]`. SHAPE
 * names how the workflow takes its steps today; the files of earlier shapes stay, because parked actions have it. The files are protobuf
 * (temporal.api.history.v1.History), their payloads decrypted, so that no key is needed to replay them. Run it when the workflow gained a course that no history shows; never to make a failing replay pass:
 * a history that no longer replays is a parked action that no longer wakes.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import proto from '@temporalio/proto';
import type { Payload } from '@temporalio/common';
import type { WorkflowHandle } from '@temporalio/client';
import { actionRequestSchema, DEFAULT_TENANT, NEXUS_ASK, type NexusAskInput } from '../../src/contract/index.ts';
import { actionIdOf } from '../../src/engine/ids.ts';
import { createClient } from '../../src/main/engine.ts';
import { eventually } from '../support/eventually.ts';
import { policiesFolder } from '../support/policies.ts';
import { openReceiver } from '../support/receiver.ts';
import { CFO, LEAD, REFUND, startTestStack, type TestStack } from '../support/stack.ts';

const QUICK = `policy: test.quick
refusalStands: 0
surfaces: [test.quick]
rules:
  - { id: small, when: params.amount <= 100, then: approve }
  - { id: large, when: params.amount > 1000, then: refuse }
  - id: medium
    when: 'true'
    then: supervise
    approval:
      stages:
        - { name: finance, approvers: ['group:finance'], remind: 1s, escalate: { after: 2s, to: ['user:duty-manager@acme.test'] } }
      expires: 4s
      extendUpTo: 1h
notify: ['#finance-approvals']
outcome: { within: 2s }
`;

/** As quick, and nobody needs to come for it. */
const BRIEF = `${QUICK.replaceAll('test.quick', 'test.brief')}collectWithin: 3s
`;

/** An emergency, an approver who is not there, and somebody else's server that is told of it all. */
const told = (url: string): string => `policy: test.told
surfaces: [test.told]
rules:
  - id: asks
    when: 'true'
    then: supervise
    approval:
      stages: [{ name: duty, approvers: ['role:security-lead'], escalate: { after: 1h, to: ['user:cfo@acme.test'] } }]
      expires: 2h
breakGlass: { allow: ['role:incident-commander'], review: { approvers: ['group:risk'], within: 2s } }
notify: ['#finance-approvals', '${url}/hook']
`;

/** The engine executes through it. */
const connector = (url: string): string => `connectors:
  - name: ledger
    type: http
    surfaces: [test.quick]
    method: POST
    url: ${url}/refunds
    headers: { authorization: 'Bearer {secret:key}' }
    secrets: { key: env:LEDGER_API_KEY }
    body: { amount: '{params.amount}' }
    amount: params.amount
    idempotency: { honoured: true }
    network: loopback
`;

const isPayload = (value: object): value is Payload => 'metadata' in value && 'data' in value && value.data instanceof Uint8Array;

async function decrypted(it: TestStack, value: unknown): Promise<unknown> {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return Promise.all(value.map((part) => decrypted(it, part)));
  if (isPayload(value)) return (await it.stack.parts.codec.decode([value]))[0];
  for (const [key, part] of Object.entries(value)) (value as Record<string, unknown>)[key] = await decrypted(it, part);
  return value;
}

async function main(): Promise<void> {
  const receiver = await openReceiver();
  const folder = policiesFolder({ 'test.quick.yaml': QUICK, 'test.brief.yaml': BRIEF, 'test.told.yaml': told(receiver.url) });
  const connectors = join(mkdtempSync(join(tmpdir(), 'countersign-connectors-')), 'connectors.yaml');
  writeFileSync(connectors, connector(receiver.url));
  const it = await startTestStack({
    COUNTERSIGN_POLICIES: folder.path,
    COUNTERSIGN_CONNECTORS: connectors,
    LEDGER_API_KEY: 'x',
  });
  const client = createClient(it.stack.parts, it.stack.temporal.connection, 'default');
  const ask = async (amount: number, surface = 'test.quick'): Promise<{ id: string; permit: string }> =>
    (await it.ask({ ...REFUND, surface, params: { amount } })).body as { id: string; permit: string };
  const decide = async (id: string, body: object, person = LEAD) =>
    it.call('POST', `/v1/actions/${id}/decisions`, body, { token: await it.person(person) });
  const redeem = (permit: string) => it.call('POST', '/v1/permits/redeem', { permit });
  const report = async (id: string, permit: string): Promise<void> => {
    await redeem(permit);
    await it.call('POST', `/v1/actions/${id}/outcome`, { permit, status: 'executed' });
  };
  const plan = async (...amounts: number[]): Promise<{ id: string; steps: { id: string }[] }> => {
    const steps = amounts.map((amount) => ({ ...REFUND, surface: 'test.quick', params: { amount } }));
    const headers = { 'idempotency-key': randomUUID() };
    return (await it.call('POST', '/v1/plans', { steps }, { headers })).body as { id: string; steps: { id: string }[] };
  };
  const becomes = (id: string, status: string): Promise<{ permit: string }> =>
    eventually(`${id} is ${status}`, async () => {
      const { body } = await it.call('GET', `/v1/actions/${id}`);
      return body.status === status ? (body as { permit: string }) : undefined;
    });
  /** Its first activity has answered. */
  const begun = (handle: WorkflowHandle): Promise<true> =>
    eventually(`${handle.workflowId} has told people`, async () => {
      const { events } = await handle.fetchHistory();
      return events?.some(({ activityTaskCompletedEventAttributes: done }) => done != null) || undefined;
    });
  /** What the Nexus service starts for one call of another namespace, and the action that it asks for. */
  const askOverNexus = async (amount: number): Promise<{ id: string; handle: WorkflowHandle }> => {
    const idempotencyKey = randomUUID();
    const request = actionRequestSchema.parse({ ...REFUND, surface: 'test.quick', params: { amount } });
    const { body } = await it.call('POST', '/v1/start-tokens', { idempotencyKey, request });
    const action = { tenant: DEFAULT_TENANT, id: actionIdOf(idempotencyKey) };
    const start = { request, tenant: DEFAULT_TENANT, idempotencyKey, token: (body as { token: string }).token };
    const input: NexusAskInput = { action, start };
    const options = { workflowId: `nexus/${DEFAULT_TENANT}/${idempotencyKey}`, taskQueue: 'countersign', args: [input] };
    return { id: action.id, handle: await client.workflow.start(NEXUS_ASK, options) };
  };

  const courses: Record<string, () => Promise<string>> = {
    async approved() {
      const { id, permit } = await ask(10);
      await report(id, permit);
      return id;
    },
    refused: async () => {
      const answer = await it.ask({ ...REFUND, surface: 'test.quick', params: { amount: 5000 } });
      return answer.body.action.id as string;
    },
    async 'approved-by-a-human'() {
      const { id } = await ask(500);
      await decide(id, { decision: 'approve' });
      const { permit } = await becomes(id, 'released');
      await report(id, permit);
      return id;
    },
    async 'refused-by-a-human'() {
      const { id } = await ask(500);
      await decide(id, { decision: 'refuse', reason: 'no' });
      return id;
    },
    async 'reminded-escalated-expired'() {
      const { id } = await ask(500);
      await becomes(id, 'expired');
      return id;
    },
    async 'returned-answered-extended-cancelled'() {
      const { id } = await ask(500);
      await decide(id, { decision: 'return', reason: 'which order?' });
      await it.call('POST', `/v1/actions/${id}/answer`, { text: 'the second one' });
      await decide(id, { decision: 'extend', until: new Date(Date.now() + 60_000).toISOString() }, CFO);
      await it.call('POST', `/v1/actions/${id}/cancel`);
      return id;
    },
    async 'unreported-then-late'() {
      const { id, permit } = await ask(10);
      await redeem(permit);
      await becomes(id, 'unreported');
      await report(id, permit);
      return id;
    },
    async 'frozen-then-thawed'() {
      const { id } = await ask(500);
      const token = await it.person('user:incident-commander@acme.test');
      const freeze = await it.call('POST', '/v1/freezes', { scope: 'tenant', reason: 'x' }, { token });
      await decide(id, { decision: 'approve' });
      await it.call('DELETE', `/v1/freezes/${freeze.body.id}`, { reason: 'x' }, { token });
      const { permit } = await becomes(id, 'released');
      await report(id, permit);
      return id;
    },
    async 'collected-afresh'() {
      const { id } = await ask(10);
      const { body } = await it.call('POST', `/v1/actions/${id}/permit`);
      await report(id, (body as { permit: string }).permit);
      return id;
    },
    async executed() {
      const { body } = await it.ask({
        ...REFUND,
        surface: 'test.quick',
        params: { amount: 10 },
        execution: { connector: 'ledger' },
      });
      await becomes(body.id, 'executed');
      return body.id as string;
    },
    async lapsed() {
      const { id } = await ask(10, 'test.brief');
      await becomes(id, 'lapsed');
      return id;
    },
    async 'plan-decided-and-executed'() {
      const { id, steps } = await plan(10, 500);
      await it.call('POST', `/v1/plans/${id}/decisions`, { decision: 'approve' }, { token: await it.person(LEAD) });
      for (const step of steps) await report(step.id, (await becomes(step.id, 'released')).permit);
      return id;
    },
    async 'plan-withdrawn-after-a-failure'() {
      const { id, steps } = await plan(10, 20);
      const [first, second] = steps.map((step) => step.id) as [string, string];
      const { permit } = await becomes(first, 'released');
      await redeem(permit);
      await it.call('POST', `/v1/actions/${first}/outcome`, { permit, status: 'failed' });
      await becomes(second, 'cancelled');
      return id;
    },
    async 'plan-taken-up-again'() {
      const { id, steps } = await plan(10, 20);
      const handle = client.workflow.getHandle(`plan/default/${id.slice(4)}`);
      await handle.terminate();
      for (const step of steps) await report(step.id, (await becomes(step.id, 'released')).permit);
      return id;
    },
    async 'step-of-a-plan'() {
      const { steps } = await plan(10, 500);
      const [first, second] = steps.map((step) => step.id) as [string, string];
      await decide(second, { decision: 'approve' });
      for (const step of [first, second]) await report(step, (await becomes(step, 'released')).permit);
      return second;
    },
    async 'terminated-then-taken-up'() {
      const { id } = await ask(500);
      const handle = client.workflow.getHandle(`action/default/${id.slice(4)}`);
      // Its first run has told people; the second begins from the records.
      await begun(handle);
      await handle.terminate();
      await decide(id, { decision: 'approve' });
      const { permit } = await becomes(id, 'released');
      await report(id, permit);
      return id;
    },
    async 'terminated-after-its-release'() {
      const { id, permit } = await ask(10);
      const handle = client.workflow.getHandle(`action/default/${id.slice(4)}`);
      await handle.terminate();
      const input = { resume: true, tenant: 'default' };
      await client.workflow.start('governedAction', {
        ...{ workflowId: handle.workflowId, taskQueue: 'countersign', args: [input] },
      });
      await redeem(permit);
      await becomes(id, 'unreported');
      await report(id, permit);
      return id;
    },
    async 'glass-broken-overdue-reviewed'() {
      const commander = 'user:incident-commander@acme.test';
      const { body } = await it.ask(
        {
          ...REFUND,
          surface: 'test.told',
          actor: { id: commander, type: 'user' },
          context: { urgency: 'emergency', reason: 'the shop is down' },
          callback: `${receiver.url}/callback`,
        },
        { token: await it.person(commander) },
      );
      const { id, permit } = body as { id: string; permit: string };
      await report(id, permit);
      await receiver.waitFor((message) => message.body.type === 'review.overdue');
      const token = await it.person('user:risk-officer@acme.test');
      await it.call('POST', `/v1/actions/${id}/review`, { right: true, reason: 'it was needed' }, { token });
      return id;
    },
    async 'unreachable-escalated-told-by-webhook'() {
      it.sandbox.control.setUser('U0SECURITY', { deleted: true });
      const { body } = await it.ask({ ...REFUND, surface: 'test.told', callback: `${receiver.url}/callback` });
      const { id } = body as { id: string };
      await receiver.waitFor((message) => message.body.type === 'approval.escalated');
      await decide(id, { decision: 'approve' }, CFO);
      const { permit } = await becomes(id, 'released');
      await report(id, permit);
      return id;
    },
    async 'asked-over-nexus'() {
      return (await askOverNexus(10)).handle.workflowId;
    },
    async 'asked-over-nexus-approved-by-a-human'() {
      const { id, handle } = await askOverNexus(500);
      await becomes(id, 'supervised');
      await decide(id, { decision: 'approve' });
      return handle.workflowId;
    },
    async 'asked-over-nexus-withdrawn'() {
      const { id, handle } = await askOverNexus(500);
      // It follows the action by now: the first activity has answered that people are waited for.
      await begun(handle);
      await handle.cancel();
      await becomes(id, 'cancelled');
      return handle.workflowId;
    },
  };
  const [shape, ...wanted] = process.argv.slice(2);
  if (shape === undefined) throw new Error('say which shape it is, such as `joined`');
  for (const [name, run] of Object.entries(courses)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const id = await run();
    const ofOurs = `${id.startsWith('pln_') ? 'plan' : 'action'}/default/${id.slice(4)}`;
    const handle = client.workflow.getHandle(id.startsWith('nexus/') ? id : ofOurs);
    // One that was cancelled has ended, too.
    await handle.result().catch(() => undefined);
    const history = await handle.fetchHistory();
    await decrypted(it, history);
    writeFileSync(new URL(`${name}.${shape}.history`, import.meta.url), proto.temporal.api.history.v1.History.encode(history).finish());
    console.log(`recorded ${name}.${shape}: ${history.events?.length ?? 0} events`);
  }
  await it.stop();
  folder.remove();
  await receiver.close();
}

await main();
process.exit(0);
