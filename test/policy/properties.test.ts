import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActionRequest, Facts, Judgement, Json } from '../../src/contract/index.ts';
import { canonicalize, hashOf } from '../../src/canonical/index.ts';
import {
  buildBundle,
  compileBundle,
  evaluate,
  parsePolicyFile,
  requiredFacts,
  type CompiledBundle,
} from '../../src/policy/index.ts';
import { compiled, facts, policy, request, shippedFiles } from './helpers.ts';

const files = shippedFiles();
const shipped = buildBundle(files).bundle;
if (shipped === null) throw new Error('the shipped bundle does not build');
const bundle = compileBundle(shipped.source, shipped.hash);
const surfaces = bundle.policies.flatMap((one) => one.surfaces).map((glob) => glob.replace('*', 'grant'));

const released = (judgement: Judgement): boolean => ['approve', 'constrain'].includes(judgement.verdict.decision);

const anyRequest = fc.record(
  {
    surface: fc.constantFrom(...surfaces),
    action: fc.string({ minLength: 1, maxLength: 20 }),
    actor: fc.record({ id: fc.string({ minLength: 1 }), type: fc.constantFrom('user', 'service', 'agent') }),
    resource: fc.dictionary(fc.string(), fc.jsonValue()),
    params: fc.dictionary(
      fc.constantFrom('amount', 'rows', 'instances', 'statement', 'field', 'recipients', 'x'),
      fc.oneof(fc.double(), fc.integer(), fc.string(), fc.jsonValue()),
    ),
    context: fc.record(
      { urgency: fc.constantFrom('normal', 'emergency'), labels: fc.array(fc.string()) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: ['surface', 'action', 'actor'] },
) as fc.Arbitrary<ActionRequest>;

function factsFor(on: CompiledBundle, asked: ActionRequest, now: string): Facts {
  const need = requiredFacts(on, asked);
  return {
    now,
    limits: need.limits.map(({ limit, key }) => ({ limit, key, used: '0' })),
    people: Object.fromEntries(need.people.map((ref) => [ref, [`user:${ref}`]])),
    conflict: null,
  };
}

const instant = fc
  .date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString());

describe('same bundle, request and facts: same verdict', () => {
  it('in any order of files', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(files, { minLength: files.length }), anyRequest, instant, (order, asked, now) => {
        const other = buildBundle(order).bundle;
        expect(other?.hash).toBe(shipped.hash);
        const known = factsFor(bundle, asked, now);
        const again = compileBundle(other?.source ?? null, shipped.hash);
        expect(evaluate(again, asked, known, { trace: true })).toEqual(evaluate(bundle, asked, known, { trace: true }));
      }),
      { numRuns: 25 },
    );
  });

  it('on any time zone of the machine', () => {
    const clock = compiled(
      policy(`- { id: r, when: 'hours("Mon-Fri 01:00-03:30; Sun 00:00-06:00", "America/New_York")', then: approve }
- { id: h, when: 'now.getHours() == 2 || now.getDayOfMonth("Asia/Tokyo") == 3', then: approve }
- { id: d, when: 'now.getDayOfYear() % 2 == 0', then: refuse }`),
    );
    const before = process.env['TZ'];
    // Hours around both changes of clocks of the zones below, where local time skips or repeats.
    const times = ['2026-03-08', '2026-03-29', '2026-04-05', '2026-10-04', '2026-10-25', '2026-11-01'].flatMap((day) =>
      Array.from({ length: 24 }, (_, hour) => `${day}T${String(hour).padStart(2, '0')}:30:00.000Z`),
    );
    const offsets = new Set<number>();
    const judged = ['UTC', 'America/New_York', 'Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Kathmandu'].map((zone) => {
      process.env['TZ'] = zone;
      offsets.add(new Date('2026-07-01T00:00:00Z').getTimezoneOffset());
      return times.map((now) => evaluate(clock, request(), facts({ now }), { trace: true }));
    });
    if (before === undefined) delete process.env['TZ'];
    else process.env['TZ'] = before;
    expect(offsets.size, 'the zone of this process really changed').toBe(5);
    for (const other of judged) expect(other).toEqual(judged[0]);
  });
});

describe('strictest wins', () => {
  const then: Record<string, string> = {
    approve: '',
    constrain: ', changes: { params.n: 1 }',
    supervise: ", approval: { stages: [{ name: s, approvers: ['user:a'] }] }",
    refuse: '',
  };
  const order = ['approve', 'constrain', 'supervise', 'refuse'];

  it('whatever the names and the order', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...order), { minLength: 1, maxLength: 5 }), (decisions) => {
        const texts = decisions.map((decision, index) =>
          policy(`- { id: r, when: 'true', then: ${decision}${then[decision] ?? ''} }`).replace(
            'policy: test',
            `policy: p${index}`,
          ),
        );
        const known = facts({ people: { 'user:a': ['user:a'] } });
        const { verdict } = evaluate(compiled(...texts), request(), known);
        expect(order.indexOf(verdict.decision)).toBe(Math.max(...decisions.map((decision) => order.indexOf(decision))));
      }),
      { numRuns: 60 },
    );
  });
});

