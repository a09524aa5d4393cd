import { describe, expect, it } from 'vitest';
import type { ActionRequest, Facts, Judgement } from '../../src/contract/index.ts';
import { compileBundle, evaluate, requiredFacts, strictest } from '../../src/policy/index.ts';
import { compiled, facts, policy, request } from './helpers.ts';
import { untyped } from '../support/untyped.ts';

/** Judges by one policy of these rules. */
function judge(rules: string, asked: Partial<ActionRequest> = {}, known: Partial<Facts> = {}, more = ''): Judgement {
  return evaluate(compiled(policy(rules, more)), request(asked), facts(known), { trace: true });
}

const approveWhen = (condition: string): string => `- { id: r, when: '${condition}', then: approve }`;
const supervise = (approvers: string, more = ''): string =>
  `- { id: r, when: 'true', then: supervise, approval: { stages: [{ name: s, approvers: ${approvers} }] ${more} } }`;

describe('conditions', () => {
  it.each<[string, Partial<ActionRequest>, string]>([
    ['params.n <= 100', { params: { n: 100 } }, 'approve'],
    ['params.n <= 100', { params: { n: 100.5 } }, 'silence'],
    ['params.n <= 100', { params: {} }, 'error'],
    ['params.n <= 100', { params: { n: '5' } }, 'error'],
    ['params.n <= 100', { params: { n: null } }, 'error'],
    ['params.n', { params: { n: 1 } }, 'error'],
    ['params.s', { params: { s: 'true' } }, 'error'],
    ['has(params.n)', {}, 'silence'],
    ['has(params.n) && params.n > 1', {}, 'silence'],
    ['has(context.folder)', {}, 'silence'],
    // An error in one operand of && and || is absorbed when the other decides, in either order (CEL, language definition).
    ['params.missing == 1 || true', {}, 'approve'],
    ['true || params.missing == 1', {}, 'approve'],
    ['params.missing == 1 && false', {}, 'silence'],
    ['params.missing == 1 || false', {}, 'error'],
    ['params.missing == 1 && true', {}, 'error'],
    ['params.missing == 1 ? true : true', {}, 'error'],
    ['[1, 2].exists(x, x == 2)', {}, 'approve'],
    ['params.list.all(x, x in ["a", "b"])', { params: { list: ['a', 'b'] } }, 'approve'],
    ['params.a.b.c == "d"', { params: { a: { b: { c: 'd' } } } }, 'approve'],
    ['params.constructor == 1', {}, 'error'],
    ['params.__proto__ == 1', {}, 'error'],
    ['"support" in actor.roles', { actor: { id: 'agent:b', type: 'agent', roles: ['support'] } }, 'approve'],
    ['"support" in actor.roles', {}, 'error'],
    [
      'actor.onBehalfOf.id == "user:a"',
      { actor: { id: 'x', type: 'agent', onBehalfOf: { id: 'user:a', type: 'user' } } },
      'approve',
    ],
    ['inFolder("/emea")', { context: { folder: '/emea/support' } }, 'approve'],
    ['inFolder("/emea/")', { context: { folder: '/emea' } }, 'approve'],
    ['inFolder("/emea")', { context: { folder: '/emeax' } }, 'silence'],
    ['inFolder("/emea")', { context: { folder: '/emea/../apac' } }, 'error'],
    ['inFolder("/emea")', {}, 'error'],
    ['within("30m", params.t)', { params: { t: '2026-11-23T10:31:00Z' } }, 'approve'],
    ['params.t.within("30m")', { params: { t: '2026-11-23T11:29:00+01:00' } }, 'silence'],
    ['params.t.within("30m")', { params: { t: '2026-11-23T11:00:01Z' } }, 'silence'],
    ['params.t.within("30m")', { params: { t: '2026-11-23 10:31' } }, 'error'],
    ['timestamp(params.t).within("30m")', { params: { t: '2026-11-23T10:45:00Z' } }, 'approve'],
    ['now == timestamp("2026-11-23T11:00:00Z")', {}, 'approve'],
    ['now.getHours("Europe/Berlin") == 12 && now.getHours() == 11 && now.getDayOfWeek() == 1', {}, 'approve'],
    ['hours("Mon-Fri 09:00-12:00", "Europe/Berlin")', {}, 'silence'],
    ['hours("Mon-Fri 09:00-12:01", "Europe/Berlin")', {}, 'approve'],
    ['hours(params.h, "Europe/Berlin")', { params: { h: 'always' } }, 'error'],
    ['params.m.domain() == "acme.test"', { params: { m: 'A@ACME.test' } }, 'approve'],
    ['params.m.domain() == "acme.test"', { params: { m: 'x@evil.test,a@acme.test' } }, 'error'],
    ['params.m.matches("^[a-z]+$")', { params: { m: 'abc' } }, 'approve'],
    ['params.l.containsAny(["x"])', { params: { l: ['x', 'y'] } }, 'approve'],
    ['params.l.containsAll(["x", "z"])', { params: { l: ['x', 'y'] } }, 'silence'],
    ['params.l.containsAny(["x"])', { params: { l: [1] } }, 'error'],
    ['params.s.lowerAscii().startsWith("del")', { params: { s: 'DELETE' } }, 'approve'],
  ])('%s with %j is %s', (condition, asked, want) => {
    const { verdict } = judge(approveWhen(condition), asked);
    expect(verdict.decision === 'approve' ? 'approve' : verdict.basis).toBe(want);
  });

  it('stops loops that visit too much, also where the error would be absorbed', () => {
    const list = Array.from({ length: 2000 }, (_, index) => index);
    const condition = 'true || params.l.all(a, params.l.all(b, a != b || true))';
    expect(judge(approveWhen(condition), { params: { l: list } }).verdict.decision).toBe('approve');
    const other = 'params.l.all(a, params.l.all(b, true)) || true';
    expect(judge(approveWhen(other), { params: { l: list } }).verdict).toMatchObject({
      decision: 'refuse',
      basis: 'error',
    });
  });
});

