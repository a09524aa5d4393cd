/** What an auditor takes away or brings along, far longer than memory: rows come as they are asked for, and are sealed as always. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportActions } from '../../src/gateway/action-export.ts';
import { reconcileStatement } from '../../src/gateway/statements.ts';
import type { Caller } from '../../src/identity/index.ts';
import { createReadModel } from '../../src/projection/index.ts';
import { createSequencer } from '../../src/sequencer/index.ts';
import type { ActionFact } from '../../src/store/index.ts';
import { sealCourses } from '../projection/history.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';

const AUDITOR: Caller = {
  ...{ kind: 'person', id: 'user:auditor@acme.test', tenant: 'default', roles: ['auditor'], groups: [] },
  ...{ surfaces: ['**'], actors: ['*'] },
};
const MB = 1024 * 1024;

let world: TestDatabase;
let one: ActionFact;
beforeAll(async () => {
  world = await openTestDatabase();
  await sealCourses(world, 1);
  await createReadModel(world.store).catchUp('default');
  const page = { scope: 'all' as const, sort: 'askedAt' as const, cursor: undefined, limit: 1 };
  const { facts } = await world.store.facts.search('default', { filter: { status: 'executed' }, ...page });
  one = facts[0] as ActionFact;
});
afterAll(() => world.close());

/** The n-th of a history that nobody could hold. */
const factOf = (n: number): ActionFact => ({
  ...one,
  ...{ action: `act_${String(n).padStart(64, '0')}`, firstIndex: n, lastIndex: n, reference: `ref_${n}` },
  ...{ amount: `${100 + n}.50`, amountApproved: `${100 + n}.50`, amountReleased: `${100 + n}.50` },
  ...{ amountExecuted: `${100 + n}.50`, amountUndisclosed: false, currency: 'EUR' },
});

const dependencies = () => {
  const sound = () => Promise.resolve({ checked: null, reading: null, faults: [] });
  return {
    ...{ keys: world.keys, version: '1.2.3', now: () => new Date('2026-11-27T08:00:00.000Z') },
    ...{ readModel: createReadModel(world.store), sequencer: createSequencer(world) },
    ...{ signers: (tenant: string) => world.keys.forTenant(tenant), logWatch: { look: sound, lookWhole: sound } },
  };
};

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** Bytes that are still needed, once all that are not were collected. */
const held = (): number => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

describe('an export of many actions', () => {
  it.each([
    ['csv', 100_000, 40 * MB],
    ['xlsx', 10_000, MB / 4],
  ] as const)(
    'as %s, %i of them, never holds more than a few pages',
    { timeout: 240_000 },
    async (format, rows, least) => {
      const before = held();
      let most = 0;
      const facts = {
        ...world.store.facts,
        async each(...[tenant, { page }, take]: Parameters<typeof world.store.facts.each>) {
          for (let at = 0; at < rows; at += page) {
            await take(Array.from({ length: Math.min(page, rows - at) }, (_, n) => factOf(at + n)));
            if (at % 20_000 === 0) most = Math.max(most, held() - before);
          }
          return { size: rows, head: await world.store.log.head(tenant) };
        },
      };
      const deps = { ...dependencies(), store: { ...world.store, facts } };
      const { stream, records } = await exportActions(deps, AUDITOR, { format });
      let bytes = 0;
      let measured = 0;
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        bytes += chunk.length;
        if (bytes - measured < 4 * MB) continue;
        measured = bytes;
        most = Math.max(most, held() - before);
      }
      expect(records).toBe(rows);
      // All of them are far more than may be held at any one time.
      expect(bytes).toBeGreaterThan(least);
      expect(most).toBeLessThan(24 * MB);
    },
  );
});

/** As many as a year of a large shop's, where somebody asks for it; the suite reads ten thousand. */
const STATEMENT_ROWS = Number(process.env['COUNTERSIGN_STATEMENT_ROWS'] ?? 10_000);
/** Of each kind that is wrong. */
const WRONG_OF_A_KIND = 25;

it(
  `a statement of ${STATEMENT_ROWS} rows, read as it comes, names the 75 that are wrong and no other`,
  { timeout: 600_000 },
  async () => {
    const lines = STATEMENT_ROWS - WRONG_OF_A_KIND;
    const WRONG = new Map([
      [0, 'ungoverned'],
      [100, 'altered'],
      [200, 'doubled'],
    ]);
    const wrongOf = (n: number): string | undefined => WRONG.get(n % Math.floor(lines / WRONG_OF_A_KIND));
    const before = held();
    let most = 0;
    async function* file(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('reference,amount,currency\n');
      for (let n = 0; n < lines; n += 1) {
        const altered = wrongOf(n) === 'altered';
        const amount = altered && n % 2 === 0 ? '1.00' : `${100 + n}.50`;
        const line = `ref_${n},${amount},${altered && n % 2 === 1 ? 'USD' : 'EUR'}\n`;
        // Pieces end anywhere, as they do on a connection.
        yield Buffer.from(line.slice(0, 5));
        yield Buffer.from(wrongOf(n) === 'doubled' ? line.slice(5) + line : line.slice(5));
        if (n % 50_000 === 0) most = Math.max(most, held() - before);
        await Promise.resolve();
      }
    }
    const effects = {
      executed: () => Promise.resolve([]),
      byKeys: (_tenant: string, _by: string, keys: readonly string[]) => {
        const numbers = keys.map((key) => Number(key.slice('ref_'.length)));
        const governed = numbers.filter((n) => wrongOf(n) !== 'ungoverned');
        return Promise.resolve(governed.map((n) => ({ key: `ref_${n}`, fact: factOf(n) })));
      },
    };
    const deps = { ...dependencies(), store: { ...world.store, effects } };
    const mapping = { by: 'reference', key: 'reference', amount: 'amount', currency: 'currency' } as const;
    const compared = await reconcileStatement(deps, AUDITOR, { source: 'bank', mapping }, file());
    const expected = { ungoverned: WRONG_OF_A_KIND, altered: WRONG_OF_A_KIND, doubled: WRONG_OF_A_KIND };
    expect(compared.counts).toMatchObject({ rows: STATEMENT_ROWS, ...expected, unreadable: 0 });
    expect(compared.issues).toHaveLength(3 * WRONG_OF_A_KIND);
    for (const { kind, key } of compared.issues)
      expect([key, kind]).toEqual([key, wrongOf(Number(key?.slice('ref_'.length)))]);
    // What came before is remembered by its key, for a second time; the rows are not.
    expect(most).toBeLessThan(16 * MB + STATEMENT_ROWS * 300);
    const sealed = await world.store.records.get('default', compared.record);
    expect(sealed?.record).toMatchObject({
      type: 'statement',
      body: { counts: compared.counts, digest: compared.digest },
    });
  },
);
