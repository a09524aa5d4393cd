import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADVICE, type AdviceFact, type Facts } from '../../src/contract/index.ts';
import { evaluate, requiredFacts, replayVerdict, strictest } from '../../src/policy/index.ts';
import { compiled, facts, policy, request } from './helpers.ts';

const STAGE = "{ name: risk desk, approvers: ['group:risk'] }";
const RULES = `- { id: small, when: params.amount <= 10, then: approve }
- id: medium
  when: params.amount <= 100
  then: supervise
  approval: { stages: [{ name: finance, approvers: ['group:finance'] }] }
- { id: large, when: 'true', then: refuse }`;
const bundle = compiled(
  policy(RULES, `advice: [{ ask: fraud, stage: ${STAGE} }, { ask: model }]\ngrants: { uses: 3, within: 1h }`),
);
const PEOPLE = { 'group:finance': ['user:a@acme.test'], 'group:risk': ['user:r@acme.test'] };
const asked = (amount: number) => request({ params: { amount } });
const says = (ask: string, answer: AdviceFact['answer'], reason: string | null = null): AdviceFact => ({
  ...{ policy: 'test', ask, answer, reason },
  why: answer === null ? 'it did not answer in time' : null,
});
const known = (...advice: AdviceFact[]): Facts => facts({ people: PEOPLE, ...(advice.length === 0 ? {} : { advice }) });
const judged = (amount: number, ...advice: AdviceFact[]) => evaluate(bundle, asked(amount), known(...advice));

describe('advice', () => {
  it.each<[string, number, AdviceFact[], object, string[][] | null]>([
    ['nothing against a release', 5, [says('fraud', 'none')], { decision: 'approve', rule: 'small' }, null],
    [
      'a stage before a release',
      5,
      [says('fraud', 'stage', 'odd hour')],
      { decision: 'supervise' },
      [['user:r@acme.test']],
    ],
    [
      'a stage after another',
      50,
      [says('fraud', 'stage')],
      { decision: 'supervise' },
      [['user:a@acme.test'], ['user:r@acme.test']],
    ],
    ['a stage that policy does not have', 5, [says('model', 'stage')], { decision: 'approve' }, null],
    [
      'against a release',
      5,
      [says('model', 'refuse', 'a mule')],
      { decision: 'refuse', basis: 'rule', rule: 'small' },
      null,
    ],
    ['against it, and a stage', 50, [says('fraud', 'stage'), says('model', 'refuse')], { decision: 'refuse' }, null],
    ['none in time', 5, [says('fraud', null), says('model', null)], { decision: 'approve', rule: 'small' }, null],
    ['to what policy refuses', 500, [says('fraud', 'none')], { decision: 'refuse', rule: 'large' }, null],
    ['of another policy', 5, [{ ...says('model', 'refuse'), policy: 'other' }], { decision: 'approve' }, null],
    ['of nobody whom policy asks', 5, [says('stranger', 'stage')], { decision: 'approve' }, null],
  ])('%s', (_, amount, advice, want, approvers) => {
    const { verdict, plan } = judged(amount, ...advice);
    expect(verdict).toMatchObject(want);
    expect(plan?.stages.map((stage) => stage.approvers) ?? null).toEqual(approvers);
    expect(replayVerdict({ verdict, facts: known(...advice) }, bundle, asked(amount)).same).toBe(true);
  });

  it('says why in the verdict', () => {
    expect(judged(5, says('model', 'refuse', 'a mule')).verdict.reasons.join()).toContain(
      '`model` advises against it: “a mule”',
    );
    expect(judged(5, says('fraud', 'stage', 'odd hour')).verdict.reasons.join()).toContain('“odd hour”');
  });

  it('wants its stage looked at: no standing approval covers it', () => {
    expect(judged(50).plan?.grants).toBeDefined();
    expect(judged(50, says('fraud', 'stage')).plan?.grants).toBeUndefined();
    expect(judged(5, says('fraud', 'stage')).plan?.grants).toBeUndefined();
  });

  it('has the people of its stages among those that are looked up', () => {
    expect(requiredFacts(bundle, asked(5)).people).toEqual(['group:finance', 'group:risk']);
  });

  it('never makes a verdict less strict', () => {
    const one = fc.record({
      policy: fc.constantFrom('test', 'other'),
      ask: fc.constantFrom('fraud', 'model', 'stranger'),
      answer: fc.constantFrom(...ADVICE, null),
      reason: fc.constantFrom(null, 'because'),
      why: fc.constantFrom(null, 'late'),
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.array(one, { maxLength: 5 }), (amount, advice) => {
        const [before, after] = [judged(amount).verdict, judged(amount, ...advice).verdict];
        expect(strictest(before, after).decision).toBe(after.decision);
      }),
    );
  });
});