describe('fail closed', () => {
  it.each<[string, Judgement, string]>([
    ['without a bundle', evaluate(null, request(), facts()), 'error'],
    ['with an identity in conflict', judge(approveWhen('true'), {}, { conflict: 'token says other' }), 'unclear'],
    ['on a surface nobody speaks about', judge(approveWhen('true'), { surface: 'other.thing' }), 'silence'],
    ['when no rule matches', judge(approveWhen('false')), 'silence'],
    ['when a required field is missing', judge(approveWhen('true'), {}, {}, 'requires: [params.n]'), 'unclear'],
    [
      'when a required field is empty',
      judge(approveWhen('true'), { params: { n: '' } }, {}, 'requires: [params.n]'),
      'unclear',
    ],
    ['when the facts hold no time', judge(approveWhen('true'), {}, { now: 'yesterday' }), 'error'],
    ['when approvers are nobody', judge(supervise("['group:none']")), 'unclear'],
    [
      'when the only approver asks',
      judge(supervise("['user:a']"), { actor: { id: 'user:a', type: 'user' } }, { people: { 'user:a': ['user:a'] } }),
      'unclear',
    ],
    ['when an approver expression fails', judge(supervise("['= params.who']")), 'unclear'],
    [
      'when an approver expression yields no reference',
      judge(supervise("['= params.who']"), { params: { who: 'everyone' } }),
      'unclear',
    ],
    [
      'when an amount has 16 digits',
      judge(approveWhen('true'), { params: { n: '1.000000000000001' } }, {}, 'decimals: [params.n]'),
      'unclear',
    ],
    [
      'when an amount is no decimal',
      judge(approveWhen('true'), { params: { n: '1e3' } }, {}, 'decimals: [params.n]'),
      'unclear',
    ],
  ])('%s', (_when, judgement, basis) => {
    expect(judgement.verdict).toMatchObject({ decision: 'refuse', basis });
    expect(judgement.verdict.reasons.join('')).not.toBe('');
    expect(judgement).toMatchObject({ plan: null, reservations: [], review: null });
  });

  it('stops at the first rule that cannot be evaluated, even where a later one would approve', () => {
    const { verdict, trace } = judge(`${approveWhen('params.x == 1')}\n- { id: later, when: 'true', then: approve }`);
    expect(verdict).toMatchObject({ decision: 'refuse', basis: 'error', rule: 'r' });
    expect(trace.map((entry) => entry.result)).toEqual(['error', 'skipped']);
  });
});