describe('nothing throws past the evaluator, and nothing unclear releases', () => {
  it('any request under the shipped bundle', () => {
    fc.assert(
      fc.property(anyRequest, instant, (asked, now) => {
        const judgement = evaluate(bundle, asked, factsFor(bundle, asked, now));
        expect(() => canonicalize(judgement)).not.toThrow();
        expect(judgement.verdict.reasons.length).toBeGreaterThan(0);
        if (!released(judgement))
          expect(judgement.reservations.length === 0 || judgement.verdict.decision === 'supervise').toBe(true);
        // Without facts there are no limits and no people: what needs them is refused, never released by their absence.
        const bare = evaluate(bundle, asked, { now, limits: [], people: {}, conflict: null });
        if (released(bare)) expect(released(judgement)).toBe(true);
        expect(released(evaluate(bundle, asked, { now, limits: [], people: {}, conflict: 'another name' }))).toBe(
          false,
        );
      }),
      { numRuns: 400 },
    );
  });

  it('any value at all in place of request and facts', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (asked, known) => {
        const judgement = evaluate(bundle, asked as ActionRequest, known as Facts);
        expect(judgement.verdict.decision).toBe('refuse');
      }),
      { numRuns: 400 },
    );
  });

  it('any text as a policy file', () => {
    const pieces = fc.constantFrom(
      ...files.flatMap((file) => file.text.split('\n').slice(0, 40)),
      '[',
      '{',
      '- &a *a',
      '? :',
      '\t',
      '"',
      '%',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 30 }).map((lines) => lines.join('\n')),
    );
    fc.assert(
      fc.property(text, (content) => {
        const { policy: parsed, problems } = parsePolicyFile('p.yaml', content);
        expect(parsed === null).toBe(problems.length > 0);
        const built = buildBundle([{ path: 'p.yaml', text: content }]);
        expect(built.bundle === null).toBe(built.problems.length > 0);
      }),
      { numRuns: 300 },
    );
  });

  it('any text as a condition: it is refused when built, or judged to a verdict', () => {
    const words = fc.constantFrom(
      'params.n',
      'true',
      'false',
      '1',
      '1.5',
      '"a"',
      '&&',
      '||',
      '!',
      '==',
      '<',
      '(',
      ')',
      '[',
      ']',
      '{',
      '}',
      '.',
      '?',
      ':',
      ',',
      'has(params.n)',
      'x',
      'now',
      'limit("l")',
      '.fits',
      'size',
      'params.all(k, true)',
      '0/0',
      'matches',
      'null',
      '-',
      '%',
      'in',
      'actor.id',
      'type',
      "b'x'",
      '"\\u0000"',
    );
    const condition = fc.oneof(
      fc.string(),
      fc.array(words, { minLength: 1, maxLength: 12 }).map((list) => list.join(' ')),
    );
    fc.assert(
      fc.property(condition, fc.jsonValue(), (text, n) => {
        const source = policy(
          `- ${JSON.stringify({ id: 'r', when: text, then: 'approve' })}`,
          'limits: { l: { key: [actor.id], count: true, window: 1h, max: 1 } }',
        );
        const built = buildBundle([{ path: 'p.yaml', text: source }]);
        if (built.bundle === null) return;
        const on = compileBundle(built.bundle.source, built.bundle.hash);
        const { verdict, trace } = evaluate(on, request({ params: { n: n as Json } }), facts(), { trace: true });
        expect(verdict.decision === 'approve').toBe(trace.some((entry) => entry.result === 'matched'));
      }),
      { numRuns: 600 },
    );
  });
});

describe('a bundle is its hash', () => {
  it('mutating any single byte changes it, or makes it no bundle', () => {
    const bytes = new TextEncoder().encode(canonicalize(shipped.source));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const mutated = bytes.slice();
        mutated[at] = (mutated[at] ?? 0) ^ flip;
        let source: Json;
        try {
          source = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(mutated)) as Json;
          expect(hashOf(source)).not.toBe(shipped.hash);
        } catch (error) {
          if (error instanceof SyntaxError || error instanceof TypeError || (error as Error).name === 'CanonicalError')
            return;
          throw error;
        }
        expect(() => compileBundle(source, shipped.hash)).toThrowError(
          expect.objectContaining({ code: 'invalid-policy' }),
        );
      }),
      { numRuns: 300 },
    );
  });
});
