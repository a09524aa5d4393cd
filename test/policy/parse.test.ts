import { describe, expect, it } from 'vitest';
import { buildBundle, compileBundle, lintFiles, type Resolve } from '../../src/policy/index.ts';
import { workCalendarOf } from '../../src/policy/work-calendar.ts';
import { policy } from './helpers.ts';

const approve = "- { id: r, when: 'true', then: approve }";

/** Problems of one file, as `line:column text | message | suggestion`. */
function problemsOf(text: string): string[] {
  const { bundle, problems } = buildBundle([{ path: 'p.yaml', text }]);
  expect(bundle).toBeNull();
  return problems.map(
    ({ line, column, text: shown, message, suggestion }) =>
      `${line}:${column} ${shown} | ${message} | ${suggestion ?? ''}`,
  );
}

describe('errors carry line, column, the offending text and a suggestion', () => {
  it.each<[string, string, string]>([
    [
      'an unknown field',
      policy(approve, 'requirs: [params.n]'),
      '3:1 requirs | `requirs` is not a field here | did you mean `requires`?',
    ],
    [
      'an unknown field of a rule',
      policy("- { id: r, wen: 'true', when: 'true', then: approve }"),
      '5:14 wen | `wen` is not a field here | did you mean `when`?',
    ],
    [
      'a wrong word',
      policy(approve, 'mode: observ'),
      '3:7 observ | `mode` has a value it cannot have | did you mean `observe`?',
    ],
    [
      'a condition without quotes',
      policy('- { id: r, when: true, then: approve }'),
      '5:20 true | `when` is of the wrong type | put it in quotes: "true"',
    ],
    [
      'a missing field',
      policy("- { when: 'true', then: approve }"),
      "5:5 { when: 'true', then: approve } | `id` is missing | add `id`",
    ],
    [
      'CEL that ends too early',
      policy("- { id: r, when: 'params.n <=', then: approve }"),
      "<=' | the condition ends too early | finish the expression",
    ],
    [
      'one equals sign',
      policy("- { id: r, when: 'params.n = 1', then: approve }"),
      "5:30 = 1' | this is not CEL from `= 1` on | compare with `==`",
    ],
    [
      'the words of other languages',
      policy("- { id: r, when: 'params.n == 1 and true', then: approve }"),
      "5:35 and true' | this is not CEL from `and true` on | write `&&` for and",
    ],
    [
      'an unknown variable',
      policy("- { id: r, when: 'parms.n == 1', then: approve }"),
      "5:20 'parms.n == 1' | nothing is called `parms` here | did you mean `params`?",
    ],
    ['an unknown function', policy('- { id: r, when: \'infolder("/a")\', then: approve }'), 'did you mean `inFolder`?'],
    [
      'a field that no actor has',
      policy("- { id: r, when: 'actor.rolls.size() > 0', then: approve }"),
      '`actor` has no field `rolls` | did you mean `roles`?',
    ],
    [
      'a limit that is not declared',
      policy(
        '- { id: r, when: \'limit("dialy").fits\', then: approve }',
        'limits: { daily: { key: [actor.id], count: true, window: 1h, max: 5 } }',
      ),
      'there is no limit `dialy` | did you mean `daily`?',
    ],
    [
      'hours that are none',
      policy('- { id: r, when: \'hours("9 to 5", "Europe/Berlin")\', then: approve }'),
      '`9 to 5` is not opening hours',
    ],
    [
      'a zone that is none',
      policy('- { id: r, when: \'hours("09:00-17:00", "Berlin")\', then: approve }'),
      '`Berlin` is not an IANA time zone',
    ],
    [
      'a reference that is none',
      policy("- { id: r, when: 'true', then: supervise, approval: { stages: [{ name: s, approvers: [finance] }] } }"),
      '5:89 finance | `0` is not valid | a reference: `user:…`',
    ],
    [
      'now in an approver expression',
      policy(
        "- { id: r, when: 'true', then: supervise, approval: { stages: [{ name: s, approvers: ['= string(now)'] }] } }",
      ),
      'reads the request only, not `now`',
    ],
    ['a rule twice', policy(`${approve}\n${approve}`), 'rule `r` is there twice | rename one'],
    ['a key twice', `${policy(approve)}policy: again\n`, 'map keys must be unique'],
    [
      'an alias',
      policy(approve, 'requires: &a [params.n]\ndisclose: *a'),
      'aliases are not part of the policy language',
    ],
    [
      'a duration that is none',
      policy(approve, 'retain: forever'),
      '3:9 forever | `retain` is not valid | a duration such as `15m`',
    ],
    ['a permit that lives too long', policy(approve, 'permit: 6m'), '`permit` is not valid | at most `5m`'],
    ['a path that reaches too far', policy(approve, 'requires: [content.secret]'), '`0` is not valid | a dotted path'],
    ['a prototype', policy(approve, 'requires: [params.__proto__]'), '`0` is not valid'],
    ['broken YAML', 'policy: [', '1:'],
    ['text that is not a policy', '- 1', '1:1 - 1 | `the file` is of the wrong type | it must be a map'],
    [
      'parentheses without end',
      policy(`- { id: r, when: '${'('.repeat(200)}', then: approve }`),
      '| split it into several rules',
    ],
    [
      'a chain without end',
      policy(
        `- { id: r, when: '${'!'.repeat(1)}true${' && true'.repeat(5)}${' + 1'.repeat(900)} == 1', then: approve }`,
      ),
      'the expression is too deep',
    ],
  ])('%s', (_what, text, want) => {
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).toContain(want);
  });
});

