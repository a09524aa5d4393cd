import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { auditLog } from '../../src/evidence/index.ts';
import { logFiles } from '../../src/archive/make/log-files.ts';
import { nodeVerify } from '../../src/keys/index.ts';
import { RETENTION_SCHEDULE } from '../../src/main/schedules.ts';
import { createClient } from '../../src/main/engine.ts';
import { verifyReceipt } from '../../src/sealing/index.ts';
import { countersign } from '../cli/harness.ts';
import { policiesFolder } from '../support/policies.ts';
import { LEAD, REFUND, startTestStack, type Answer, type TestStack } from '../support/stack.ts';

/** Kept for a second; what is counted by and changed is not disclosed. */
const BRIEF = `# yaml-language-server: $schema=policy.schema.json
policy: test.brief
surfaces: [test.brief]
limits:
  per-account: { key: [params.account], sum: params.amount, window: 24h, max: 5000 }
rules:
  - { id: small, when: 'params.amount <= 100 && limit("per-account").fits', then: approve }
  - id: medium
    when: 'limit("per-account").fits'
    then: supervise
    approval: { stages: [{ name: finance, approvers: ['group:finance'] }], expires: 1h, mayChange: [params.memo] }
notify: ['#finance-approvals']
disclose: [params.amount]
retain: 1s
outcome: { within: 1h }
`;
const AUDITOR = 'user:auditor@acme.test';

let folder: ReturnType<typeof policiesFolder>;
let it_: TestStack;
let scratch: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'countersign-erasure-'));
  folder = policiesFolder({
    'test.brief.yaml': BRIEF,
    'test.long.yaml': BRIEF.replaceAll('test.brief', 'test.long').replace('retain: 1s', 'retain: 7y'),
  });
  it_ = await startTestStack({ COUNTERSIGN_POLICIES: folder.path });
});
afterAll(async () => {
  await it_.stop();
  folder.remove();
  rmSync(scratch, { recursive: true, force: true });
});

const asked = (amount: number, surface = 'test.long') => ({
  ...REFUND,
  surface,
  params: { amount, account: 'acct-4711', memo: 'as asked', 'odd name': [1, 2] },
  content: { letter: 'dear customer' },
});
const auditor = async () => ({ token: await it_.person(AUDITOR) });
const erase = async (id: string, token?: string): Promise<Answer> =>
  it_.call('POST', `/v1/actions/${id}/erase`, { reason: 'art. 17' }, token === undefined ? await auditor() : { token });
const payloadOf = (id: string) => it_.stack.parts.store.payloads.read('default', id);
const workflowOf = (id: string) => {
  const { parts, temporal } = it_.stack;
  const client = createClient(parts, temporal.connection, temporal.namespace);
  return client.workflow.getHandle(`action/default/${id.slice('act_'.length)}`);
};

/** An action that was approved, executed and reported, and whose workflow closed. */
async function executed(amount: number, more: { key?: string; surface?: string } = {}): Promise<Answer['body']> {
  const body = asked(amount, more.surface);
  const { body: action } = await it_.ask(body, { key: more.key ?? randomUUID() });
  if (action.status === 'supervised') {
    const decision = { decision: 'approve', reason: 'ok', changes: { 'params.memo': 'as decided' } };
    await it_.call('POST', `/v1/actions/${action.id}/decisions`, decision, { token: await it_.person(LEAD) });
  }
  const { body: released } = await it_.call('GET', `/v1/actions/${action.id}?wait=30`);
  await it_.call('POST', '/v1/permits/redeem', { permit: released.permit });
  const report = { permit: released.permit, status: 'executed', reference: 'tx_1', detail: 'paid by hand' };
  const { body: settled } = await it_.call('POST', `/v1/actions/${action.id}/outcome`, report);
  expect(settled.status).toBe('executed');
  await eventually('the workflow is completed', async () =>
    (await workflowOf(action.id).describe()).status.name === 'COMPLETED' ? true : undefined,
  );
  return settled;
}

/** Every receipt of the action verifies, and the log is whole. */
async function everythingHolds(records: string[]): Promise<void> {
  const { parts } = it_.stack;
  const trust = {
    recordKeys: [parts.keys.forTenant('default').record.publicJwk],
    logKeys: [await parts.logReader.vkey('default')],
  };
  for (const hash of records) {
    const { body: receipt } = await it_.call('GET', `/v1/records/${hash}/receipt`);
    expect((await verifyReceipt(receipt, trust, { verify: nodeVerify })).recordHash).toBe(hash);
  }
  const report = await auditLog({ files: logFiles(parts.logReader, 'default'), trust, verify: nodeVerify });
  expect(report.findings).toEqual([]);
  expect(report.clean).toBe(true);
}

