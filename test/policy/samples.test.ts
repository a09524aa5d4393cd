/** The shipped samples list what is allowed: every other spelling of what is not, and amounts beyond both bounds, are refused or asked about. */
import { describe, expect, it } from 'vitest';
import type { ActionRequest } from '../../src/contract/index.ts';
import { readPolicyFiles } from '../../src/main/policies.ts';
import { buildBundle, compileBundle, evaluate, lintFiles, requiredFacts } from '../../src/policy/index.ts';

const { bundle } = buildBundle(readPolicyFiles('policies'));
if (bundle === null) throw new Error('the shipped policies do not build');
const compiled = compileBundle(bundle.source, bundle.hash);

function verdictOf(request: ActionRequest): ReturnType<typeof evaluate>['verdict'] {
  const { limits, people } = requiredFacts(compiled, request);
  return evaluate(compiled, request, {
    // A Wednesday at noon.
    now: '2026-11-25T11:00:00.000Z',
    limits: limits.map(({ limit, key }) => ({ limit, key, used: '0' })),
    people: Object.fromEntries(people.map((ref) => [ref, ['user:somebody@acme.test']])),
    conflict: null,
  }).verdict;
}

const agent = { id: 'agent:crm-bot', type: 'agent' as const };
const db = (action: string, operation: string | null, rows = 1): ActionRequest => ({
  surface: 'db.customers.update',
  action,
  actor: agent,
  params: { rows, table: 'customers', ...(operation === null ? {} : { operation }) },
});
const grant = (role: string, more: object = {}): ActionRequest => ({
  surface: 'access.grant',
  action: 'access.grant',
  actor: { id: 'user:new-hire@acme.test', type: 'user' },
  resource: { type: 'account', person: 'user:new-hire@acme.test' },
  params: { role, ...more },
});
const crm = (params: ActionRequest['params']): ActionRequest => ({
  surface: 'crm.update',
  action: 'crm.update',
  actor: agent,
  params,
});
const sql = (statement: string, rows = 1): ActionRequest => ({
  surface: 'db.query',
  action: 'sql.run',
  actor: agent,
  params: { statement, database: 'shop', rows },
});

describe('never approved', () => {
  it.each<[string, ActionRequest]>([
    ...['delete', 'DELETE', 'Delete', 'delete ', 'truncate', 'purge', 'drop', 'dеlete', ''].map(
      (operation): [string, ActionRequest] => [`operation ${operation}`, db('customer.update', operation)],
    ),
    ...[
      'customers.delete',
      'Customer.Delete',
      'delete',
      'customer.purge',
      'customer.update.delete',
      'CUSTOMER.DELETE',
    ].map((action): [string, ActionRequest] => [`action ${action}`, db(action, null)]),
    ...[
      'root',
      'Root',
      'ROOT',
      'root ',
      'OWNER',
      'r\u043e\u043et',
      'superuser',
      'billing-admin',
      'administrator',
      'admin',
    ].map((role): [string, ActionRequest] => [`role ${role}`, grant(role)]),
    ['for less than a day', grant('crm-reader', { days: -1 })],
    ['for ever', grant('crm-reader', { days: 100_000 })],
    ...[-100, -0.01, 51, 100, 1000].map((percent): [string, ActionRequest] => [
      `a discount of ${percent} percent`,
      crm({ field: 'discount', percent }),
    ]),
    ...['delete', 'DELETE', 'Drop', 'vacuum', 'TRUNCATE', 'merge', 'call', ' delete', 'copy', 'grant'].map(
      (statement): [string, ActionRequest] => [`SQL ${statement}`, sql(statement)],
    ),
    ['less than no row', sql('update', -5)],
  ])('%s is refused', (_what, request) => expect(verdictOf(request).decision).toBe('refuse'));

  it.each<[string, ActionRequest, string]>([
    ['Admin-crm', grant('Admin-crm'), 'privileged'],
    ['admin-crm', grant('admin-crm'), 'privileged'],
    ['crm-reader', grant('crm-reader'), 'onboarding'],
    ['a discount of 10', crm({ field: 'discount', percent: 10 }), 'sales-manager'],
  ])('%s is asked about, by its own rule', (_what, request, rule) => {
    expect(verdictOf(request)).toMatchObject({ decision: 'supervise', rule });
  });
});

describe('a rule that approves whatever no other names', () => {
  const lint = (when: string): unknown =>
    lintFiles([
      {
        path: 'p.yaml',
        text: `policy: p.q\nsurfaces: [p.q]\nrules:\n  - { id: no, when: 'params.x == 1', then: refuse }\n  - id: rest\n    when: ${JSON.stringify(when)}\n    then: approve\n`,
      },
    ]).filter(({ message }) => message.includes('approves whatever'));

  it.each([
    'true',
    'params.x != 2',
    '!(params.x in [1, 2])',
    '!(params.x == 2)',
    'params.y != "==" && params.x != 3',
    '!params.dry',
    'params.x != 2 || params.y != 3',
    'has(params.x)',
    'params.ok',
    '!(params.x.startsWith("a"))',
  ])('%s gets a hint', (when) => expect(lint(when)).toHaveLength(1));

  it.each([
    'params.x == 2',
    'params.x in [1, 2]',
    'params.x <= 10',
    'limit("l").fits',
    'params.x.startsWith("a")',
    'params.x != 2 && params.y == 3',
  ])('%s gets none', (when) => expect(lint(when)).toEqual([]));
});

