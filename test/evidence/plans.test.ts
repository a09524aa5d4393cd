/** What an audit recounts of plans: whoever holds the record key cannot put a step in, leave one out, or release one before its turn. */
import { describe, expect, it } from 'vitest';
import type { PlanStep } from '../../src/contract/index.ts';
import { hashOf } from '../../src/canonical/index.ts';
import { wholeOf } from '../../src/engine/plans/step.ts';
import { audit, decision, openLog, outcome, release, REQUEST, verdict, type Draft } from './world.ts';

const PLAN = `pln_${'a'.repeat(64)}`;
const RULES = { order: 'sequence', onFailure: 'withdraw', title: 'three refunds' } as const;
const requestOf = (index: number): string => hashOf({ step: index });

/** What is sealed of step `index` of three. */
const stepOf = (index: number, more: Partial<PlanStep> = {}): PlanStep => {
  const rules = { ...RULES, ...more };
  const whole = wholeOf('default', PLAN, rules, [0, 1, 2].map(requestOf));
  return { plan: PLAN, index, of: 3, whole, ...rules };
};

const judged = (index: number, what: 'approve' | 'supervise' | 'refuse' = 'approve', more: Partial<PlanStep> = {}) =>
  verdict(what, {}, { step: stepOf(index, more), requestHash: requestOf(index) });
const released = (index: number, basis: 'rule' | 'override' = 'rule'): Draft => {
  const { permit, ...rest } = release(basis) as Draft & { permit: object };
  return { ...rest, requestHash: requestOf(index), permit: { ...permit, requestHash: requestOf(index) } };
};
const ended = (index: number, status: string): Draft => ({ ...outcome(status), requestHash: requestOf(index) });
const said = (index: number, what: 'approve' | 'refuse' | 'cancelled', by?: string): Draft => ({
  ...decision(what, by),
  requestHash: requestOf(index),
});

/** Step `index` of an open plan, which had `of` of them once it came. */
const joined = (index: number, of: number, more: Partial<PlanStep> = {}): Draft => {
  const rules = { ...RULES, open: true as const };
  const requests = Array.from({ length: of }, (_, at) => requestOf(at));
  const step = { plan: PLAN, index, of, whole: wholeOf('default', PLAN, rules, requests), ...rules, ...more };
  return verdict('approve', {}, { step, requestHash: requestOf(index) });
};

type Sealed = [step: number, draft: Draft];

/** What one audit says of the log with these records, each of the action of its step. */
async function codesOf(sealed: readonly Sealed[]): Promise<string[]> {
  const world = await openLog();
  for (const [index, draft] of sealed) await world.seal(`act_${index}`, [draft]);
  return (await audit(await world.files(), world.trust)).findings.map(({ code }) => code);
}

const all = (more: Partial<PlanStep> = {}): Sealed[] =>
  [0, 1, 2].map((index) => [index, judged(index, 'approve', more)]);
const done = (index: number): Sealed[] => [
  [index, released(index)],
  [index, ended(index, 'executed')],
];

const RIGHT: [name: string, sealed: Sealed[]][] = [
  ['each step after the one before it', [...all(), ...done(0), ...done(1), ...done(2)]],
  ['in any order, where the plan says so', [...all({ order: 'any' }), [2, released(2)], [0, released(0)]]],
  [
    'past a step that a person refused',
    [
      [0, judged(0, 'supervise')],
      [1, judged(1)],
      [2, judged(2)],
      [0, said(0, 'refuse')],
      [1, released(1)],
    ],
  ],
  [
    'past a step that failed, where the plan goes on',
    [...all({ onFailure: 'continue' }), [0, released(0)], [0, ended(0, 'failed')], [1, released(1)]],
  ],
  ['withdrawn after a failure', [...all(), [0, released(0)], [0, ended(0, 'failed')], [1, said(1, 'cancelled')]]],
];

/** Two steps, and a third that joins once both are done. */
const STEPS: Sealed[] = [[0, joined(0, 2)], [1, joined(1, 2)], ...done(0), ...done(1)];
RIGHT.push(
  ['a step that joined an open plan', [...STEPS, [2, joined(2, 3)], ...done(2)]],
  ['steps that joined one by one', [[0, joined(0, 1)], ...done(0), [1, joined(1, 2)], [2, joined(2, 3)], ...done(1)]],
);

const WRONG: [name: string, code: string, sealed: Sealed[]][] = [
  ['a step before the one before it was executed', 'plan-order', [...all(), [1, released(1)]]],
  ['a step while the one before it runs', 'plan-order', [...all(), [0, released(0)], [1, released(1)]]],
  [
    'a step after one that failed',
    'plan-order',
    [...all(), [0, released(0)], [0, ended(0, 'failed')], [1, released(1)]],
  ],
  ['a step after one that was withdrawn', 'plan-order', [...all(), [0, said(0, 'cancelled')], [1, released(1)]]],
  [
    'a step before all are judged',
    'plan-order',
    [
      [0, judged(0)],
      [1, judged(1)],
      [0, released(0)],
    ],
  ],
  [
    'a step whose request is not the reviewed one',
    'plan-differs',
    [
      [0, judged(0)],
      [1, judged(1)],
      [2, { ...judged(2), requestHash: REQUEST }],
      [0, released(0)],
    ],
  ],
  ['a step twice', 'plan-differs', [...all(), [3, judged(1)]]],
  [
    'a step that says that it is of more',
    'plan-differs',
    [
      [0, judged(0)],
      [1, judged(1, 'approve', { of: 4 })],
    ],
  ],
  [
    'a step that says other rules',
    'plan-differs',
    [
      [0, judged(0)],
      [1, judged(1, 'approve', { onFailure: 'continue' })],
    ],
  ],
  [
    'a step that joined before its turn',
    'plan-order',
    [
      [0, joined(0, 1)],
      [1, joined(1, 2)],
      [1, released(1)],
    ],
  ],
  ['a step that joined a plan which was reviewed as a whole', 'plan-differs', [...all(), [3, joined(3, 4)]]],
  ['a step that joined under other rules', 'plan-differs', [...STEPS, [2, joined(2, 3, { onFailure: 'continue' })]]],
  [
    'a step that joined with another past',
    'plan-differs',
    [...STEPS, [2, joined(2, 3, { whole: REQUEST })], [2, released(2)]],
  ],
  ['a step that joined past one that never came', 'plan-order', [...STEPS, [3, joined(3, 4)], [3, released(3)]]],
  ['a step that joined in the place of another', 'plan-differs', [...STEPS, [3, joined(1, 3)]]],
  [
    'a step under another title',
    'plan-differs',
    [
      [0, judged(0)],
      [1, judged(1, 'approve', { title: 'harmless' })],
    ],
  ],
];

describe('an audit of a plan', () => {
  it.each(RIGHT)('finds nothing: %s', async (_name, sealed) => {
    expect(await codesOf(sealed)).toEqual([]);
  });

  it.each(WRONG)('names %s: %s', async (_name, code, sealed) => {
    const found = await codesOf(sealed);
    expect(new Set(found)).toEqual(new Set([code]));
  });
});
