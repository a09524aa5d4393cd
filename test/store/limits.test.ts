import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDecimals, compareDecimals, formatDecimal, parseDecimal } from '../../src/canonical/index.ts';
import type { LimitFact } from '../../src/contract/index.ts';
import { countersOfGrants, grantFacts, grantsFor, grantShares } from '../../src/engine/grants.ts';
import { evaluate } from '../../src/policy/index.ts';
import type { Committing } from '../../src/store/transactions.ts';
import type { LimitGlance, LimitQuery, Store } from '../../src/store/index.ts';
import { compiled, facts, policy, request } from '../policy/helpers.ts';
import { openTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { AT } from '../support/records.ts';

let world: TestDatabase;
let store: Store;

beforeAll(async () => {
  world = await openTestDatabase();
  store = world.store;
});
afterAll(() => world.close());

const now = new Date(AT);
const after = (ms: number): Date => new Date(now.getTime() + ms);
const daily = (key: string[], windowMs = 86_400_000): LimitQuery => ({ limit: 'payments.refund/daily', key, windowMs });

/** What was decided, once it is committed. */
async function decided<T>(deciding: Promise<Committing<T>>): Promise<T> {
  const { value, committed } = await deciding;
  await committed;
  return value;
}

/** Takes `amount` where `max` allows it, as policy does. */
function take(
  from: Store,
  action: string,
  query: LimitQuery,
  amount: string,
  max: string,
  at = now,
): Promise<{ fits: boolean; used: string }> {
  return decided(
    from.limits.decide('default', action, [query], at, (facts: LimitFact[]) => {
      const used = facts[0]?.used ?? '';
      const total = formatDecimal(addDecimals(parseDecimal(used, Infinity), parseDecimal(amount)));
      const fits = compareDecimals(parseDecimal(total, Infinity), parseDecimal(max)) <= 0;
      return Promise.resolve({ reservations: fits ? [{ ...query, amount, max }] : [], value: { fits, used } });
    }),
  );
}

describe('running totals', () => {
  const SECOND = 1000;
  const EDGES = [0, 1, -1, SECOND, 60 * SECOND, 3600 * SECOND, 86_400 * SECOND];
  /** Times around the edges of seconds, minutes, hours and windows. */
  const time = fc
    .tuple(fc.constantFrom(...EDGES), fc.constantFrom(...EDGES), fc.integer({ min: -2, max: 2 }))
    .map(([a, b, ms]) => a - b + ms);
  const amount = fc
    .tuple(fc.integer({ min: 0, max: 10 ** 9 }), fc.integer({ min: 0, max: 6 }))
    .map(([units, scale]) => formatDecimal({ units: BigInt(units), scale }));
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), at: time, amount }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat() }) },
  );

  it('are the plain sum, whatever was taken and given back, at every edge of the window', async () => {
    let world_ = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25 }),
        fc.array(fc.tuple(time, fc.constantFrom(1, 1000, 60_000, 3_600_000, 86_400_000, 2_592_000_000)), {
          minLength: 1,
          maxLength: 8,
        }),
        async (steps, looks) => {
          world_ += 1;
          const query = daily([`property ${world_}`]);
          const held: { action: string; at: number; amount: string }[] = [];
          for (const [n, one] of steps.entries()) {
            if (one.do === 'take') {
              const action = `act_${world_}_${n}`;
              await take(store, action, query, one.amount, '1' + '0'.repeat(14), after(one.at));
              held.push({ action, at: one.at, amount: one.amount });
            } else if (held.length > 0) {
              const [gone] = held.splice(one.which % held.length, 1);
              await store.limits.release('default', gone?.action ?? '');
            }
          }
          for (const [at, windowMs] of looks) {
            const asker = held[0]?.action ?? 'act_nobody';
            const plain = held
              .filter((one) => one.action !== asker && one.at > at - windowMs)
              .reduce((sum, one) => addDecimals(sum, parseDecimal(one.amount)), parseDecimal('0'));
            const [fact] = await store.limits.usage('default', asker, [{ ...query, windowMs }], after(at));
            expect(fact?.used).toBe(formatDecimal(plain));
          }
        },
      ),
      { numRuns: 40 },
    );
  }, 120_000);
});

