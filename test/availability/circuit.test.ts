/** A dependency that hangs is found out, answered for and taken back, by a clock that the test moves. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCircuit, type Circuit } from '../../src/availability/index.ts';

/** How the dependency behaves: `hangs` never answers, `down` says so at once. */
type Mood = 'well' | 'hangs' | 'down';

class Outage extends Error {}
const never = new Promise<never>(() => undefined);

let mood: Mood;
let asked: number;
let circuit: Circuit;

const answer = (how: Mood): Promise<string> => {
  switch (how) {
    case 'well':
      return Promise.resolve('answer');
    case 'hangs':
      return never;
    case 'down':
      return Promise.reject(new Outage('refused'));
  }
};

beforeEach(() => {
  vi.useFakeTimers();
  mood = 'well';
  asked = 0;
  circuit = createCircuit({
    name: 'store',
    what: 'the database',
    probe: () => {
      asked += 1;
      return answer(mood);
    },
    isOutage: (error) => error instanceof Outage,
  });
});
afterEach(() => {
  circuit.close();
  vi.useRealTimers();
});

/** What a call came to, as far as it did. */
function outcomeOf(call: Promise<unknown>): { is: string } {
  const outcome = { is: 'waiting' };
  call.then(
    (value) => (outcome.is = String(value)),
    (error: Error & { code?: string }) => (outcome.is = error.code ?? error.message),
  );
  return outcome;
}

describe('one call', () => {
  it.each<[what: string, call: () => Promise<unknown>, server: Mood, afterMs: number, is: string, then: string]>([
    ['answered at once', () => answer('well'), 'well', 0, 'answer', 'answer'],
    ['an answer that says no', () => Promise.reject(new Error('no such row')), 'well', 0, 'no such row', 'answer'],
    [
      'a no while the server is down',
      () => Promise.reject(new Error('no such row')),
      'down',
      5000,
      'no such row',
      'answer',
    ],
    ['slow, the server well', () => never, 'well', 60_000, 'waiting', 'answer'],
    ['hangs, not suspect yet', () => never, 'hangs', 1900, 'waiting', 'answer'],
    ['hangs, the server hangs', () => never, 'hangs', 4000, 'unavailable', 'unavailable'],
    ['hangs, the server is down', () => never, 'down', 3000, 'unavailable', 'unavailable'],
    ['fails, the server hangs', () => Promise.reject(new Outage('reset')), 'hangs', 1600, 'reset', 'unavailable'],
    ['fails, the server is down', () => Promise.reject(new Outage('reset')), 'down', 10, 'reset', 'unavailable'],
    ['fails, the server well', () => Promise.reject(new Outage('reset')), 'well', 5000, 'reset', 'answer'],
  ])('%s', async (_what, call, server, afterMs, is, then) => {
    mood = server;
    const outcome = outcomeOf(circuit.run(call));
    await vi.advanceTimersByTimeAsync(afterMs);
    expect(outcome.is).toBe(is);
    const next = outcomeOf(circuit.run(() => answer('well')));
    await vi.advanceTimersByTimeAsync(300);
    expect(next.is).toBe(then);
  });
});

it('is back for the first call after the server is', async () => {
  mood = 'down';
  outcomeOf(circuit.run(() => answer('down')));
  await vi.advanceTimersByTimeAsync(10);
  mood = 'well';
  await expect(circuit.run(() => answer('well'))).resolves.toBe('answer');
});

it('closes by itself when the server answers again, and asks no more then', async () => {
  mood = 'hangs';
  const waiting = outcomeOf(circuit.run(() => never));
  await vi.advanceTimersByTimeAsync(20_000);
  expect(waiting.is).toBe('unavailable');
  mood = 'well';
  await vi.advanceTimersByTimeAsync(2500);
  await expect(circuit.run(() => answer('well'))).resolves.toBe('answer');
  const before = asked;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toBe(before);
});

it('names what is down and when to come again', async () => {
  mood = 'down';
  outcomeOf(circuit.run(() => answer('down')));
  await vi.advanceTimersByTimeAsync(10);
  mood = 'hangs';
  const refused = expect(circuit.run(() => answer('well'))).rejects.toMatchObject({
    code: 'unavailable',
    extensions: { down: ['store'], retryAfter: 1 },
  });
  await vi.advanceTimersByTimeAsync(300);
  await refused;
});

it.each<[Mood, string]>([
  ['well', 'undefined'],
  ['hangs', 'unavailable'],
  ['down', 'unavailable'],
])('a check while the server %s is done within a second', async (server, is) => {
  mood = server;
  const outcome = outcomeOf(circuit.check());
  await vi.advanceTimersByTimeAsync(1000);
  expect(outcome.is).toBe(is);
});
