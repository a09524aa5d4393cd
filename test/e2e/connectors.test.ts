/** The engine executes: agents ask, and hold neither a permit nor a credential. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmbeddedPostgres } from '../../src/store/index.ts';
import { Countersign } from '@countersign/client';
import { ask as askForSupport } from '../../examples/support-sql/ask.ts';
import { openStranger, type Stranger } from '../attack/stranger.ts';
import { ownersDatabase, PASSWORD, sqlRequest, type OwnersDatabase } from '../support/connector-world.ts';
import { eventually } from '../support/eventually.ts';
import { openReceiver, type Receiver } from '../support/receiver.ts';
import { refund, startTestStack, type Answer, type TestStack } from '../support/stack.ts';
import { openTestPostgres } from '../support/cluster.ts';

const KEY = 'planted-secret-5518';
const DUTY = 'user:duty-manager@acme.test';

let folder: string;
let postgres: EmbeddedPostgres;
let owners: OwnersDatabase;
let receiver: Receiver;
let stack: TestStack;
let stranger: Stranger;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-e2e-connectors-'));
  postgres = await openTestPostgres({ dataDir: folder });
  owners = await ownersDatabase(postgres.connectionString);
  receiver = await openReceiver();
  // The sample of the documentation, with the addresses of this machine.
  const sample = readFileSync('examples/connectors/connectors.yaml', 'utf8')
    .replace('https://api.payments.example', receiver.url)
    .replace('amount: params.amount #', 'network: loopback\n    amount: params.amount #')
    .replace(/timeouts:.*/, 'timeouts: { connect: 5, statement: 5, lock: 5, idle: 10 }');
  const file = join(folder, 'connectors.yaml');
  writeFileSync(file, sample);
  stack = await startTestStack({
    DATABASE_URL: postgres.connectionString,
    COUNTERSIGN_CONNECTORS: file,
    ORDERS_DATABASE_URL: owners.agent,
    LEDGER_API_KEY: KEY,
  });
  stranger = await openStranger(stack.stack.temporal.address, stack.stack.temporal.namespace);
});
afterAll(async () => {
  await stranger.close();
  await stack.stop();
  await receiver.close();
  await owners.close();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Until it is settled. */
const settled = (id: string): Promise<Answer['body']> =>
  eventually(`${id} is settled`, async () => {
    const { body } = await stack.call('GET', `/v1/actions/${id}?wait=5`);
    return ['executed', 'failed', 'skipped'].includes(body.status) ? body : undefined;
  });
const types = async (id: string): Promise<string[]> => {
  const { body } = await stack.call('GET', `/v1/records?action=${id}`);
  return body.records.map((one: { record: { type: string } }) => one.record.type).reverse();
};

describe('SQL', () => {
  it('reading is free, and its rows are there for who asked', async () => {
    const asked = await stack.ask(sqlRequest('select id, status from orders where id <= $1 order by id', [2]));
    expect(asked).toMatchObject({ status: 200, body: { permit: null } });
    expect(await settled(asked.body.id)).toMatchObject({ status: 'executed', permit: null });
    const got = await stack.call('GET', `/v1/actions/${asked.body.id}/result`);
    expect(got.body.result).toMatchObject({
      count: 2,
      rows: [
        { id: 1, status: 'open' },
        { id: 2, status: 'open' },
      ],
    });
    expect(
      (await stack.call('GET', `/v1/actions/${asked.body.id}/result`, undefined, { token: await stack.person(DUTY) }))
        .status,
    ).toBe(404);
  });

  it('changing more than ten rows asks, with what was counted, and runs once after the yes', async () => {
    const asked = await stack.ask(sqlRequest("update orders set status = 'noted' where id <= 14"));
    expect(asked).toMatchObject({ status: 202, body: { status: 'supervised', verdict: { rule: 'many-rows' } } });
    const { id } = asked.body;
    expect(await stranger.schedule('execute', { action: { tenant: 'default', id } })).toEqual({ failed: 'forbidden' });
    expect(await owners.query("select count(*)::int as n from orders where status = 'noted'")).toEqual([{ n: 0 }]);
    const shown = await eventually('the message is posted', () =>
      stack.sandbox.control.messages('data-changes').find((one) => JSON.stringify(one).includes(id)),
    );
    expect(JSON.stringify(shown)).toContain('public.audit: 28 inserted; public.orders: 14 updated');
    await stack.call(
      'POST',
      `/v1/actions/${id}/decisions`,
      { decision: 'approve', reason: 'counted' },
      { token: await stack.person(DUTY) },
    );
    expect(await settled(id)).toMatchObject({ status: 'executed', permit: null });
    await stranger.schedule('execute', { action: { tenant: 'default', id } });
    expect(await owners.query('select count(*)::int as n from audit')).toEqual([{ n: 28 }]);
    expect(await types(id)).toEqual(['verdict', 'decision', 'release', 'redemption', 'outcome']);
  });

  it('deleting is blocked, also where a stranger has it executed', async () => {
    const asked = await stack.ask(sqlRequest('with d as (delete from lines returning *) select count(*) from d'));
    expect(asked).toMatchObject({ status: 403, body: { action: { verdict: { rule: 'delete' } } } });
    await stranger.schedule('execute', { action: { tenant: 'default', id: asked.body.action.id } });
    expect(await owners.query('select count(*)::int as n from lines')).toEqual([{ n: 240 }]);
  });

  it('support asks by the example, with values that are no part of the text', async () => {
    const countersign = new Countersign({ url: stack.url, key: stack.stack.firstKey ?? '' });
    const read = await askForSupport(countersign, 'ticket-7/1', 'select id from orders where customer = $1', [
      "c1' or 1=1",
    ]);
    await settled(read.id);
    expect((await stack.call('GET', `/v1/actions/${read.id}/result`)).body.result).toMatchObject({ count: 0 });
    const few = await askForSupport(countersign, 'ticket-7/2', 'update orders set status = $1 where id = $2', [
      'seen',
      60,
    ]);
    expect((await settled(few.id)).status).toBe('executed');
    expect(await owners.query("select id from orders where status = 'seen'")).toEqual([{ id: 60 }]);
    const many = await askForSupport(countersign, 'ticket-7/3', 'update orders set status = $1 where id > $2', [
      'x',
      40,
    ]);
    expect(many.status).toBe('supervised');
    await expect(
      askForSupport(countersign, 'ticket-7/4', 'delete from lines where id = $1', [1]),
    ).rejects.toMatchObject({
      code: 'action-refused',
    });
  });
});

describe('HTTP', () => {
  const through = { resource: { type: 'order', id: 'ord_991' }, execution: { connector: 'ledger-http' } };

  it('sends the judged amount with the key, and tries again what the receiver puts off', async () => {
    receiver.answers.push({ status: 503 });
    const asked = await stack.ask(refund(42.5, through));
    expect(asked.body).toMatchObject({ permit: null });
    const { id } = asked.body;
    expect(await settled(id)).toMatchObject({ status: 'executed' });
    expect(
      receiver.all.map(({ path, body, headers }) => [path, body, headers.authorization, headers['idempotency-key']]),
    ).toEqual([1, 2].map(() => ['/v1/orders/ord_991/refunds', { amount: 4250, currency: 'USD' }, `Bearer ${KEY}`, id]));
    await stranger.schedule('execute', { action: { tenant: 'default', id } });
    expect(receiver.all).toHaveLength(2);
    expect((await stack.call('POST', `/v1/actions/${id}/permit`)).status).toBe(403);
  });

  it.each([
    ['an unknown connector', refund(1, { execution: { connector: 'nobody' } })],
    ['another surface than it serves', refund(1, { execution: { connector: 'orders-db' } })],
    ['another action than it serves', refund(1, { ...through, action: 'refund.cancel' })],
  ])('%s is 400', async (_what, body) => {
    expect(await stack.ask(body)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/execution/connector' }] },
    });
    const tried = await stack.call('POST', '/v1/evaluate', body);
    expect(tried.status).toBe(400);
  });
});

it('no secret stands in a record, a row, a history or a file', async () => {
  const client = new pg.Client({ connectionString: postgres.connectionString });
  await client.connect();
  const { rows: tables } = await client.query(
    "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
  );
  const dumps = [];
  for (const { relname } of tables) dumps.push(await client.query(`select t::text from "${relname}" t`));
  const { rows: records } = await client.query("select convert_from(envelope, 'UTF8') as text from log_entry");
  await client.end();
  const payloads = records.map(({ text }) => Buffer.from(JSON.parse(text).payload, 'base64').toString('utf8'));
  expect(payloads.join('\n')).toContain('orders-db');
  const histories: string[] = [];
  for await (const { workflowId } of stranger.client.workflow.list()) {
    const { history } = await stranger.client.workflowService.getWorkflowExecutionHistory({
      namespace: stack.stack.temporal.namespace,
      execution: { workflowId },
    });
    histories.push(...(history?.events ?? []).map((event) => JSON.stringify(event)));
  }
  const files = readdirSync(stack.dataDir, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => readFileSync(join(one.parentPath, one.name), 'latin1'));
  const everything = [
    ...dumps.flatMap(({ rows }) => rows.map((row) => JSON.stringify(row))),
    ...payloads,
    ...histories,
    ...files,
  ].join('\n');
  for (const secret of [KEY, PASSWORD]) expect(everything.includes(secret)).toBe(false);
});
