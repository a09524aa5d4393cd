/** Policies that are programs: what ends is answered as ever, what does not is refused, and the process goes on. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPrograms } from '../../src/engine/programs.ts';
import { buildBundle, compileBundle, evaluate, replayVerdict, type CompiledBundle } from '../../src/policy/index.ts';
import { externalEngines, servingEngines } from '../../src/policy/engines/index.ts';
import { facts, policy, request } from '../policy/helpers.ts';
import { loopingProgram } from '../support/looping-program.ts';
import { untyped } from '../support/untyped.ts';

const business = readFileSync(join(import.meta.dirname, '../policy/fixtures/business.wasm'), 'base64');
/** Longer than any input here but the one with padding. */
const LONGEST = 2000;
/** On a busy machine a thread may take long to start. */
const programs = createPrograms({ turnMs: 50_000 });
const patient = createPrograms({ turnMs: 50_000, answerMs: 40_000 });

function bundleOf(rules: string, text: string): CompiledBundle {
  const { bundle, problems } = buildBundle([
    { path: 'p.yaml', text: policy(rules) },
    { path: 'engines/business.wasm', text },
  ]);
  if (bundle === null) throw new Error(problems.map(({ message }) => message).join('; '));
  return compileBundle(bundle.source, bundle.hash, servingEngines);
}

const RULES = `- { id: r, when: 'opa("business")', then: approve }`;
const asked = (params: object, roles: string[] = []) =>
  request({ action: 'refund.create', actor: { id: 'agent:b', type: 'agent', roles }, params: untyped(params) });
const judged = (bundle: CompiledBundle, params: object, roles: string[] = [], by_ = programs) =>
  by_.asking(bundle).judged((by) => evaluate(by, asked(params, roles), facts()));

const HEAVY = { amount: 5, padding: 'x'.repeat(LONGEST) };

describe('a program that ends', () => {
  const bundle = bundleOf(RULES, loopingProgram(business, LONGEST));
  const inside = compileBundle(bundle.source, bundle.hash, externalEngines);

  it.each<[object, string[]]>([
    [{ amount: 0 }, []],
    [{ amount: 100 }, []],
    [{ amount: 100.01 }, []],
    [{ amount: 101 }, []],
    [{ amount: 101 }, ['manager']],
    [{ amount: 101 }, ['clerk']],
    [{ amount: -1 }, []],
    [{ amount: 'many' }, []],
    [{}, []],
    [{ amount: 5, note: 'é'.repeat(100) }, []],
  ])('says of %j by %j what it says in process', async (params, roles) => {
    const { value, silence } = await judged(bundle, params, roles, patient);
    expect(value).toEqual(evaluate(inside, asked(params, roles), facts()));
    expect(silence).toBeNull();
  });
});

/** A module whose start never ends. */
const ENDLESS = Buffer.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 8, 1, 0],
  ...[10, 9, 1, 7, 0, 3, 0x40, 0x0c, 0, 0x0b, 0x0b],
]).toString('base64');

describe('a program that does not end', () => {
  it.each([
    ['on this request', RULES, loopingProgram(business, LONGEST), HEAVY],
    ['at all', RULES, ENDLESS, { amount: 1 }],
    [
      'behind an `or` that would hide its error',
      `- { id: r, when: 'opa("business") || true', then: approve }`,
      ENDLESS,
      {},
    ],
  ])('%s is silent, and others are judged meanwhile', async (_what, rules, text, params) => {
    const bundle = bundleOf(rules, text);
    const turns: number[] = [];
    const timer = setInterval(() => turns.push(1), 10);
    const { silence } = await judged(bundle, params);
    clearInterval(timer);
    expect(silence).toMatch(/^the opa policy `business` gives no answer/);
    // The process itself never stood still.
    expect(turns.length).toBeGreaterThan(10);
    // By the fact that is sealed it is refused, for ever, without being asked again.
    const sealed = { ...facts(), fault: silence ?? '' };
    const judgement = evaluate(bundle, asked(params), sealed);
    expect(judgement.verdict).toMatchObject({ decision: 'refuse', basis: 'error' });
    expect(replayVerdict({ verdict: judgement.verdict, facts: sealed }, bundle, asked(params)).same).toBe(true);
  });

  it('is asked again for the next request, and answers that', async () => {
    const bundle = bundleOf(RULES, loopingProgram(business, LONGEST));
    const [heavy, light] = await Promise.all([judged(bundle, HEAVY), judged(bundle, { amount: 5 })]);
    expect(heavy.silence).not.toBeNull();
    expect(light).toMatchObject({ silence: null, value: { verdict: { decision: 'approve' } } });
  });
});

it('a policy that needs no program asks none', async () => {
  const bundle = bundleOf(`- { id: r, when: 'true', then: approve }`, ENDLESS);
  expect((await judged(bundle, {})).value.verdict).toMatchObject({ decision: 'approve' });
});

it('a program that cannot be read is an error of the policy', async () => {
  const bundle = bundleOf(RULES, 'AAAA');
  expect((await judged(bundle, {})).value.verdict).toMatchObject({ decision: 'refuse', basis: 'error' });
});
