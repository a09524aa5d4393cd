import { expect, it } from 'vitest';
import { BoundedMap } from '../../src/canonical/index.ts';

const held = (map: BoundedMap<string, number>): string =>
  ['a', 'b', 'c', 'd'].filter((key) => map.get(key) !== undefined).join('');

it('keeps what was set last, and no more than its bound', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  expect(held(map)).toBe('ab');
  map.set('c', 3);
  expect(held(map)).toBe('bc');
  map.set('b', 4);
  map.set('d', 5);
  expect([held(map), map.get('b')]).toEqual(['bd', 4]);
});