/** Temporal takes its time to delete a history. */
const erasedIds: string[] = [];

describe('erasure on request', () => {
  it('deletes payload, key and history, and leaves every answer and proof', async () => {
    const key = randomUUID();
    const before = await executed(500, { key });
    expect(await payloadOf(before.id)).not.toBeNull();
    const { status, body: erased } = await erase(before.id);
    expect(status).toBe(200);
    expect(await payloadOf(before.id)).toBeNull();
    erasedIds.push(before.id);

    expect(erased).toMatchObject({ id: before.id, status: 'executed', permit: null });
    expect(erased.records).toEqual([...before.records, expect.stringMatching(/^sha256:/)]);
    const { body: record } = await it_.call('GET', `/v1/records/${erased.records.at(-1)}`);
    expect(record.record).toMatchObject({
      type: 'key',
      action: before.id,
      by: AUDITOR,
      reason: 'art. 17',
      body: { state: 'erased', cause: 'request' },
    });
    await everythingHolds(erased.records);

    expect((await it_.call('GET', `/v1/actions/${before.id}`)).body).toEqual(erased);
    const again = await it_.ask(asked(500), { key });
    expect([again.status, again.body]).toEqual([200, erased]);
    const other = await it_.ask(asked(501), { key });
    expect(other.body.code).toBe('idempotency-key-reused');
    const replayed = await it_.call('GET', `/v1/records/${erased.records[0]}/replay`, undefined, await auditor());
    expect([replayed.status, replayed.body.code]).toEqual([409, 'conflict']);
    expect(replayed.body.detail).toContain('erased');
    expect((await erase(before.id)).body).toEqual(erased);
    const late = await it_.call('POST', '/v1/permits/redeem', { permit: before.permit, request: asked(500) });
    expect(late.status).toBeGreaterThanOrEqual(400);
    expect(late.status).toBeLessThan(500);
    const opened = await it_.call(
      'POST',
      `/v1/records/${erased.records[0]}/openings`,
      { path: 'params.memo', reason: 'too late' },
      await auditor(),
    );
    expect([opened.status, opened.body.code]).toEqual([409, 'conflict']);
  });

  it('is for owners and auditors, needs a reason, and waits until the action is closed', async () => {
    const { body: parked } = await it_.ask(asked(600));
    expect((await erase(parked.id)).body.code).toBe('conflict');
    expect((await erase(parked.id, await it_.person(LEAD))).body.code).toBe('forbidden');
    expect((await it_.call('POST', `/v1/actions/${parked.id}/erase`, {})).body.code).toBe('invalid-request');
    expect((await erase(`act_${'0'.repeat(64)}`)).body.code).toBe('not-found');
    const { body: released } = await it_.ask(asked(5));
    expect((await erase(released.id)).body.code).toBe('conflict');
    expect(await payloadOf(released.id)).not.toBeNull();
    await it_.call('POST', `/v1/actions/${parked.id}/cancel`);
    const cancelled = await eventually('it is cancelled', async () => {
      const { status, body } = await erase(parked.id);
      return status === 200 ? body : undefined;
    });
    expect(cancelled.status).toBe('cancelled');
    await everythingHolds(cancelled.records);
  });

  it('once, however many ask at once; nothing judges the action anew', async () => {
    const before = await executed(6);
    const all = await Promise.all(Array.from({ length: 8 }, () => erase(before.id)));
    expect(new Set(all.map(({ status, body }) => JSON.stringify([status, body.records]))).size).toBe(1);
    erasedIds.push(before.id);
    await everythingHolds(all[0]?.body.records);
  });

  it('by command line', async () => {
    const before = await executed(7);
    const options = { env: { COUNTERSIGN_URL: it_.url, COUNTERSIGN_API_KEY: it_.stack.firstKey ?? '' } };
    const ran = await countersign(['erase', before.id, '--reason', 'asked for', '--json'], options);
    expect([ran.code, ran.err]).toEqual([0, '']);
    expect(JSON.parse(ran.out)).toMatchObject({ id: before.id, permit: null });
    expect(await payloadOf(before.id)).toBeNull();
  });
});

