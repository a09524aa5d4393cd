/** What an action of each path leaves behind, counted on a real stack: no machine is too slow for it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import proto from '@temporalio/proto';
import pg from 'pg';
import { workflowIdOf } from '../../src/engine/ids.ts';
import { createClient } from '../../src/main/engine.ts';
import { openEmbeddedPostgres } from '../../src/store/index.ts';
import { LEAD, refund, startTestStack, type TestStack } from '../../test/support/stack.ts';

export interface Cost {
  path: string;
  /** Entries of the log: what is sealed. */
  entries: number;
  /** Rows that our database has more, and their bytes without indexes. */
  rows: number;
  bytes: number;
  /** Events of its history in Temporal, and what its cloud would bill. */
  events: number;
  billed: number;
  /** The least that the path needs, and why. */
  floor: { entries: number; events: number; why: string };
}

const { EventType } = proto.temporal.api.enums.v1;

/** Of each path, after as many that warm the stack up. */
const EACH = 10;

/**
 * Types of events that Temporal bills as actions by its public rule: a start, a timer, an activity scheduled, a signal, an update. A local
 * activity is billed with the task that runs it, once.
 */
const BILLED = new Set([
  'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED',
  'EVENT_TYPE_TIMER_STARTED',
  'EVENT_TYPE_ACTIVITY_TASK_SCHEDULED',
  'EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED',
  'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED',
  'EVENT_TYPE_MARKER_RECORDED',
]);

interface Path extends Pick<Cost, 'path' | 'floor'> {
  /** Does it once, to its end; the action's id. */
  run(stack: TestStack, amount: number): Promise<string>;
}

async function reported(stack: TestStack, id: string): Promise<string> {
  const { body } = await stack.call('GET', `/v1/actions/${id}?wait=20`);
  await stack.call('POST', '/v1/permits/redeem', { permit: body.permit });
  await stack.call('POST', `/v1/actions/${id}/outcome`, { permit: body.permit, status: 'executed' });
  return id;
}

const PATHS: readonly Path[] = [
  {
    path: 'refused by rule',
    floor: { entries: 1, events: 5, why: 'a verdict; a workflow that starts, runs one task and ends' },
    async run(stack, amount) {
      const { body } = await stack.ask(refund(5000 + amount));
      return body.action?.id ?? body.id;
    },
  },
  {
    path: 'approved by rule, redeemed, reported',
    floor: {
      entries: 4,
      events: 5,
      why: 'verdict, release, redemption, outcome; one task that finds all of it',
    },
    run: async (stack, amount) => reported(stack, (await stack.ask(refund(amount))).body.id),
  },
  {
    path: 'approved by a person, redeemed, reported',
    floor: {
      entries: 5,
      events: 20,
      why: 'the decision beside them; tasks to ask, to decide and to report, each with what it sealed, and one timer to expire',
    },
    async run(stack, amount) {
      const { body } = await stack.ask(refund(420 + amount / 100));
      await stack.call(
        'POST',
        `/v1/actions/${body.id}/decisions`,
        { decision: 'approve' },
        { token: await stack.person(LEAD) },
      );
      return reported(stack, body.id);
    },
  },
];

/** Rows and their bytes of all tables together. */
async function stored(client: pg.Client): Promise<{ rows: number; bytes: number }> {
  const { rows: tables } = await client.query<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`,
  );
  const counts = tables.map(({ name }) => `select count(*) n, coalesce(sum(pg_column_size(t.*)), 0) b from ${name} t`);
  const { rows } = await client.query<{ rows: string; bytes: string }>(
    `select sum(n) as rows, sum(b) as bytes from (${counts.join(' union all ')}) as every`,
  );
  return { rows: Number(rows[0]?.rows), bytes: Number(rows[0]?.bytes) };
}

async function costOf({ path, floor, run }: Path, stack: TestStack, client: pg.Client, from: number): Promise<Cost> {
  const { parts, temporal } = stack.stack;
  const workflows = createClient(parts, temporal.connection, temporal.namespace).workflow;
  const closed = async (id: string): Promise<void> => {
    await workflows.getHandle(workflowIdOf('default', id)).result();
  };
  const first: string[] = [];
  for (let n = 0; n < EACH; n += 1) first.push(await run(stack, from + n));
  for (const id of first) await closed(id);
  const before = await stored(client);
  const ids: string[] = [];
  for (let n = EACH; n < 2 * EACH; n += 1) ids.push(await run(stack, from + n));
  for (const id of ids) await closed(id);
  const after = await stored(client);
  const counted = await Promise.all(
    ids.map(async (id) => {
      const { events } = await workflows.getHandle(workflowIdOf('default', id)).fetchHistory();
      const types = (events ?? []).map(({ eventType }) => EventType[eventType ?? 0] ?? '');
      const { body } = await stack.call('GET', `/v1/actions/${id}`);
      const billed = types.filter((type) => BILLED.has(type)).length;
      return { events: types.length, billed, entries: (body.records as string[]).length };
    }),
  );
  // A task that a busy machine gave up, or split, has more: the cheapest is what the steps themselves need.
  const least = (what: 'events' | 'billed' | 'entries'): number => Math.min(...counted.map((one) => one[what]));
  return {
    ...{ path, floor, entries: least('entries'), events: least('events'), billed: least('billed') },
    rows: Math.round((after.rows - before.rows) / EACH),
    bytes: Math.round((after.bytes - before.bytes) / EACH),
  };
}

export async function costs(): Promise<Cost[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'countersign-costs-'));
  const { connectionString, stop } = await openEmbeddedPostgres({ dataDir });
  const stack = await startTestStack({ DATABASE_URL: connectionString });
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const found: Cost[] = [];
    for (const [at, path] of PATHS.entries()) found.push(await costOf(path, stack, client, 1 + at * 2 * EACH));
    return found;
  } finally {
    await client.end();
    await stack.stop();
    await stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
