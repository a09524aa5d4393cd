import { describe, expect, it } from 'vitest';
import { heldAmiss } from '../../src/engine/limit-count.ts';
import type { LimitShare } from '../../src/register/index.ts';
import { KEPT_MS } from '../../src/store/index.ts';

const NOW = Date.parse('2026-06-01T00:00:00.000Z');
const DAY_MS = 24 * 3_600_000;
const share = (slot: string, amount: string, age: number, windowMs = DAY_MS): LimitShare => ({
  ...{ slot, amount, at: NOW - age, until: NOW - age + windowMs },
});
const [YOUNG, OLD] = [KEPT_MS, KEPT_MS + 1];
const row = (slot: string, amount: string) => ({ slot, amount });

describe('the rows of what an action took of limits', () => {
  it.each<[string, LimitShare[], { slot: string; amount: string }[], ReturnType<typeof heldAmiss>]>([
    ['are as sealed', [share('a', '1', 0)], [row('a', '1.0')], null],
    ['are not there', [share('a', '1', YOUNG)], [], { rows: 0, shares: 1 }],
    ['were swept away', [share('a', '1', OLD)], [], null],
    ['are not swept away yet', [share('a', '1', OLD)], [row('a', '1')], null],
    ['were swept away in part', [share('a', '1', OLD), share('b', '2', OLD)], [row('b', '2')], null],
    ['count longer than that', [share('a', '1', OLD, 3 * KEPT_MS)], [], { rows: 0, shares: 1 }],
    ['say another amount', [share('a', '1', 0)], [row('a', '2')], { rows: 1, shares: 1 }],
    ['say another amount of what is over', [share('a', '1', OLD)], [row('a', '2')], { rows: 1, shares: 0 }],
    ['are one too many', [share('a', '1', 0)], [row('a', '1'), row('a', '1')], { rows: 2, shares: 1 }],
    ['are of another limit', [share('a', '1', 0)], [row('b', '1')], { rows: 1, shares: 1 }],
    [
      'lack the longer one of two alike',
      [share('a', '1', OLD), share('a', '1', OLD, 3 * KEPT_MS)],
      [row('a', '1')],
      null,
    ],
  ])('%s', (_what, shares, rows, amiss) => {
    expect(heldAmiss(rows, shares, { now: NOW, bySlot: true })).toEqual(amiss);
  });

  it('of records that did not seal which limit are compared by amount', () => {
    expect(heldAmiss([row('b', '1')], [share('a', '1', 0)], { now: NOW, bySlot: false })).toBeNull();
    expect(heldAmiss([row('b', '2')], [share('a', '1', 0)], { now: NOW, bySlot: false })).not.toBeNull();
  });
});
