import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createPace } from '../../src/sequencer/pace.ts';

it('takes turns until it was alone for a while, and for longer after a race that it lost', () => {
  const pace = createPace();
  for (let n = 0; n < 8; n += 1) {
    expect(pace.takesTurns()).toBe(true);
    pace.took({ alone: true });
  }
  expect(pace.takesTurns()).toBe(false);
  pace.lost();
  for (let n = 0; n < 31; n += 1) {
    expect(pace.takesTurns()).toBe(true);
    pace.took({ alone: true });
  }
  pace.took({ alone: false });
  for (let n = 0; n < 32; n += 1) {
    expect(pace.takesTurns()).toBe(true);
    pace.took({ alone: true });
  }
  expect(pace.takesTurns()).toBe(false);
});

it('loses at most one race in 33 appends, whatever others do', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 300, maxLength: 600 }), (others) => {
      const pace = createPace();
      let lost = 0;
      for (const moved of others) {
        if (pace.takesTurns()) pace.took({ alone: !moved });
        else if (moved) {
          pace.lost();
          lost += 1;
        }
      }
      expect(lost).toBeLessThanOrEqual(1 + Math.floor(others.length / 33));
    }),
  );
});
