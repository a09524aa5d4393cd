/** Who is left asleep is told nothing, as long as its first task is still to come. */
import { expect, it } from 'vitest';
import { createAsleep } from '../../src/gateway/asleep.ts';

it('sleeps until its first task, and nobody else does', () => {
  let now = 1000;
  const asleep = createAsleep(() => new Date(now));
  asleep.leave('default', 'act_1', 2000);
  const sleepers = (): boolean[] => [
    asleep.sleeps('default', 'act_1'),
    asleep.sleeps('default', 'act_2'),
    asleep.sleeps('other', 'act_1'),
  ];
  expect(sleepers()).toEqual([true, false, false]);
  now = 1999;
  expect(sleepers()).toEqual([true, false, false]);
  now = 2000;
  expect(sleepers()).toEqual([false, false, false]);
});
