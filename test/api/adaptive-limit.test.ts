/** How many may be at work, tried on a server that is reckoned: two processors, shared by whoever is at work. */
import { describe, expect, it } from 'vitest';
import { createAdaptiveLimit } from '../../src/api/adaptive-limit.ts';
import { seededRandom } from '../support/random.ts';

const [MOST, STEP_MS, WORK_MS, PROCESSORS] = [512, 5, 30, 2];

interface Seen {
  accepted: number[];
  refused: number;
}

/** Callers that ask again and again, and come back a second or two after they were refused. */
function reckon(limit: ReturnType<typeof createAdaptiveLimit>, clock: { ms: number }) {
  const random = seededRandom(20);
  return (callers: number, seconds: number): Seen => {
    const seen: Seen = { accepted: [], refused: 0 };
    const comesAt = Array.from({ length: callers }, () => clock.ms);
    const working = new Map<number, { left: number; began: number; end: (kind: string | null) => void }>();
    for (const until = clock.ms + seconds * 1000; clock.ms < until; clock.ms += STEP_MS) {
      for (const [caller, at] of comesAt.entries()) {
        if (working.has(caller) || at > clock.ms) continue;
        const end = limit.enter();
        if (end === null) {
          seen.refused += 1;
          comesAt[caller] = clock.ms + 1000 + random(1000);
        } else working.set(caller, { left: WORK_MS * (0.5 + random(1000) / 1000), began: clock.ms, end });
      }
      const share = Math.min(1, PROCESSORS / working.size) * STEP_MS;
      for (const [caller, one] of working) {
        one.left -= share;
        if (one.left > 0) continue;
        working.delete(caller);
        one.end('POST /v1/actions');
        seen.accepted.push(clock.ms - one.began);
      }
    }
    for (const { end } of working.values()) end(null);
    return seen;
  };
}

function world() {
  const clock = { ms: 0 };
  const limit = createAdaptiveLimit({ most: MOST, now: () => clock.ms });
  return { clock, limit, load: reckon(limit, clock) };
}

const p99 = (times: number[]): number =>
  times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.POSITIVE_INFINITY;

describe('overload that lasts', () => {
  it('is refused until what is accepted is answered within three times of what few take', () => {
    const { load } = world();
    const few = load(8, 30);
    expect(few.refused).toBe(0);
    load(128, 20);
    const many = load(128, 60);
    expect(p99(many.accepted) / p99(few.accepted)).toBeLessThanOrEqual(3);
    expect(many.refused).toBeGreaterThan(0);
    // No less work is done for it.
    expect(many.accepted.length / 60).toBeGreaterThan((0.9 * few.accepted.length) / 30);
  });
  it('is refused by a process that never saw few at work', () => {
    const { load } = world();
    load(128, 60);
    const many = load(128, 60);
    const few = load(8, 30);
    expect(p99(many.accepted) / p99(few.accepted)).toBeLessThanOrEqual(3);
  });
  it('is over when few are left: as many as before may come', () => {
    const { load, limit, clock } = world();
    load(8, 10);
    load(128, 60);
    clock.ms += 20_000;
    expect(Array.from({ length: MOST + 1 }, () => limit.enter()).filter((end) => end !== null)).toHaveLength(MOST);
  });
});

describe('what is no overload', () => {
  it.each([
    ['a burst', 300, 1],
    ['some seconds of many', 100, 8],
    ['few, however long', 8, 120],
  ])('%s: nobody is refused', (_what, callers, seconds) => {
    const { load } = world();
    load(4, 10);
    expect(load(callers, seconds).refused).toBe(0);
  });
  it('many that are as fast as few: nobody is refused', () => {
    const { clock, limit } = world();
    for (let ms = 0; ms < 60_000; ms += 100) {
      const ends = Array.from({ length: 100 }, () => limit.enter());
      expect(ends).not.toContain(null);
      clock.ms += 90;
      for (const end of ends.slice(0, ms < 1000 ? 100 : 80)) end?.('GET /v1/actions');
      clock.ms += 10;
      for (const end of ends.slice(ms < 1000 ? 100 : 80)) end?.('GET /v1/actions');
    }
  });
  it('nothing ends while what all wait for is away: nobody is refused, then or later', () => {
    const { load, limit, clock } = world();
    load(8, 10);
    const waiting = Array.from({ length: 100 }, () => {
      clock.ms += 300;
      return limit.enter();
    });
    expect(waiting).not.toContain(null);
    for (const end of waiting) end?.('POST /v1/actions');
    expect(load(100, 3).refused).toBe(0);
  });
});