describe('limits.decide', () => {
  it('admits exactly as many as fit, of 200 at once over several pools', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => world.open(5)));
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        take(stores[n % stores.length] as Store, `act_race_${n}`, daily(['race']), '0.1', '5'),
      ),
    );
    expect(answers.filter(({ fits }) => fits)).toHaveLength(50);
    expect(await store.limits.usage('default', 'act_other', [daily(['race'])], now)).toMatchObject([{ used: '5' }]);
  });

  it('counts for each of those who decide together what those before it took, exact to its own window', async () => {
    let worlds = 0;
    const ask = fc.record({
      key: fc.constantFrom('a', 'b'),
      windowMs: fc.constantFrom(1000, 60_000, 86_400_000),
      at: fc.constantFrom(0, 1, 999, 1000, 1001, 60_000),
      amount: fc.constantFrom('0.1', '2.25', '7'),
      fails: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(ask, { minLength: 1, maxLength: 20 }), async (asks) => {
        worlds += 1;
        const order: { key: string; at: number; amount: string }[] = [];
        const deciding = asks.map(async ({ key, windowMs, at, amount, fails }, n) => {
          const query = daily([`together ${worlds} ${key}`], windowMs);
          const plain = () =>
            order
              .filter((one) => one.key === key && one.at > at - windowMs)
              .reduce((sum, one) => addDecimals(sum, parseDecimal(one.amount)), parseDecimal('0'));
          const counted = store.limits.decide(
            'default',
            `act_together_${worlds}_${n}`,
            [query],
            after(at),
            ([fact]) => {
              expect(fact?.used).toBe(formatDecimal(plain()));
              if (fails) return Promise.reject(new Error('policy broke'));
              order.push({ key, at, amount });
              return Promise.resolve({ reservations: [{ ...query, amount, max: '1000' }], value: n });
            },
          );
          if (fails) await expect(counted).rejects.toThrow('policy broke');
          else expect(await decided(counted)).toBe(n);
        });
        await Promise.all(deciding);
      }),
      { numRuns: 40 },
    );
  });

  it('decides an action once, also when it is asked twice at the same time', async () => {
    let calls = 0;
    const decide = (from: Store) =>
      decided(
        from.limits.decide('default', 'act_twice', [daily(['twice'])], now, () =>
          Promise.resolve({ reservations: [{ ...daily(['twice']), amount: '7', max: '9' }], value: { call: ++calls } }),
        ),
      );
    const other = await world.open();
    const answers = await Promise.all([decide(store), decide(other), decide(store), decide(other)]);
    expect(answers).toEqual(answers.map(() => ({ call: 1 })));
    expect(calls).toBe(1);
    expect(await store.limits.usage('default', 'act_other', [daily(['twice'])], now)).toMatchObject([{ used: '7' }]);
  });

  it('does not wait for ever when two actions ask for the same limits in opposite order', async () => {
    const [a, b] = [daily(['a']), daily(['b'])];
    const decide = (n: number) =>
      decided(
        store.limits.decide('default', `act_order_${n}`, n % 2 === 0 ? [a, b] : [b, a], now, (facts) =>
          Promise.resolve({ reservations: [], value: facts.length }),
        ),
      );
    expect(await Promise.all(Array.from({ length: 40 }, (_, n) => decide(n)))).toEqual(Array(40).fill(2));
  });

  it('reserves nothing when deciding fails', async () => {
    const failing = store.limits.decide('default', 'act_fail', [daily(['fail'])], now, () =>
      Promise.reject(new Error('policy broke')),
    );
    await expect(failing).rejects.toThrow('policy broke');
    expect(await take(store, 'act_fail', daily(['fail']), '1', '1')).toEqual({ fits: true, used: '0' });
  });

  it('says so when what was decided could not be written, and gives its locks back', async () => {
    const { value, committed } = await store.limits.decide(
      'default',
      'act_unwritten',
      [daily(['unwritten'])],
      now,
      () =>
        Promise.resolve({
          reservations: [{ ...daily(['unwritten']), amount: 'no amount', max: '1' }],
          value: { fits: true },
        }),
    );
    expect(value).toEqual({ fits: true });
    await expect(committed).rejects.toThrow('numeric');
    expect(await take(store, 'act_unwritten', daily(['unwritten']), '1', '1')).toEqual({ fits: true, used: '0' });
  });

  it('keeps amounts exact', async () => {
    for (let n = 0; n < 10; n++) await take(store, `act_exact_${n}`, daily(['exact']), '0.1', '1');
    await take(store, 'act_exact_big', daily(['exact']), '123456789012.345', '999999999999999');
    expect(await take(store, 'act_exact', daily(['exact']), '1', '1')).toEqual({
      fits: false,
      used: '123456789013.345',
    });
  });

  it('counts what lies inside the sliding window, its beginning not included', async () => {
    const query = daily(['window'], 1000);
    await take(store, 'act_w', query, '3', '9');
    const used = async (at: Date) => (await store.limits.usage('default', 'act_other', [query], at))[0]?.used;
    expect(await used(after(999))).toBe('3');
    expect(await used(after(1000))).toBe('0');
  });

  it('does not count an action against itself, nor another tenant, limit or key', async () => {
    await take(store, 'act_self', daily(['self']), '3', '9');
    const used = async (tenant: string, action: string, query: LimitQuery) =>
      (await store.limits.usage(tenant, action, [query], now))[0]?.used;
    expect(await used('default', 'act_other', daily(['self']))).toBe('3');
    expect(await used('default', 'act_self', daily(['self']))).toBe('0');
    expect(await used('other', 'act_other', daily(['self']))).toBe('0');
    expect(await used('default', 'act_other', daily(['self', '']))).toBe('0');
    expect(await used('default', 'act_other', { ...daily(['self']), limit: 'payments.refund/weekly' })).toBe('0');
  });

  it('answers in the order of the questions, and takes any text as a key', async () => {
    const odd = daily(['\0', '"}{,', 'ü'.repeat(300)]);
    await take(store, 'act_odd', odd, '2', '9');
    expect(await store.limits.usage('default', 'act_other', [daily(['none']), odd], now)).toEqual([
      { limit: odd.limit, key: ['none'], used: '0' },
      { limit: odd.limit, key: odd.key, used: '2' },
    ]);
    expect(await store.limits.usage('default', 'act_other', [], now)).toEqual([]);
  });

  it('gives back what an action held', async () => {
    await take(store, 'act_back', daily(['back']), '3', '9');
    await store.limits.release('default', 'act_back');
    expect(await take(store, 'act_next', daily(['back']), '9', '9')).toEqual({ fits: true, used: '0' });
  });
});

