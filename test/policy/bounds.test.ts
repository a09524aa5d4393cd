/** No policy can stop the engine: globs in linear time, and every function charged by the size of what it reads. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActionRequest, Facts, Judgement } from '../../src/contract/index.ts';
import { buildBundle, compileBundle, evaluate } from '../../src/policy/index.ts';
import { globsOverlap, matchesSurface } from '../../src/policy/surfaces.ts';

const FACTS: Facts = { now: '2026-11-25T12:00:00.000Z', limits: [], people: {}, conflict: null };

function judged(when: string, params: ActionRequest['params'], late?: () => boolean): Judgement {
  const text = `policy: p.q\nsurfaces: [p.q]\nrules:\n  - id: a\n    when: ${JSON.stringify(when)}\n    then: approve\n`;
  const { bundle, problems } = buildBundle([{ path: 'p.yaml', text }]);
  if (bundle === null) throw new Error(problems.map(({ message }) => message).join('; '));
  const request: ActionRequest = { surface: 'p.q', action: 'a', actor: { id: 'agent:a', type: 'agent' }, params };
  return evaluate(compileBundle(bundle.source, bundle.hash), request, FACTS, late === undefined ? {} : { late });
}

const x = (length: number): string => 'x'.repeat(length);
const long = x(40_000);
const numbers = Array.from({ length: 3000 }, (_, i) => i);
const words = Array.from({ length: 8000 }, (_, i) => `w${i}`);

describe('an expression that would run for long is an error, so refused', () => {
  it.each<[string, ActionRequest['params']]>([
    [`params.t.replace('x', '${x(400)}').replace('x', '${x(400)}').size() > 0`, { t: x(120) }],
    [`params.t.replace('', params.t).replace('x', params.t).size() > 0`, { t: x(1000) }],
    [`params.t.replace('x', params.t) == ''`, { t: x(20_000) }],
    ['params.a.exists(n, n in params.b)', { a: numbers, b: words.slice(0, 4000) }],
    ['params.a.containsAll(params.b)', { a: words, b: words.slice().reverse() }],
    ['params.a.containsAny(params.b)', { a: words, b: words.map((word) => `${word}!`) }],
    [`params.t.matches('${'(x+x+)+'.repeat(40)}y')`, { t: long }],
    [`params.t.matches('(x{1,900})y')`, { t: long }],
    [`params.a.exists(n, params.t.split('x').size() == n)`, { a: numbers, t: long }],
    [`params.a.exists(n, params.t.contains('y'))`, { a: numbers, t: long }],
    [`params.a.exists(n, params.t + params.t == '')`, { a: numbers, t: long }],
    [`params.a.exists(n, params.t.lowerAscii() == 'y')`, { a: numbers, t: long }],
    [`params.a.exists(n, params.t.indexOf('y') == n)`, { a: numbers, t: long }],
    [`params.a.exists(n, params.b == [n])`, { a: numbers, b: words }],
  ])('%s', (when, params) => {
    const started = performance.now();
    expect(judged(when, params).verdict).toMatchObject({ decision: 'refuse', basis: 'error' });
    // Far from what it took without the charge, which was for ever; no claim about this machine.
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  it.each<[string, ActionRequest['params']]>([
    [`params.t.contains('xx') && params.t.startsWith('x') && params.t.size() > 10`, { t: long }],
    [`params.a.exists(n, n == 2999)`, { a: numbers }],
    [`params.a.all(n, n in [${numbers.slice(0, 40).join()}])`, { a: numbers.slice(0, 40) }],
    [`params.t.replace('x', 'yy').size() == 80000`, { t: long }],
    [`params.t.matches('^x+$')`, { t: long }],
    [`params.t.split('').size() == 40000`, { t: long }],
    [`params.b.containsAll(['w1', 'w2'])`, { b: words }],
    [`params.mail.matches('^[a-z]+@acme[.]test$')`, { mail: 'jo@acme.test' }],
  ])('%s has its answer', (when, params) => {
    expect(judged(when, params).verdict).toMatchObject({ decision: 'approve', basis: 'rule' });
  });

  it('ends when its time is over', () => {
    expect(judged(`params.t == 'x'`, { t: 'x' }, () => true).verdict).toMatchObject({
      decision: 'refuse',
      basis: 'error',
      reasons: [expect.stringContaining('takes longer than it may')],
    });
  });
});

describe('a glob', () => {
  it.each([
    [Array(43).fill('**').join('.'), Array(64).fill('a').join('.'), true],
    [`${Array(42).fill('**').join('.')}.x`, Array(64).fill('a').join('.'), false],
    [`${Array(30).fill('**.a').join('.')}.x`, Array(64).fill('a').join('.'), false],
    ['**', 'a', true],
    ['**.a', 'a', true],
    ['a.**', 'a', true],
    ['a.**.b', 'a.b', true],
    ['a.**.b', 'a.x.b.y.b', true],
    ['a.**.b', 'a.b.c', false],
    ['a.*', 'a', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a.b.c', false],
    ['*.**.*', 'a', false],
    ['*.**.*', 'a.b', true],
    ['a.b', 'a.b.c', false],
    ['', 'a', false],
  ])('%s and %s: %s', (glob, surface, matches) => expect(matchesSurface(glob, surface)).toBe(matches));

  it('matches what a backtracking matcher matches', () => {
    const slow = (glob: readonly string[], levels: readonly string[]): boolean => {
      const [part, ...rest] = glob;
      if (part === undefined) return levels.length === 0;
      if (part === '**') return levels.some((_, at) => slow(rest, levels.slice(at))) || slow(rest, []);
      return levels.length > 0 && (part === '*' || part === levels[0]) && slow(rest, levels.slice(1));
    };
    const parts = fc.array(fc.constantFrom('a', 'b', '*', '**'), { minLength: 1, maxLength: 6 });
    const levels = fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(parts, levels, (glob, surface) => {
        expect(matchesSurface(glob.join('.'), surface.join('.'))).toBe(slow(glob, surface));
      }),
      { numRuns: 2000 },
    );
  });

  it('overlaps another where some surface matches both', () => {
    const words = ['a', 'b'];
    const surfaces = [1, 2, 3, 4, 5, 6, 7].flatMap((length) =>
      Array.from({ length: 2 ** length }, (_, bits) =>
        Array.from({ length }, (_unused, at) => words[(bits >> at) & 1]).join('.'),
      ),
    );
    const glob = fc
      .array(fc.constantFrom('a', 'b', '*', '**'), { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join('.'));
    fc.assert(
      fc.property(glob, glob, (one, other) => {
        const both = surfaces.some((surface) => matchesSurface(one, surface) && matchesSurface(other, surface));
        expect(globsOverlap(one, other)).toBe(both);
      }),
      { numRuns: 500 },
    );
  });
});
