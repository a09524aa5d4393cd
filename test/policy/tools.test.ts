import { describe, expect, it } from 'vitest';
import type { Facts } from '../../src/contract/index.ts';
import {
  applyChanges,
  backtest,
  describeCoverage,
  diffBundles,
  evaluate,
  runCases,
  type SealedCase,
} from '../../src/policy/index.ts';
import { compiled, facts, policy, request } from './helpers.ts';
import { untyped } from '../support/untyped.ts';

const tiers = (small: number, large: number): string =>
  policy(`- { id: small, when: 'params.n <= ${small}', then: approve }
- { id: medium, when: 'params.n <= ${large}', then: supervise, approval: { stages: [{ name: s, approvers: ['user:a'] }] } }`);
const people: Facts['people'] = { 'user:a': ['user:a'] };

const rows = (text: string): { path: string; text: string }[] => [{ path: 'p.test.yaml', text }];
const cases = rows(`given: { request: { surface: test.do, action: do, actor: { id: "agent:a", type: agent } } }
cases:
  - { name: small, request: { params: { n: 1 } }, want: { decision: approve, rule: small } }
  - { name: medium, request: { params: { n: 50 } }, people: { 'user:a': [user:a] }, want: { decision: approve } }
`);

describe('cases', () => {
  it('pass, or say what is not as wanted, and count rules', () => {
    const { results, coverage, problems } = runCases(compiled(tiers(10, 100)), cases, () => []);
    expect(problems).toEqual([]);
    expect(results.map(({ name, line, pass, differences }) => ({ name, line, pass, differences }))).toEqual([
      { name: 'small', line: 3, pass: true, differences: [] },
      { name: 'medium', line: 4, pass: false, differences: ['decision: want "approve", have "supervise"'] },
    ]);
    expect(coverage.map(describeCoverage)).toEqual(['test: 2 of 2 rules']);
    expect(runCases(compiled(tiers(10, 100)), [], () => []).coverage.map(describeCoverage)).toEqual([
      'test: 0 of 2 rules; no case reaches small, medium',
    ]);
  });

  it.each([
    [
      'a word that is none',
      'cases: [{ name: x, request: {}, want: { decison: approve } }]',
      'did you mean `decision`?',
    ],
    [
      'a request that is none',
      'cases: [{ name: x, request: { surface: test.do }, want: { decision: approve } }]',
      'see docs/contract.md, section 2',
    ],
    ['YAML that is none', 'cases: [', null],
  ])('report %s', (_what, text, suggestion) => {
    const { problems } = runCases(compiled(tiers(1, 2)), rows(text), () => []);
    expect(problems[0]).toMatchObject({ severity: 'error', file: 'p.test.yaml', line: 1 });
    if (suggestion !== null) expect(problems.map((problem) => problem.suggestion)).toContain(suggestion);
  });
});

describe('backtest', () => {
  const before = compiled(tiers(10, 100));
  const history = Array.from({ length: 1204 }, (_, index): SealedCase => {
    const asked = request({ params: { n: index % 120 } });
    const known = facts({ people });
    return { name: `act_${index}`, request: asked, facts: known, verdict: evaluate(before, asked, known).verdict };
  });

  it('replays to the same verdicts under the same bundle', () => {
    expect(backtest(before, history)).toMatchObject({
      total: 1204,
      changed: [],
      assumed: 0,
      lines: ['none of 1,204 would change'],
    });
  });

  it('counts what would change', () => {
    const { lines, transitions } = backtest(compiled(tiers(20, 90)), history);
    expect(transitions).toEqual([
      { from: 'supervise', to: 'approve', count: 100 },
      { from: 'supervise', to: 'refuse', count: 100 },
    ]);
    expect(lines).toEqual(['200 of 1,204 would change: 100 supervise → approve, 100 supervise → refuse']);
  });

  it('says what it assumed where the candidate asks for more than was sealed', () => {
    const candidate = compiled(tiers(10, 100).replace('user:a', 'group:new'));
    const report = backtest(candidate, history.slice(0, 20), () => ['user:b']);
    expect(report).toMatchObject({ assumed: 20, changed: [] });
    expect(report.lines[1]).toContain('20 of them');
  });
});

it('diff tells policies and verdicts apart', () => {
  const [a, b] = [compiled(tiers(10, 100)), compiled(tiers(60, 100))];
  const diff = diffBundles(a, b, cases, (ref) => [ref]);
  expect(diff).toMatchObject({ added: [], removed: [], changed: ['test'], total: 2 });
  expect(diff.verdicts.map(({ name, why }) => `${name}: ${why}`)).toEqual([
    'p.test.yaml:4 medium: supervise → approve',
  ]);
  expect(diffBundles(a, a, cases, (ref) => [ref])).toMatchObject({ changed: [], verdicts: [] });
});

describe('applyChanges', () => {
  const asked = request({ params: { n: 1, deep: { a: 1, b: 2 } }, resource: { id: 'x' } });
  it.each([
    [{ action: 'other' }, { action: 'other' }],
    [{ 'params.n': 5 }, { params: { n: 5, deep: { a: 1, b: 2 } } }],
    [{ 'params.deep.b': null, 'params.new.c': [1] }, { params: { n: 1, deep: { a: 1, b: null }, new: { c: [1] } } }],
    [{ 'context.labels': ['pii'] }, { context: { labels: ['pii'] } }],
  ])('%j', (changes, want) => {
    expect(applyChanges(asked, changes)).toEqual({ ...asked, ...want });
    expect(asked.params).toEqual({ n: 1, deep: { a: 1, b: 2 } });
  });

  it.each([
    { surface: 'other.thing' },
    { 'actor.id': 'x' },
    { params: {} },
    { 'content.note': 'x' },
    { 'context.unknown': 1 },
    { action: 7 },
    { callback: 'https://x.test' },
  ])('refuses %j', (changes) => {
    expect(() => applyChanges(asked, untyped(changes))).toThrowError(
      expect.objectContaining({ code: 'change-not-allowed' }),
    );
  });

  it('never reaches a prototype', () => {
    applyChanges(asked, { 'params.__proto__.polluted': true });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