describe('limits.glance', () => {
  const glanced = async (from: Store, action: string, query: LimitQuery): Promise<LimitGlance> => {
    const glance = await from.limits.glance('default', action, [query], now);
    if (glance === null) throw new Error('somebody counts already');
    return glance;
  };
  /** What judging does: takes `1` by what was counted without a lock if it still is so, else under the locks. */
  const takeOne = async (from: Store, action: string, query: LimitQuery, max: string): Promise<boolean> => {
    const glance = await from.limits.glance('default', action, [query], now);
    if (glance === null) return (await take(from, action, query, '1', max)).fits;
    try {
      const fits = BigInt(glance.facts[0]?.used ?? '0') < BigInt(max);
      const value = { fits, used: glance.facts[0]?.used };
      const taken = await glance.take({ reservations: fits ? [{ ...query, amount: '1', max }] : [], value });
      return taken ? fits : (await take(from, action, query, '1', max)).fits;
    } finally {
      glance.end();
    }
  };

  it('takes what was counted, once, and whoever asks again finds it decided', async () => {
    const query = daily(['glance']);
    const glance = await glanced(store, 'act_glance', query);
    expect(glance.facts).toEqual([{ limit: query.limit, key: query.key, used: '0' }]);
    const decided = { reservations: [{ ...query, amount: '3', max: '9' }], value: { fits: true, used: '0' } };
    expect(await glance.take(decided)).toBe(true);
    expect(await glance.take(decided)).toBe(false);
    glance.end();
    expect(await take(store, 'act_glance', query, '9', '9')).toEqual({ fits: true, used: '0' });
    expect(await store.limits.usage('default', 'act_other', [query], now)).toMatchObject([{ used: '3' }]);
  });

  it.each<[string, (from: Store, query: LimitQuery, action: string) => Promise<unknown>]>([
    ['taken', (from, query) => take(from, 'act_taking', query, '1', '9')],
    ['given back', (from) => from.limits.release('default', 'act_giving_back')],
    ['decided of the same action', (from, query, action) => take(from, action, query, '0', '9')],
  ])('stores nothing where something was %s since', async (what, happens) => {
    const [query, action] = [daily([what]), `act_glance ${what}`];
    if (what === 'given back') await take(store, 'act_giving_back', query, '2', '9');
    const other = await world.open(2);
    const used = async () => (await other.limits.usage('default', 'act_nobody', [query], now))[0]?.used;
    const glance = await glanced(store, action, query);
    await happens(other, query, action);
    const before = await used();
    expect(await glance.take({ reservations: [{ ...query, amount: '4', max: '9' }], value: {} })).toBe(false);
    glance.end();
    expect(await used()).toBe(before);
  });

  it('asks nobody for what this process took last, and is refused where somebody took of it since', async () => {
    const [mine, others] = await Promise.all([world.open(2), world.open(2)]);
    const query = daily(['foreseen']);
    const taking = async (action: string, amount: string): Promise<{ used: string | undefined; isTaken: boolean }> => {
      const glance = await glanced(mine, action, query);
      const isTaken = await glance.take({ reservations: [{ ...query, amount, max: '99' }], value: {} });
      glance.end();
      return { used: glance.facts[0]?.used, isTaken };
    };
    expect(await taking('act_foreseen_1', '0.10')).toEqual({ used: '0', isTaken: true });
    expect(await taking('act_foreseen_2', '1.9')).toEqual({ used: '0.1', isTaken: true });
    // Somebody else deletes a share, and only the database knows.
    await others.limits.release('default', 'act_foreseen_1');
    expect(await taking('act_foreseen_3', '1')).toEqual({ used: '2', isTaken: false });
    // From then on it is counted each time.
    expect(await taking('act_foreseen_3', '1')).toEqual({ used: '1.9', isTaken: true });
    await others.limits.release('default', 'act_foreseen_2');
    expect(await taking('act_foreseen_4', '2')).toEqual({ used: '1', isTaken: true });
    expect(await others.limits.usage('default', 'act_other', [query], now)).toMatchObject([{ used: '3' }]);
  });

  it('counts again what was taken alongside a record and not committed', async () => {
    const mine = await world.open(2);
    const query = daily(['foreseen and lost']);
    const glance = await glanced(mine, 'act_lost_1', query);
    await glance.take({ reservations: [{ ...query, amount: '5', max: '99' }], value: {} });
    glance.end();
    const lost = await glanced(mine, 'act_lost_2', query);
    expect(lost.facts[0]?.used).toBe('5');
    lost.end();
    await world.store.limits.release('default', 'act_lost_1');
    const next = await glanced(mine, 'act_lost_3', query);
    expect(next.facts[0]?.used).toBe('0');
    next.end();
  });

  it('is null where another one counts in this process, until that one is over', async () => {
    const query = daily(['one at a time']);
    const glance = await glanced(store, 'act_first', query);
    expect(await store.limits.glance('default', 'act_second', [query, daily(['free'])], now)).toBeNull();
    expect(await store.limits.glance('default', 'act_third', [daily(['not that one'])], now)).not.toBeNull();
    glance.end();
    (await glanced(store, 'act_second', query)).end();
  });

  it('admits exactly as many as fit, of 200 at once over several pools', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => world.open(3)));
    const query = daily(['glances race']);
    const one = (n: number) => takeOne(stores[n % stores.length] as Store, `act_glance_race_${n}`, query, '50');
    const answers: boolean[] = [];
    // Several asked one after the other in each process, so that most of them may glance.
    const lane = async (first: number): Promise<void> => {
      for (let n = first; n < 200; n += 8) answers.push(await one(n));
    };
    await Promise.all(Array.from({ length: 8 }, (_, first) => lane(first)));
    expect(answers.filter(Boolean)).toHaveLength(50);
    expect(await store.limits.usage('default', 'act_other', [query], now)).toMatchObject([{ used: '50' }]);
  });
});

