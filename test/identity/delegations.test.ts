import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { activeDelegation, type Delegation } from '../../src/identity/index.ts';

const base: Delegation = {
  id: 'del_1',
  tenant: 'default',
  from: 'user:a',
  to: 'user:b',
  surfaces: ['payments.*'],
  startsAt: 100,
  endsAt: 200,
  revokedAt: null,
};
const ask = { from: 'user:a', to: 'user:b', surface: 'payments.refund', now: 150 };

describe('activeDelegation', () => {
  it.each<[string, Partial<Delegation>, Partial<typeof ask>, boolean]>([
    ['inside its bounds', {}, {}, true],
    ['at its start', {}, { now: 100 }, true],
    ['before its start', {}, { now: 99 }, false],
    ['at its end', {}, { now: 200 }, false],
    ['on another surface', {}, { surface: 'deploy.prod' }, false],
    ['for another giver', {}, { from: 'user:c' }, false],
    ['by another stand-in', {}, { to: 'user:c' }, false],
    ['after it was taken back', { revokedAt: 140 }, {}, false],
    ['before it will be taken back', { revokedAt: 160 }, {}, true],
    ['to oneself', { to: 'user:a' }, { to: 'user:a' }, false],
  ])('%s', (_, change, question, want) => {
    expect(activeDelegation([{ ...base, ...change }], { ...ask, ...question }) !== null).toBe(want);
  });

  it('follows no chain', () => {
    const chain = [base, { ...base, id: 'del_2', from: 'user:b', to: 'user:c' }];
    expect(activeDelegation(chain, { ...ask, to: 'user:c' })).toBeNull();
    expect(activeDelegation(chain, { ...ask, from: 'user:b', to: 'user:c' })?.id).toBe('del_2');
  });

  it('takes several givers, or any', () => {
    const { from: _from, ...anybody } = ask;
    expect(activeDelegation([base], { ...ask, from: undefined })?.id).toBe('del_1');
    expect(activeDelegation([base], anybody)?.id).toBe('del_1');
    expect(activeDelegation([base], { ...anybody, from: ['user:x', 'user:a'] })?.id).toBe('del_1');
    expect(activeDelegation([base], { ...anybody, from: [] })).toBeNull();
  });

  it('names the same one whatever the order, and never one that is not in force', () => {
    const one = fc.record({
      id: fc.constantFrom('d1', 'd2', 'd3', 'd4'),
      from: fc.constantFrom('user:a', 'user:b', 'user:c'),
      to: fc.constantFrom('user:a', 'user:b', 'user:c'),
      startsAt: fc.integer({ min: 0, max: 300 }),
      endsAt: fc.integer({ min: 0, max: 300 }),
    });
    const some = fc.uniqueArray(one, { selector: (delegation) => delegation.id });
    fc.assert(
      fc.property(some, fc.integer({ min: 0, max: 300 }), (list, now) => {
        const all = list.map((delegation) => ({ ...base, ...delegation }));
        const found = activeDelegation(all, { ...ask, now });
        expect(activeDelegation([...all].reverse(), { ...ask, now })).toEqual(found);
        if (found === null) return;
        expect(found.startsAt <= now && now < found.endsAt && found.from === 'user:a' && found.to === 'user:b').toBe(
          true,
        );
      }),
    );
  });
});