describe('limits', () => {
  const more = 'limits: { daily: { key: [actor.id], sum: params.n, window: 24h, max: "100.5" } }';
  const rules = `- { id: small, when: 'params.n <= 50 && limit("daily").fits', then: approve }
- { id: rest, when: 'params.n > 50', then: supervise, approval: { stages: [{ name: s, approvers: ['user:a'] }] } }`;
  const used = (amount: string): Partial<Facts> => ({
    limits: [{ limit: 'test/daily', key: ['agent:bot'], used: amount }],
    people: { 'user:a': ['user:a'] },
  });

  it('asks for what it needs', () => {
    expect(requiredFacts(compiled(policy(rules, more)), request({ params: { n: 0.1 } }))).toEqual({
      limits: [
        {
          limit: 'test/daily',
          key: ['agent:bot'],
          paths: ['actor.id'],
          windowMs: 86_400_000,
          max: '100.5',
          amount: '0.1',
        },
      ],
      people: ['user:a'],
    });
  });

  it.each([
    ['100.4', 'approve', 'rule'],
    ['100.40000000000000000001', 'refuse', 'limit'],
    ['100.5', 'refuse', 'limit'],
  ])('with %s used, 0.1 more is %s by %s: sums are exact', (amount, decision, basis) => {
    expect(judge(rules, { params: { n: 0.1 } }, used(amount), more).verdict).toMatchObject({ decision, basis });
  });

  it('reserves what was asked about and fits, and nothing else', () => {
    const small = judge(rules, { params: { n: 0.1 } }, used('0'), more);
    expect(small.reservations).toEqual([
      { limit: 'test/daily', key: ['agent:bot'], amount: '0.1', windowMs: 86_400_000, max: '100.5' },
    ]);
    expect(judge(rules, { params: { n: 60 } }, used('0'), more)).toMatchObject({
      verdict: { decision: 'supervise' },
      reservations: [],
    });
  });

  it('counts what passes a rule that refused by the limit', () => {
    const counted = `- { id: no, when: '!limit("rate").fits', then: refuse }\n- { id: yes, when: 'true', then: approve }`;
    const rate = 'limits: { rate: { key: [actor.id], count: true, window: 1h, max: 2 } }';
    const at = (n: string): Judgement =>
      judge(counted, {}, { limits: [{ limit: 'test/rate', key: ['agent:bot'], used: n }] }, rate);
    expect(at('1')).toMatchObject({ verdict: { decision: 'approve' }, reservations: [{ amount: '1' }] });
    expect(at('2')).toMatchObject({ verdict: { decision: 'refuse', basis: 'limit', rule: 'no' }, reservations: [] });
  });

  it.each<[string, Partial<ActionRequest>, Partial<Facts>, string]>([
    ['facts that do not say', { params: { n: 1 } }, {}, 'error'],
    ['an amount below zero', { params: { n: -1 } }, used('0'), 'unclear'],
    ['an amount as text', { params: { n: '1' } }, used('0'), 'unclear'],
  ])('refuses %s', (_what, asked, known, basis) => {
    expect(judge(rules, asked, known, more).verdict).toMatchObject({ decision: 'refuse', basis });
  });

  it('refuses as unclear what it cannot count', () => {
    const byOrder = 'limits: { daily: { key: [resource.id], count: true, window: 1h, max: 1 } }';
    expect(judge(approveWhen('limit("daily").fits'), {}, {}, byOrder).verdict.basis).toBe('unclear');
  });
});