describe('a standing approval', () => {
  const GIVER = 'user:a@acme.test';
  const bundle = compiled(
    policy(
      `- { id: asks, when: 'true', then: supervise, approval: { stages: [{ name: one, approvers: ['${GIVER}'] }] } }`,
      'disclose: [params.amount]\neffect: { kind: compensable }\ngrants: { upTo: 2000, uses: 20, within: 12h }',
    ),
  );
  const grant = {
    ...{
      id: 'grt_1',
      record: `sha256:${'a'.repeat(64)}`,
      by: GIVER,
      action: 'act_0',
      decision: `sha256:${'b'.repeat(64)}`,
    },
    ...{ policy: 'test', rule: 'asks', surface: 'test.do', verb: 'do', actor: 'agent:bot', effect: 'compensable' },
    ...{ approvers: [GIVER], until: after(3_600_000).toISOString(), at: AT, revokedAt: null },
    ...{ uses: 20, upTo: '2000', currency: null },
  };

  /** As an engine judges: the verdict under the locks of what it counts. */
  const use = (from: Store, n: number, amount: number): Promise<string> => {
    const asked = request({ params: { amount } });
    const standing = grantsFor([grant], bundle, asked, now.getTime() + 1);
    return decided(
      from.limits.decide('default', `act_grant_${amount}_${n}`, countersOfGrants(standing), now, (limits) => {
        const known = facts({ now: AT, people: { [GIVER]: [GIVER] }, grants: grantFacts(standing, limits) });
        const { verdict, grant: covering } = evaluate(bundle, asked, known);
        return Promise.resolve({
          reservations: grantShares(standing, covering, now.getTime()),
          value: verdict.basis as string,
        });
      }),
    );
  };

  it('covers exactly 20 of 200 concurrent uses, over several pools', async () => {
    const other = await world.open();
    const bases: string[] = [];
    // Eight at once, so that nobody waits longer for a connection than a pool lets them.
    const lane = async (first: number): Promise<void> => {
      for (let n = first; n < 200; n += 8) bases.push(await use(n % 2 === 0 ? store : other, n, 10));
    };
    await Promise.all(Array.from({ length: 8 }, (_, first) => lane(first)));
    expect(bases.filter((basis) => basis === 'grant')).toHaveLength(20);
    expect(bases.filter((basis) => basis === 'rule')).toHaveLength(180);
  });
});
