/** `npm run seed`: a history that the engine itself sealed, and in it the audit finds what was planted, and nothing else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANOMALIES } from '../../scripts/seed/anomalies.ts';
import { fill, planOf, type SeedOptions } from '../../scripts/seed/seed.ts';
import type { Json, JsonObject } from '../../src/contract/index.ts';
import { loadConfig } from '../../src/main/config.ts';
import { createLogger, openParts, type Parts } from '../../src/main/parts.ts';
import { createFindingWatch } from '../../src/projection/index.ts';
import { createFactSearch, FACETS, FACT_SORTS, type FacetCount } from '../../src/store/fact-search.ts';
import { openPostgres } from '../../src/store/postgres.ts';
import { openEmbeddedPostgres, type ActionFact, type EmbeddedPostgres } from '../../src/store/index.ts';

const TENANT = 'default';
const OPTIONS: SeedOptions = {
  ...{ actions: 600, seed: 7, days: 365, clean: false },
  until: Date.parse('2026-11-20T18:00:00Z'),
};

let folder: string;
let postgres: EmbeddedPostgres;
let parts: Parts;
let sealed: { actions: number; records: number };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-seeded-'));
  const policies = fileURLToPath(new URL('../../scripts/seed/policies', import.meta.url));
  const config = loadConfig({ COUNTERSIGN_DATA: folder, COUNTERSIGN_POLICIES: policies });
  postgres = await openEmbeddedPostgres({ dataDir: folder });
  parts = await openParts(config, postgres.connectionString, createLogger('warn'));
  sealed = await fill(parts, postgres.connectionString, OPTIONS);
}, 240_000);

afterAll(async () => {
  await parts.close();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('holds every planned action, and each row of the read model is what its records say', async () => {
  expect(sealed.actions).toBe([...planOf(OPTIONS)].length);
  const { size, logSize } = await parts.readModel.catchUp(TENANT);
  expect([size, logSize]).toEqual([logSize, size]);
  expect(size).toBeGreaterThan(sealed.records);
  const { differences, windows, actions, next } = await parts.readModel.check(TENANT, 0);
  expect([differences, windows, next]).toEqual([[], [], null]);
  // The activation of the policies is none of them.
  expect(actions).toBe(sealed.actions);
});

it('has each of the twelve anomalies found, and nothing of the ordinary business around them', async () => {
  await parts.findingWatch.refresh(TENANT);
  const time = { from: '2020-01-01T00:00:00.000Z', to: '2030-01-01T00:00:00.000Z' };
  const found = await parts.store.findings.list(TENANT, time, 1000);
  expect([...new Set(found.map(({ test }) => test))].sort()).toEqual([...ANOMALIES].sort());
  expect(found).toHaveLength(ANOMALIES.length);
});

it('asks what is done after hours by the clock and the holidays that the policies in force seal', async () => {
  const compiled = (hash: string) => parts.bundles.compiled(TENANT, hash);
  const watch = (clock: object) =>
    createFindingWatch({
      store: parts.store,
      async compiled(_tenant, hash) {
        const bundle = await compiled(hash);
        return bundle === null ? null : { ...bundle, source: { ...(bundle.source as JsonObject), ...clock } as Json };
      },
    });
  expect(await watch({}).differences(TENANT)).toEqual([]);
  const elsewhere = await watch({ clock: { zone: 'Pacific/Auckland' } }).differences(TENANT);
  expect(elsewhere.length).toBeGreaterThan(0);
  const noon = (
    await parts.store.facts.search(TENANT, {
      ...{ filter: { basis: 'override' }, scope: 'all', sort: '-askedAt' },
      cursor: undefined,
      limit: 1,
    })
  ).facts[0]?.decidedAt;
  const closed = { holidays: { closed: [noon?.slice(0, 10) ?? ''] } };
  expect((await watch(closed).differences(TENANT)).length).toBeGreaterThan(0);
});

describe('a search for values, however far it walks before it asks the index of values', () => {
  const VALUES = [
    ...(['surface', 'status', 'decision', 'mode', 'policy', 'rule', 'approver', 'via', 'currency'] as const),
    ...(['actor', 'requester'] as const),
  ];
  const page = { filter: {}, scope: 'all' as const, sort: 'askedAt' as const, cursor: undefined, limit: 5000 };
  const near = fc.record({
    /** Values of an action that is there, so that combinations fit something. */
    of: fc.nat(),
    names: fc.subarray([...VALUES, 'basis' as const], { minLength: 1, maxLength: 4 }),
    /** One value of another action: then perhaps nothing fits. */
    other: fc.option(fc.nat()),
    sort: fc.constantFrom(...FACT_SORTS),
    walk: fc.constantFrom(1, 20, 300, 50_000),
    between: fc.option(fc.tuple(fc.nat(364), fc.nat(364))),
  });

  const facetsOf = (rows: readonly ActionFact[]): FacetCount[] =>
    FACETS.toSorted().flatMap((facet) => {
      const counts = new Map<string, number>();
      for (const { [facet]: value } of rows) if (value !== null) counts.set(value, (counts.get(value) ?? 0) + 1);
      return [...counts]
        .map(([value, count]) => ({ facet, value, count }))
        .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
        .slice(0, 50);
    });
  /** Rows without a value have no place in an order. */
  const ordered = (rows: readonly ActionFact[], sort: (typeof FACT_SORTS)[number]): string[] => {
    const column = sort.replace('-', '') as 'askedAt' | 'amount' | 'waitMs';
    const place = (row: ActionFact): number => (column === 'askedAt' ? Date.parse(row.askedAt) : Number(row[column]));
    const placed = rows
      .filter((row) => row[column] !== null)
      .sort((a, b) => place(a) - place(b) || a.firstIndex - b.firstIndex);
    return (sort.startsWith('-') ? placed.toReversed() : placed).map(({ action }) => action);
  };

  it('finds the same rows in the same order, counts them, and adds their values up', async () => {
    const database = openPostgres(postgres.connectionString, 2);
    const facts = (await parts.store.facts.search(TENANT, page)).facts;
    try {
      await fc.assert(
        fc.asyncProperty(near, async ({ of, names, other, sort, walk, between }) => {
          const [one, another] = [facts[of % facts.length], facts[(other ?? of) % facts.length]];
          const filter: Record<string, string> = {};
          for (const [at, name] of names.entries()) {
            const from = at === 0 ? another : one;
            const value = name === 'basis' ? (from?.releaseBasis ?? from?.basis) : from?.[name];
            if (value != null) filter[name] = value;
          }
          if (between !== null) {
            const day = (n: number): string => new Date(OPTIONS.until - n * 86_400_000).toISOString();
            Object.assign(filter, { from: day(Math.max(...between)), to: day(Math.min(...between)) });
          }
          const expected = facts.filter((fact) =>
            Object.entries(filter).every(([name, value]) => {
              if (name === 'from') return fact.askedAt >= value;
              if (name === 'to') return fact.askedAt < value;
              return name === 'basis'
                ? (fact.releaseBasis ?? fact.basis) === value
                : fact[name as (typeof VALUES)[number]] === value;
            }),
          );
          const newest = expected.toReversed();
          const inOrder = ordered(expected, sort);
          const search = createFactSearch(database.db, walk);
          const query = { filter, scope: 'all' as const, sort, limit: Math.max(5, Math.ceil(expected.length / 3)) };
          for (const read of [
            (cursor?: string) => search.search(TENANT, { ...query, cursor }),
            (cursor?: string) => search.look(TENANT, { ...query, cursor, counted: 10_000, facets: false }),
          ]) {
            const found: string[] = [];
            let cursor: string | undefined;
            do {
              const next = await read(cursor);
              found.push(...next.facts.map(({ action }) => action));
              cursor = next.nextCursor ?? undefined;
            } while (cursor !== undefined);
            expect(found).toEqual(inOrder);
          }
          expect(await search.count(TENANT, filter, 'all', 10_000)).toBe(expected.length);
          expect(await search.count(TENANT, filter, 'all', 3)).toBe(Math.min(3, expected.length));
          const first = { ...query, cursor: undefined, limit: 5, facets: true };
          const look = await search.look(TENANT, { ...first, counted: 10_000 });
          expect(look.facts.map(({ action }) => action)).toEqual(inOrder.slice(0, 5));
          expect(look.nextCursor === null).toBe(inOrder.length <= 5);
          expect([look.count, look.exact, look.facets]).toEqual([expected.length, true, facetsOf(expected)]);
          // Of more than are counted it is known that there are more, and of which values the newest are.
          const few = await search.look(TENANT, { ...first, counted: 7 });
          expect([few.count, few.exact, few.facets]).toEqual([
            ...[Math.min(7, expected.length), expected.length <= 7],
            facetsOf(newest.slice(0, 7)),
          ]);
        }),
        { numRuns: 40 },
      );
    } finally {
      await database.close();
    }
  });
});

it('is refused a second time: a history is begun once', async () => {
  await expect(fill(parts, postgres.connectionString, OPTIONS)).rejects.toMatchObject({ code: 'configuration' });
});