describe('a bundle', () => {
  const other = policy(approve).replace('policy: test', 'policy: other');
  it('is the same for any order and any names of files', () => {
    const one = buildBundle([
      { path: 'a.yaml', text: policy(approve) },
      { path: 'b.yaml', text: other },
    ]).bundle;
    const two = buildBundle([
      { path: 'x/z.yml', text: other },
      { path: 'x/y.yml', text: `# note\n${policy(approve)}` },
    ]).bundle;
    expect(one?.hash).toBe(two?.hash);
    expect(one?.source).toEqual(two?.source);
  });

  it.each([
    ['the same policy twice', [policy(approve), policy(approve)], 'policy `test` is there twice'],
    ['no policy at all', [], 'there is no policy file here'],
  ])('refuses %s', (_what, texts, want) => {
    const { bundle, problems } = buildBundle(texts.map((text, index) => ({ path: `p${index}.yaml`, text })));
    expect(bundle).toBeNull();
    expect(problems[0]?.message).toBe(want);
  });

  it('shares holidays of one file', () => {
    const text = policy('- { id: r, when: \'hours("09:00-17:00", "UTC", "berlin")\', then: approve }');
    expect(buildBundle([{ path: 'p.yaml', text }]).bundle).toBeNull();
    const holidays = { path: 'holidays.yaml', text: "holidays: { berlin: ['2026-12-25'] }" };
    expect(buildBundle([{ path: 'p.yaml', text }, holidays]).problems).toEqual([]);
  });

  it('says when people work, in the same file, for audits', () => {
    const text = policy(approve, "holidays: { own: ['2026-05-01'] }");
    const built = (calendar: string) =>
      buildBundle([
        { path: 'p.yaml', text },
        { path: 'holidays.yaml', text: calendar },
      ]);
    const { bundle } = built(
      "zone: Europe/Berlin\nzones: { 'user:yui@acme.test': Asia/Tokyo }\nholidays: { berlin: ['2026-12-25'] }",
    );
    expect(bundle === null ? null : workCalendarOf(compileBundle(bundle.source, bundle.hash))).toEqual({
      zone: 'Europe/Berlin',
      zones: new Map([['user:yui@acme.test', 'Asia/Tokyo']]),
      holidays: new Set(['2026-05-01', '2026-12-25']),
    });
    // A bundle that says nothing of it is the one that it always was.
    expect(Object.keys(buildBundle([{ path: 'p.yaml', text }]).bundle?.source ?? {})).toEqual([
      ...['external', 'holidays', 'policies', 'v'],
    ]);
    expect(built('zone: Middle/Earth').problems[0]?.message).toBe('`zone` is not valid');
    expect(built("zones: { 'group:night': UTC }").bundle).toBeNull();
  });
});