describe('what cannot be undone, released by a rule alone', () => {
  const named = (rules: string, more = 'effect: { kind: irreversible }\n'): string[] => {
    const text = `policy: p\nsurfaces: [p.do]\nlimits: { daily: { key: [actor.id], count: true, window: 24h, max: 5 } }\n${more}rules: ${rules}\n`;
    return lintFiles([{ path: 'p.yaml', text }])
      .filter(({ message }) => message.includes('releases by itself what cannot be undone'))
      .map(({ severity }) => severity);
  };
  const asks = `approval: { stages: [{ name: one, approvers: ['user:a'] }] }`;

  it.each<[string, string, string?]>([
    ['by approving', `[{ id: a, when: 'params.x == 1', then: approve }]`],
    ['by changing', `[{ id: a, when: 'params.x == 1', then: constrain, changes: { params.x: 2 } }]`],
    ['where the rule says so', `[{ id: a, when: 'params.x == 1', then: approve, effect: { kind: irreversible } }]`, ''],
  ])('is a warning: %s', (_what, rules, more) => {
    expect(named(rules, more)).toEqual(['warning']);
  });

  it.each<[string, string, string?]>([
    ['people are asked', `[{ id: a, when: 'params.x == 1', then: supervise, ${asks} }]`],
    ['it is refused', `[{ id: a, when: 'params.x == 1', then: refuse }]`],
    ['a limit holds it', `[{ id: a, when: 'params.x == 1 && limit("daily").fits', then: approve }]`],
    ['it can be made good', `[{ id: a, when: 'params.x == 1', then: approve }]`, 'effect: { kind: compensable }\n'],
    ['nobody says what it does', `[{ id: a, when: 'params.x == 1', then: approve }]`, ''],
  ])('is none where %s', (_what, rules, more) => {
    expect(named(rules, more)).toEqual([]);
  });
});

describe('permits that are used without the engine', () => {
  const policy = (more: string, rules = "[{ id: a, when: 'params.x == 1', then: approve }]"): string =>
    `policy: p.q\nsurfaces: [p.q]\nrules: ${rules}\n${more}`;
  const lint = (text: string) => lintFiles([{ path: 'p.yaml', text }]);
  const RELEASE = 'release: { offline: true }\n';

  it.each([
    ['what cannot be undone', policy(`${RELEASE}effect: { kind: irreversible }`), 'error'],
    [
      'a rule whose effect cannot be undone',
      policy(
        `${RELEASE}effect: { kind: reversible }`,
        "[{ id: a, when: 'params.x == 1', then: approve, effect: { kind: irreversible } }]",
      ),
      'error',
    ],
    ['an effect that nobody names', policy(RELEASE), 'warning'],
  ])('lint names %s', (_what, text, severity) => {
    expect(lint(text).filter(({ message }) => message.includes('offline'))).toEqual([
      expect.objectContaining({ severity }),
    ]);
  });
  it.each(['reversible', 'compensable', 'read'])('lint says nothing of what is %s', (kind) => {
    expect(
      lint(policy(`${RELEASE}effect: { kind: ${kind} }`)).filter(({ message }) => message.includes('offline')),
    ).toEqual([]);
  });
  it.each(['release: {}', 'release: { after: 1h, offline: true }', 'release: { offline: maybe }'])(
    'a policy that says %s does not parse',
    (more) => expect(lint(policy(more)).some(({ severity }) => severity === 'error')).toBe(true),
  );

  const judged = (...texts: string[]) => {
    const { bundle: made } = buildBundle(texts.map((text, n) => ({ path: `p${n}.yaml`, text })));
    if (made === null) throw new Error('it does not build');
    const on: ActionRequest = { surface: 'p.q', action: 'do', actor: agent, params: { x: 1 } };
    const facts = { now: '2026-11-25T11:00:00.000Z', limits: [], people: {}, conflict: null };
    return evaluate(compileBundle(made.source, made.hash), on, facts);
  };
  const reversible = 'effect: { kind: reversible }\n';
  it('is said where all policies allow it and say that it can be undone', () => {
    const other = policy(`${RELEASE}${reversible}`).replace('policy: p.q', 'policy: p.r');
    const silent = policy(reversible).replace('policy: p.q', 'policy: p.r');
    expect(judged(policy(`${RELEASE}${reversible}`)).offline).toBe(true);
    expect(judged(policy(`${RELEASE}${reversible}`), other).offline).toBe(true);
    expect(judged(policy(`${RELEASE}${reversible}`), silent)).not.toHaveProperty('offline');
    expect(judged(policy(RELEASE))).not.toHaveProperty('offline');
    expect(judged(policy(`${RELEASE}effect: { kind: irreversible }`))).not.toHaveProperty('offline');
    expect(judged(policy(reversible))).not.toHaveProperty('offline');
  });
});
