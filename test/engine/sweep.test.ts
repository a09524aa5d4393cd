/** How the sweep looks at open actions: quickly where there are few or some are lost, calmly where there are many and none is. */
import { describe, expect, it } from 'vitest';
import { resumeLost } from '../../src/engine/resume.ts';
import { untyped } from '../support/untyped.ts';

const LIMIT = 20;
const AFTER = { tenant: 'default', id: 'act_000' };

/** Sweeps one batch, of which those of `lost` have no workflow. */
async function swept(after: typeof AFTER | null, lost: readonly number[] = []) {
  const open = Array.from({ length: LIMIT }, (_, n) => ({
    ...{ tenant: 'default', id: `act_${n}`, status: 'supervised', expiresAt: null },
  }));
  const resumed: string[] = [];
  const rests: number[] = [];
  let [looking, most] = [0, 0];
  const deps = {
    now: () => new Date(),
    log: { warn: () => undefined },
    store: { actions: { unfinished: () => Promise.resolve(open) } },
    histories: {
      async running(_tenant: string, id: string) {
        most = Math.max(most, (looking += 1));
        await new Promise((resolve) => setImmediate(resolve));
        looking -= 1;
        return !lost.includes(Number(id.slice('act_'.length)));
      },
      resume: (_tenant: string, id: string) => Promise.resolve(void resumed.push(id)),
    },
  };
  const result = await resumeLost(untyped(deps), { after, limit: LIMIT }, (ms) => Promise.resolve(rests.push(ms)));
  return { result, resumed, rests, most };
}

describe('a batch of open actions', () => {
  it('is looked at quickly where it is the first', async () => {
    const { rests, most, result } = await swept(null);
    expect([rests.length, most]).toEqual([0, 8]);
    expect(result).toEqual({ next: { tenant: 'default', id: `act_${LIMIT - 1}` }, resumed: 0 });
  });

  it('is looked at one by one, with a rest after each, where it is a later one', async () => {
    const { rests, most } = await swept(AFTER);
    expect([rests.length, most]).toEqual([LIMIT, 1]);
    expect(rests.every((ms) => ms >= 0 && ms <= 250)).toBe(true);
  });

  it('is looked at quickly from the first that is lost on', async () => {
    const { rests, most, resumed } = await swept(AFTER, [5, 6, 19]);
    expect([rests.length, most]).toEqual([5, 8]);
    expect(resumed).toEqual(['act_5', 'act_6', 'act_19']);
  });
});
