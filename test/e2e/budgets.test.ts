/** What an action may cost, in statements of the database and events of its history: counted, so that no machine is too slow for it. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { workflowIdOf } from '../../src/engine/ids.ts';
import { createClient } from '../../src/main/engine.ts';
import { sandboxDriver } from '../support/sandbox-driver.ts';
import { testCluster } from '../support/cluster-stack.ts';
import { eventually } from '../support/eventually.ts';
import { sharedStack, type SharedStack } from '../support/shared-stack.ts';
import { LEAD, refund } from '../support/stack.ts';

const RECORDS_OF_AN_ACTION = /from "log_entry" where "tenant" = \$1 and "action" = \$2/;
const ROW_OF_AN_ACTION = /from "action" as a where a."tenant" = \$1 and a."id" = any\(\$2::text\[\]\)$/;

/** Statements are counted in this process. */
const elsewhere = testCluster() !== null;

let it_: SharedStack;
const statements: string[] = [];
const { query } = pg.Client.prototype;

beforeAll(async () => {
  it_ = await sharedStack();
  // Every overload passes through as it came: only the text is noted.
  vi.spyOn(pg.Client.prototype, 'query').mockImplementation(function (this: pg.Client, ...args: unknown[]): void {
    const [first] = args;
    const text = typeof first === 'string' ? first : String(Reflect.get(Object(first), 'text'));
    statements.push(text.trim().toLowerCase());
    return Reflect.apply(query, this, args) as void;
  });
});
afterAll(async () => {
  vi.restoreAllMocks();
});

interface Cost {
  commits: number;
  reads: number;
}

/** A statement outside of a transaction commits by itself. */
function countOf(texts: readonly string[]): Cost {
  const reads = texts.filter(
    (text) => /^(select|with)\b/.test(text) && !/\b(insert|update|delete|pg_notify)\b/.test(text),
  );
  const writes = texts.filter((text) => /^(insert|update|delete|commit)\b/.test(text) || /\bpg_notify\b/.test(text));
  return { commits: writes.length, reads: reads.length };
}

async function eventsOf(id: string): Promise<string[]> {
  const { parts, temporal } = it_.stack;
  const client = createClient(parts, temporal.connection, temporal.namespace);
  const { events } = await client.workflow.getHandle(workflowIdOf('default', id)).fetchHistory();
  return (events ?? []).map(({ eventType }) => String(eventType));
}

const closed = async (id: string): Promise<void> => {
  const { parts, temporal } = it_.stack;
  const client = createClient(parts, temporal.connection, temporal.namespace);
  await client.workflow.getHandle(workflowIdOf('default', id)).result();
};

/** Steps that are counted, at most. The last ones have waited for a quarter of a minute. */
const TRIES = 60;

/**
 * The cheapest of a few steps, which is the step's own: what else runs in this process may fall between, and first tasks of what other files
 * asked for half a minute ago do so for some seconds. It is tried again until it is as cheap as it has to be.
 */