describe('lint', () => {
  const resolve: Resolve = (ref) => (ref === 'user:a' ? ['user:a'] : []);
  const cases = (name: string, asked: string): { path: string; text: string } => ({
    path: 'p.test.yaml',
    text: `cases:\n  - { name: ${name}, request: { surface: test.do, action: do, actor: { id: "agent:a", type: agent }, params: ${asked} }, want: { decision: approve } }`,
  });
  const stage = (approvers: string, more = ''): string =>
    `- { id: r, when: 'true', then: supervise, approval: { stages: [{ name: s, approvers: ${approvers}${more} }] } }`;

  it.each<[string, string, string]>([
    [
      'a rule after one that always matches',
      `${approve}\n- { id: x, when: 'params.n == 1', then: refuse }`,
      'error rule `x` is unreachable: `r` before it always matches',
    ],
    [
      'the same condition again',
      `- { id: a, when: 'has(params.n)', then: approve }\n- { id: x, when: ' has( params.n ) ', then: refuse }`,
      'error rule `x` is shadowed: whatever it matches, `a` matches first',
    ],
    [
      'a narrower bound',
      `- { id: a, when: 'has(params.n) && params.n <= 100', then: approve }\n- { id: x, when: 'params.n < 50 && has(params.n)', then: refuse }`,
      'error rule `x` is shadowed',
    ],
    ['a rule that is false', "- { id: x, when: 'false', then: approve }", 'warning rule `x` never matches'],
    [
      'a field that may be missing',
      "- { id: x, when: 'params.n == 1', then: approve }",
      'warning a request without `params.n` is refused as an error here',
    ],
    [
      'a field that no case sends',
      "- { id: x, when: 'params.ammount == 1', then: approve }",
      'warning no case sends `params.ammount`',
    ],
    ['approvers that are nobody', stage("['group:none', 'user:a']"), 'error `group:none` resolves to nobody'],
    ['a quorum nobody can reach', stage("['user:a']", ', quorum: 2'), 'error stage `s` needs 2 people and finds 1'],
  ])('finds %s', (_what, rules, want) => {
    const files = [{ path: 'p.yaml', text: policy(rules) }, cases('c', '{ n: 1, amount: 2 }')];
    const found = lintFiles(files, { resolve });
    expect(found.map(({ severity, message }) => `${severity} ${message}`).join('\n')).toContain(want);
    for (const problem of found) expect(problem.line).toBeGreaterThan(1);
  });

  it.each([
    [1002, true],
    [700, true],
    [250, false],
    [200, false],
  ])('warns of a group that may not fit into a record: %s people', (count, warned) => {
    const crowd = Array.from({ length: count }, (_, n) => `user:person-${n}@acme.test`);
    const files = [{ path: 'p.yaml', text: policy(stage("['group:all']")) }, cases('c', '{ n: 1 }')];
    const found = lintFiles(files, { resolve: (ref, actor) => (ref === 'group:all' ? crowd : resolve(ref, actor)) });
    const said = found.map(({ severity, message }) => `${severity} ${message}`);
    expect(said.filter((one) => one.includes(`asks ${count} people`))).toHaveLength(warned ? 1 : 0);
    expect(said.every((one) => one.startsWith('warning'))).toBe(true);
  });

  it.each([
    [
      'bounds that leave room',
      `- { id: a, when: 'has(params.n) && params.n <= 50', then: approve }\n- { id: b, when: 'has(params.n) && params.n <= 100', then: refuse }`,
    ],
    [
      'bounds of other sides',
      `- { id: a, when: 'has(params.n) && params.n < 50', then: approve }\n- { id: b, when: 'has(params.n) && params.n > 40', then: refuse }`,
    ],
    ['manager and expressions', stage('[manager, \'= "role:" + params.n\']')],
  ])('is content with %s', (_what, rules) => {
    expect(lintFiles([{ path: 'p.yaml', text: policy(rules) }, cases('c', '{ n: 1 }')], { resolve })).toEqual([]);
  });

  it('warns of who is told and means nobody', () => {
    const told = "notify: ['#ok', 'webhook:pager', 'https://a.example/x', 'user:a@b', finance]";
    const found = lintFiles([{ path: 'p.yaml', text: policy(approve, told) }, cases('c', '{ n: 1 }')], { resolve });
    expect(found).toMatchObject([{ severity: 'warning', line: 3, message: '`finance` under `notify` tells nobody' }]);
  });

  it('says which surface no case covers', () => {
    const [problem] = lintFiles([{ path: 'p.yaml', text: policy(approve) }]);
    expect(problem).toMatchObject({
      severity: 'warning',
      line: 2,
      column: 12,
      message: 'no case covers surface `test.do`',
    });
  });
});