describe('several policies', () => {
  const named = (name: string, rules: string, more = ''): string =>
    policy(rules, more).replace('policy: test', `policy: ${name}`);
  const people = { 'user:a': ['user:a'], 'user:b': ['user:b'] };

  it('the strictest holds, and the trace names all', () => {
    const bundle = compiled(named('b', approveWhen('true')), named('a', '- { id: no, when: "true", then: refuse }'));
    const { verdict, trace } = evaluate(bundle, request(), facts(), { trace: true });
    expect(verdict).toMatchObject({ decision: 'refuse', policy: 'a', rule: 'no' });
    expect(trace.map((entry) => entry.policy)).toEqual(['a', 'b']);
  });

  it('merges approvals: all stages, the shortest wait, what all allow', () => {
    const one = named(
      'a',
      supervise(
        "['user:a']",
        ', expires: 2h, extendUpTo: 4h, via: [slack, console], mayChange: [params.n, params.m], fourEyes: false',
      ),
    );
    const two = named(
      'b',
      supervise("['user:b']", ', expires: 1h, extendUpTo: 3h, via: [console], mayChange: [params.m], reason: required'),
    );
    const { plan } = evaluate(compiled(two, one), request(), facts({ people }));
    expect(plan).toMatchObject({
      stages: [{ approvers: ['user:a'] }, { approvers: ['user:b'] }],
      expiresMs: 3_600_000,
      extendUpToMs: 10_800_000,
      reason: 'required',
      fourEyes: true,
      excluded: ['agent:bot'],
      mayChange: ['params.m'],
      via: ['console'],
    });
  });

  it('refuses where policies agree on no door', () => {
    const one = named('a', supervise("['user:a']", ', via: [slack]'));
    const two = named('b', supervise("['user:b']", ', via: [console]'));
    expect(evaluate(compiled(one, two), request(), facts({ people })).verdict).toMatchObject({
      decision: 'refuse',
      basis: 'unclear',
    });
  });

  const constrain = (changes: string): string => `- { id: c, when: "true", then: constrain, changes: ${changes} }`;
  it('keeps changes when another policy supervises', () => {
    const bundle = compiled(named('a', constrain('{ params.n: 5 }')), named('b', supervise("['user:b']")));
    expect(evaluate(bundle, request(), facts({ people })).verdict).toMatchObject({
      decision: 'supervise',
      changes: { 'params.n': 5 },
    });
  });

  it.each([
    ['{ params.n: 5 }', '{ params.n: 5 }', 'constrain'],
    ['{ params.n: 5 }', '{ params.m: 5 }', 'constrain'],
    ['{ params.n: 5 }', '{ params.n: 6 }', 'refuse'],
    ['{ params.n: 5 }', '{ params.n.x: 6 }', 'refuse'],
  ])('changes %s and %s together: %s', (first, second, decision) => {
    const bundle = compiled(named('a', constrain(first)), named('b', constrain(second)));
    expect(evaluate(bundle, request(), facts()).verdict.decision).toBe(decision);
  });

  it('an observing policy releases nothing that an enforcing one refuses, and says what it would have said', () => {
    const watching = named('w', '- { id: no, when: "true", then: refuse }', 'mode: observe');
    const both = evaluate(compiled(watching, named('b', approveWhen('true'))), request(), facts());
    expect(both).toMatchObject({
      verdict: { decision: 'approve', mode: 'enforce', policy: 'b' },
      observed: { decision: 'refuse', mode: 'observe' },
    });
    const alone = evaluate(compiled(watching), request(), facts());
    expect(alone).toMatchObject({
      verdict: { decision: 'approve', mode: 'observe' },
      observed: { decision: 'refuse' },
    });
    expect(evaluate(compiled(watching), request(), facts({ conflict: 'x' })).verdict.decision).toBe('refuse');
  });
});

