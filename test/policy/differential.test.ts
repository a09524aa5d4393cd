/**
 * The expression engine as policy uses it, held to the CEL conformance cases and to `@bufbuild/cel` alone: what we add (bounded
 * loops, bindings by full name, doubles for whole numbers, time zones without the machine's) may not change any answer.
 */
import { celEnv, isCelError, parse, plan } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { tests as conformance } from '@bufbuild/cel-spec/testdata/conformance.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActionRequest, Json } from '../../src/contract/index.ts';
import { createConditions, type Answer, type Frame, type Scope } from '../../src/policy/conditions/index.ts';
import { request } from './helpers.ts';
import { untyped } from '../support/untyped.ts';

const none = new Set<string>();
const scope: Scope = { kind: 'value', limits: none, holidays: none, cedar: none, opa: none };
const conditions = createConditions();

function frameOf(asked: ActionRequest): Frame {
  const fail = (): never => {
    throw new Error('not here');
  };
  const bindings = conditions.bind(asked, () => '2026-11-23T11:00:00Z');
  return {
    request: asked,
    bindings,
    now: fail,
    limit: fail,
    provenance: fail,
    holidays: fail,
    engine: fail,
    steps: 0,
    work: 0,
    late: () => false,
  };
}

describe('CEL conformance', () => {
  /** Suites of the core language; the others are extensions that policy does not have. */
  const core = [
    'basic',
    'comparisons',
    'conversions',
    'fp_math',
    'integer_math',
    'lists',
    'logic',
    'macros',
    'parse',
    'plumbing',
    'string',
    'timestamps',
  ];

  interface Suite {
    name: string;
    suites?: Suite[];
    tests?: { original: Record<string, unknown> & { name?: string; expr: string } }[];
  }
  const cases: { name: string; expr: string; want: Json | undefined }[] = [];
  const collect = (suite: Suite, path: string): void => {
    for (const { original } of suite.tests ?? []) {
      const value = original['value'] as Record<string, Json> | undefined;
      const open = ['bindings', 'container', 'typeEnv', 'unknown'].some((part) => part in original);
      const fails = 'evalError' in original;
      const [kind = '', plain] = Object.entries(value ?? {})[0] ?? [];
      const exact = ['boolValue', 'stringValue', 'int64Value', 'doubleValue', 'nullValue'].includes(kind);
      if (open || (!fails && !exact)) continue;
      const other = kind === 'nullValue' ? null : plain;
      const want = kind === 'int64Value' ? Number(plain) : other;
      if (typeof want === 'number' && kind === 'int64Value' && !Number.isSafeInteger(want)) continue;
      if (kind === 'doubleValue' && typeof want !== 'number') continue;
      cases.push({
        name: `${path}/${original.name ?? original.expr}`,
        expr: original.expr,
        want: fails ? undefined : want,
      });
    }
    for (const inner of suite.suites ?? []) collect(inner, `${path}/${inner.name}`);
  };
  for (const suite of conformance.suites ?? []) if (core.includes(suite.name)) collect(suite as Suite, suite.name);

  /** Refused before evaluation, on purpose: protobuf messages, whole numbers as times, names that nobody declares. */
  const refused = (expr: string): boolean =>
    /[A-Z]\w*\{|google\.|TestAllTypes|GlobalEnum|timestamp\(\d|^(x|a\.\w+\(\)|f_unknown\(17\)) \|\| true$/.test(expr);

  it('holds, apart from what policy refuses', () => {
    const judged = cases.filter((one) => !refused(one.expr));
    expect(judged.length).toBeGreaterThan(500);
    const wrong = judged.flatMap(({ name, expr, want }) => {
      const { expression, problems } = conditions.compile(expr, scope);
      const answer: Answer<Json> =
        expression === null
          ? { ok: false, error: problems.map((one) => one.message).join() }
          : expression.read(frameOf(request()));
      const same = want === undefined ? !answer.ok : answer.ok && Object.is(answer.value, want);
      return same ? [] : [`${name}: ${expr} want ${JSON.stringify(want)}, have ${JSON.stringify(answer)}`];
    });
    expect(wrong).toEqual([]);
  });
});

describe('beside the engine alone', () => {
  const plain = celEnv({ funcs: strings });
  const leaf = fc.constantFrom(
    'params.n',
    'params.m',
    'params.s',
    'params.b',
    'params.l',
    'params.o.p',
    'params.o.q',
    'params.none',
    'params.nil',
    'params["n"]',
    'actor.id',
    'context.labels',
    'resource.x',
    'has(params.n)',
    'has(params.none)',
    'has(params.o.p)',
    'has(params.nil)',
    'has(context.folder)',
    '1',
    '0',
    '-1',
    '2',
    '1.5',
    '100',
    '9007199254740993',
    '"a"',
    '"b"',
    'true',
    'false',
    'null',
    '[1, 2]',
    '["a"]',
    'size(params.l)',
    'params.l.size()',
    'params.l.exists(x, x == params.n)',
    'params.l.all(x, x < 5)',
    'params.l.map(x, x).size() > 1',
    'params.o.exists(k, k == "p")',
  );
  const operator = fc.constantFrom('==', '!=', '<', '<=', '>', '>=', '&&', '||', 'in', '+', '-', '*', '/');
  const { expression: text } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.tuple(tie('expression'), operator, tie('expression')).map(([a, op, b]) => `(${a} ${op} ${b})`),
      tie('expression').map((a) => `!(${a})`),
      fc.tuple(tie('expression'), tie('expression'), tie('expression')).map(([a, b, c]) => `(${a} ? ${b} : ${c})`),
    ),
  }));
  const json = fc.oneof(
    fc.integer({ min: -3, max: 100 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom('a', 'b', true, false),
    fc.array(fc.constantFrom(1, 2, 'a')),
  );
  const params = fc.record(
    {
      n: json,
      m: json,
      s: json,
      b: json,
      l: fc.array(json, { maxLength: 4 }),
      o: fc.record({ p: json }),
      nil: fc.constant(null),
    },
    { requiredKeys: ['nil'] },
  );

  it('gives the same answer, or an error where it gives one', () => {
    let answers = 0;
    fc.assert(
      fc.property(text, params, (expr, raw) => {
        const given = JSON.parse(JSON.stringify(raw)) as typeof raw;
        const asked = request({ params: given as ActionRequest['params'] & object, context: { labels: ['a'] } });
        const { expression } = conditions.compile(expr, { ...scope, kind: 'condition' });
        expect(expression).not.toBeNull();
        const variables = {
          surface: asked.surface,
          action: asked.action,
          actor: asked.actor,
          resource: {},
          params: given,
          context: asked.context,
        };
        const alone = plan(plain, parse(expr))(untyped(variables));
        const ours = expression?.test(frameOf(asked));
        const want: Answer<boolean> =
          typeof alone === 'boolean' ? { ok: true, value: alone } : { ok: false, error: '' };
        expect(ours?.ok, `${expr}: ${isCelError(alone) ? alone.message : String(alone)}`).toBe(want.ok);
        if (ours?.ok === true && want.ok) {
          answers += 1;
          expect(ours.value).toBe(want.value);
        }
      }),
      { numRuns: 3000 },
    );
    expect(answers).toBeGreaterThan(300);
  });
});