async function least<T>(
  cost: (counted: readonly string[]) => T,
  isWithin: (cost: T) => boolean,
  prepare: (amount: number) => Promise<() => Promise<void>>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    const step = await prepare(1 + tries / 100);
    statements.length = 0;
    await step();
    const counted = cost([...statements]);
    if (isWithin(counted) || tries === TRIES) return counted;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function report(id: string, permit: string): Promise<void> {
  expect((await it_.call('POST', '/v1/permits/redeem', { permit })).status).toBe(200);
  const { status } = await it_.call('POST', `/v1/actions/${id}/outcome`, { permit, status: 'executed' });
  expect(status).toBe(200);
}

describe('an approved action', () => {
  it.skipIf(elsewhere)('costs few statements until its answer', async () => {
    const isWithin = ({ commits, reads }: Cost): boolean => commits <= 5 && reads <= 1;
    const asking = await least(countOf, isWithin, (amount) =>
      Promise.resolve(async () => {
        expect((await it_.ask(refund(amount))).body.status).toBe('released');
      }),
    );
    expect(asking).toSatisfy(isWithin);
  });

  it.skipIf(elsewhere)('costs one read and one commit to redeem, and as much to report', async () => {
    const asked = async (amount: number): Promise<{ id: string; permit: string }> =>
      (await it_.ask(refund(amount))).body;
    const redeem = async ({ permit }: { permit: string }): Promise<void> => {
      expect((await it_.call('POST', '/v1/permits/redeem', { permit })).status).toBe(200);
    };
    const told = async ({ id, permit }: { id: string; permit: string }): Promise<void> => {
      const { status } = await it_.call('POST', `/v1/actions/${id}/outcome`, { permit, status: 'executed' });
      expect(status).toBe(200);
    };
    const all = (counted: readonly string[]): number => counted.length;
    const isTwo = (count: number): boolean => count === 2;
    const redeeming = await least(all, isTwo, async (amount) => {
      const action = await asked(amount);
      return () => redeem(action);
    });
    const reporting = await least(all, isTwo, async (amount) => {
      const action = await asked(amount);
      await redeem(action);
      return () => told(action);
    });
    expect([redeeming, reporting]).toEqual([2, 2]);
  });

  it('has at most 3 events until its answer and 6 until its reported end', async () => {
    const { body } = await it_.ask(refund(3));
    expect((await eventsOf(body.id)).length).toBeLessThanOrEqual(3);
    await report(body.id, body.permit);
    await closed(body.id);
    expect((await eventsOf(body.id)).length).toBeLessThanOrEqual(6);
  });
});

it('a refusal has at most 6 events', async () => {
  const { body } = await it_.ask(refund(5000));
  await closed(body.action?.id ?? body.id);
  expect((await eventsOf(body.action?.id ?? body.id)).length).toBeLessThanOrEqual(6);
});

/** An action that a human decides and an executor reports; its number of events. */
async function decided(): Promise<number> {
  const { body } = await it_.ask(refund(420.5));
  const decision = await it_.call(
    'POST',
    `/v1/actions/${body.id}/decisions`,
    { decision: 'approve', reason: 'fits' },
    {
      token: await it_.person(LEAD),
    },
  );
  expect(decision.status).toBe(200);
  const { body: released } = await it_.call('GET', `/v1/actions/${body.id}?wait=20`);
  await report(body.id, released.permit);
  await closed(body.id);
  return (await eventsOf(body.id)).length;
}

it('an action that a human decides has at most 30 events until its reported end', async () => {
  // A task that a busy machine gave up, or split, has more: the cheapest of a few is what the steps themselves need.
  let least = Infinity;
  for (let tries = 0; tries < 5 && least > 30; tries += 1) least = Math.min(least, await decided());
  expect(least).toBeLessThanOrEqual(30);
});

it.skipIf(elsewhere)(
  'a click reads the row of its action once at the door, and once with its records where the engine decides',
  async () => {
    const user = it_.stack.parts.directory.current('default').person(LEAD)?.slack?.user ?? '';
    const rows: number[] = [];
    const records: number[] = [];
    for (const amount of [421, 422, 423]) {
      statements.length = 0;
      const { body } = await it_.ask(refund(amount));
      const { channel, ts } = await sandboxDriver(it_.sandbox).messageOf(body.id);
      // The workflow, which is woken behind it, finds the verdict.
      await eventually('the message is noted, and the row read once more', () => {
        const noted = statements.findIndex((text) => text.includes('insert into slack_message'));
        return (noted >= 0 && statements.slice(noted).some((text) => ROW_OF_AN_ACTION.test(text))) || undefined;
      });
      statements.length = 0;
      const { deliveries } = await it_.sandbox.control.click({ user, channel, ts, actionId: 'approve' });
      const texts = [...statements];
      expect(deliveries.map(({ status }) => status)).toEqual([200]);
      // The engine asks for the row and for the records at the same time, in either order.
      const decided = texts.slice(
        0,
        texts.findIndex((text) => text.startsWith('with head as')),
      );
      rows.push(decided.filter((text) => ROW_OF_AN_ACTION.test(text)).length);
      records.push(decided.filter((text) => RECORDS_OF_AN_ACTION.test(text)).length);
    }
    expect([Math.min(...rows), Math.min(...records)]).toEqual([2, 1]);
  },
);