describe('break glass', () => {
  const more = "breakGlass: { allow: ['role:ic'], review: { approvers: ['group:risk'], within: 24h } }";
  const context = { urgency: 'emergency' as const, reason: 'the shop is down' };
  const ic = { actor: { id: 'user:ic', type: 'user' as const }, context };
  const behind = { ...ic, actor: { id: 'agent:bot', type: 'agent' as const, onBehalfOf: ic.actor } };
  const people = { 'role:ic': ['user:ic'], 'group:risk': ['user:ic', 'user:r'], 'user:a': ['user:a'] };

  it('releases at once what would have waited, for review by somebody else', () => {
    const used = (count: string) => [{ limit: 'test/breakGlass', key: ['user:ic'], used: count }];
    const judged = judge(supervise("['user:a']"), ic, { people, limits: used('1') }, more);
    expect(judged).toMatchObject({
      verdict: { decision: 'approve', basis: 'break_glass' },
      plan: null,
      review: {
        approvers: ['user:r'],
        refs: ['group:risk'],
        withinMs: 86_400_000,
        by: 'user:ic',
        reason: 'the shop is down',
      },
      reservations: [{ limit: 'test/breakGlass', key: ['user:ic'], amount: '1', windowMs: 7 * 86_400_000, max: '2' }],
    });
    expect(judged.verdict.reasons[0]).toContain('“the shop is down”');
    const agent = { people, limits: used('0'), spokenFor: ['agent:bot', 'user:ic'] };
    expect(judge(supervise("['user:a']"), behind, agent, more).review?.by).toBe('user:ic');
  });

  it.each<[string, Partial<ActionRequest>, Partial<Facts>, string, string]>([
    ['no reason', { ...ic, context: { urgency: 'emergency' } }, {}, 'unclear', 'no reason was given'],
    ['a blank reason', { ...ic, context: { ...context, reason: ' ' } }, {}, 'unclear', 'no reason was given'],
    [
      'too many',
      ic,
      { limits: [{ limit: 'test/breakGlass', key: ['user:ic'], used: '2' }] },
      'limit',
      '2 times in 7 days',
    ],
    [
      'an unknown count',
      ic,
      { limits: [{ limit: 'test/breakGlass', key: ['user:x'], used: '0' }] },
      'limit',
      'unknown',
    ],
    ['somebody else’s word', behind, { spokenFor: ['agent:bot'] }, 'unclear', 'may not speak for user:ic'],
  ])('with %s the ordinary verdict holds, and says why', (_what, asked, known, basis, why) => {
    const judged = judge(supervise("['user:a']"), asked, { people, ...known }, more);
    expect(judged).toMatchObject({ verdict: { decision: 'supervise', basis }, review: null, reservations: [] });
    expect(judged.plan?.stages[0]?.approvers).toEqual(['user:a']);
    expect(judged.verdict.reasons.join()).toContain(why);
  });

  it('a bundle from before there was a limit is judged as it was', () => {
    const { source } = compiled(policy(supervise("['user:a']"), more));
    const old = JSON.parse(JSON.stringify(source)) as { policies: { test: { breakGlass: { limit?: object } } } };
    delete old.policies.test.breakGlass.limit;
    const judged = evaluate(
      compileBundle(untyped(old)),
      request({ ...ic, context: { urgency: 'emergency' } }),
      facts({ people }),
    );
    expect(judged).toMatchObject({ verdict: { basis: 'break_glass' }, review: { reason: null }, reservations: [] });
  });

  it('counts a glass only where no other policy kept it whole', () => {
    const named = (name: string, rules: string, rest = ''): string =>
      policy(rules, rest).replace('policy: test', `policy: ${name}`);
    const glass = named(
      'a',
      supervise("['user:a']"),
      more.replace('within: 24h }', 'within: 24h }, limit: { max: 1, window: 1h }'),
    );
    const known = facts({ people, limits: [{ limit: 'a/breakGlass', key: ['user:ic'], used: '0' }] });
    expect(evaluate(compiled(glass), request(ic), known).reservations).toHaveLength(1);
    const both = evaluate(compiled(glass, named('b', supervise("['user:a']"))), request(ic), known);
    expect(both).toMatchObject({ verdict: { decision: 'supervise' }, review: null, reservations: [] });
  });

  it.each<[string, string, Partial<ActionRequest>, Partial<Facts>]>([
    ['a refusal', '- { id: no, when: "true", then: refuse }', ic, { people }],
    ['silence', approveWhen('false'), ic, { people }],
    ['no emergency', supervise("['user:a']"), { ...ic, context: {} }, { people }],
    ['anybody else', supervise("['user:a']"), { ...ic, actor: { id: 'user:x', type: 'user' } }, { people }],
    ['no other reviewer', supervise("['user:a']"), ic, { people: { ...people, 'group:risk': ['user:ic'] } }],
  ])('never with %s', (_what, rules, asked, known) => {
    expect(judge(rules, asked, known, more).verdict.basis).not.toBe('break_glass');
  });
});

it('a bundle that was altered is never evaluated', () => {
  const { source, hash } = compiled(policy(approveWhen('false')));
  const altered = JSON.parse(JSON.stringify(source).replace('"false"', '"true"')) as typeof source;
  expect(() => compileBundle(altered, hash)).toThrowError(expect.objectContaining({ code: 'invalid-policy' }));
  expect(() => compileBundle({ v: 1, policies: {}, holidays: {}, external: {}, more: 1 })).toThrowError(
    expect.objectContaining({ code: 'invalid-policy' }),
  );
});

it('strictest keeps the stricter verdict, and of two alike the first', () => {
  const verdict = (decision: 'approve' | 'supervise' | 'refuse', rule: string) => ({
    ...judge(approveWhen('true')).verdict,
    decision,
    rule,
  });
  expect(strictest(verdict('approve', 'a'), verdict('refuse', 'b')).rule).toBe('b');
  expect(strictest(verdict('supervise', 'a'), verdict('supervise', 'b')).rule).toBe('a');
});