describe('retention', () => {
  it('deletes what policy no longer keeps, as the schedule does it, and nothing else', async () => {
    const { parts, temporal } = it_.stack;
    const kept = await executed(8);
    const brief = await executed(9, { surface: 'test.brief' });
    const { body: open } = await it_.ask(asked(700, 'test.brief'));
    const client = createClient(parts, temporal.connection, temporal.namespace);
    const after = await eventually('it is erased', async () => {
      await client.schedule.getHandle(RETENTION_SCHEDULE).trigger();
      const { body } = await it_.call('GET', `/v1/actions/${brief.id}`);
      return body.records.length > brief.records.length ? body : undefined;
    });
    expect(await payloadOf(brief.id)).toBeNull();
    expect(await payloadOf(kept.id)).not.toBeNull();
    expect(await payloadOf(open.id)).not.toBeNull();
    const { body: record } = await it_.call('GET', `/v1/records/${after.records.at(-1)}`);
    expect(record.record).toMatchObject({ type: 'key', by: null, body: { state: 'erased', cause: 'retention' } });
    await everythingHolds(after.records);
  });
});

describe('one commitment', () => {
  it('is opened without the others, sealed, and checked against its receipt by anybody', async () => {
    const action = await executed(800);
    const files: Record<string, string> = {};
    const write = (name: string, value: unknown): string => {
      writeFileSync((files[name] = join(scratch, name)), typeof value === 'string' ? value : JSON.stringify(value));
      return files[name];
    };
    for (const [i, hash] of action.records.entries()) {
      write(`receipt-${i}`, (await it_.call('GET', `/v1/records/${hash}/receipt`)).body);
    }
    write('keys', { keys: [it_.stack.parts.keys.forTenant('default').record.publicJwk] });
    write('vkey', await it_.stack.parts.logReader.vkey('default'));
    const receipts = action.records.map((_: string, i: number) => files[`receipt-${i}`]);
    const verify = (...openings: string[]) =>
      countersign([
        ...['verify', ...receipts, '--key', files['keys'] ?? '', '--log-key', files['vkey'] ?? '', '--json'],
        ...openings.flatMap((file) => ['--open', file]),
      ]);
    const types = ['verdict', 'decision', 'release', 'redemption', 'outcome'];
    const env = { COUNTERSIGN_URL: it_.url, COUNTERSIGN_API_KEY: await it_.person(AUDITOR) };
    for (const [type, path, value] of [
      ['verdict', 'params.account', 'acct-4711'],
      ['verdict', 'params.memo', 'as asked'],
      ['verdict', 'params["odd name"]', [1, 2]],
      ['verdict', 'content', { letter: 'dear customer' }],
      ['decision', 'params.memo#from', 'as asked'],
      ['decision', 'params.memo#to', 'as decided'],
      ['outcome', 'outcome.detail', 'paid by hand'],
    ] as const) {
      const hash = action.records[types.indexOf(type)];
      const opened = await countersign(['open', hash, path, '--reason', 'the auditor asked'], { env });
      expect([opened.code, opened.err], path).toEqual([0, '']);
      const opening = JSON.parse(opened.out);
      expect(opening).toMatchObject({ kind: 'countersign.opening/v1', record: hash, path, value });
      const checked = await verify(write('opening', opening));
      expect(checked.code, checked.err).toBe(0);
      expect(JSON.parse(checked.out)).toMatchObject({ valid: true, opened: [{ record: hash, path, value }] });
      const lied = await verify(write('lie', { ...opening, value: 'something else' }));
      expect(lied.code).toBe(3);
      expect(JSON.parse(lied.out).receipts.at(-1)).toMatchObject({ valid: false, reason: 'commitment-wrong' });
    }
    const { body: sealed } = await it_.call('GET', '/v1/records?type=export&limit=1');
    expect(sealed.records[0].record).toMatchObject({
      by: AUDITOR,
      reason: 'the auditor asked',
      body: { what: 'opening', path: 'outcome.detail', action: action.id },
    });
    expect(JSON.stringify(sealed)).not.toContain('paid by hand');
    await everythingHolds(action.records);
  });

  it('is not opened to an approver, nor where there is none', async () => {
    const { body: action } = await it_.ask(asked(10));
    const open = (path: string, options: object = {}) =>
      it_.call('POST', `/v1/records/${action.records[0]}/openings`, { path, reason: 'r' }, options);
    expect((await open('params.memo', { token: await it_.person(LEAD) })).body.code).toBe('not-found');
    expect((await open('params.amount')).body.code).toBe('not-found');
    expect((await open('__proto__')).body.code).toBe('not-found');
    expect((await open('params.memo')).status).toBe(200);
  });
});

it('Temporal knows nothing of what was erased', { timeout: 300_000 }, async () => {
  expect(erasedIds).toHaveLength(2);
  for (const id of erasedIds) {
    const gone = async (): Promise<true | undefined> =>
      workflowOf(id)
        .describe()
        .then(
          () => undefined,
          (error: Error) => (error.name === 'WorkflowNotFoundError' ? true : undefined),
        );
    expect(await eventually('its history is gone', gone)).toBe(true);
  }
});
