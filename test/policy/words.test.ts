/** What a change of policy means, in words. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildBundle, caseNames, changesInWords, compileBundle } from '../../src/policy/index.ts';

const BASE = `policy: payments.refund
surfaces: [payments.refund]
rules:
  - { id: small, when: params.amount <= 100, then: approve }
  - id: medium
    when: params.amount <= 1000
    then: supervise
    approval: { stages: [{ name: finance, approvers: ['group:finance'] }], expires: 4h }
  - { id: large, when: 'true', then: refuse }
disclose: [params.amount]
`;

function compiled(text: string | null) {
  const other = `policy: other\nsurfaces: [other]\nrules: [{ id: all, when: 'true', then: refuse }]\n`;
  const { bundle, problems } = buildBundle([
    { path: 'other.yaml', text: other },
    ...(text === null ? [] : [{ path: 'refund.yaml', text }]),
  ]);
  if (bundle === null) throw new Error(JSON.stringify(problems));
  return compileBundle(bundle.source, bundle.hash);
}

describe('a change', () => {
  it.each<[what: string, from: string | null, to: string | null, words: string[]]>([
    ['of nothing', BASE, BASE, []],
    [
      'of a threshold',
      BASE,
      BASE.replace('<= 100,', '<= 900,'),
      ['payments.refund / small: when params.amount <= 100 → when params.amount <= 900'],
    ],
    [
      'to no person',
      BASE,
      BASE.replace(/then: supervise\n.*\n/, 'then: approve\n'),
      ['payments.refund / medium: a yes of 1 of group:finance within 4 hours → released at once'],
    ],
    [
      'to a person',
      BASE,
      BASE.replace(
        'then: refuse }',
        "then: supervise, approval: { stages: [{ name: a, approvers: ['user:cfo@acme.test'], quorum: 1 }], expires: 1h } }",
      ),
      ['payments.refund / large: refused → a yes of 1 of user:cfo@acme.test within 1 hour'],
    ],
    [
      'of who is asked',
      BASE,
      BASE.replace("['group:finance']", "['group:interns']"),
      [
        'payments.refund / medium: a yes of 1 of group:finance within 4 hours → a yes of 1 of group:interns within 4 hours',
      ],
    ],
    [
      'of how many',
      BASE,
      BASE.replace("['group:finance'] }", "['group:finance'], quorum: 2 }"),
      [
        'payments.refund / medium: a yes of 1 of group:finance within 4 hours → a yes of 2 of group:finance within 4 hours',
      ],
    ],
    [
      'of a detail',
      BASE,
      BASE.replace('expires: 4h', 'expires: 4h, reason: required'),
      ['payments.refund / medium: a yes of 1 of group:finance within 4 hours, in other details'],
    ],
    [
      'that takes a rule away',
      BASE,
      BASE.replace(/ {2}- \{ id: large.*\n/, ''),
      ['payments.refund / large: gone: it was refused, when true'],
    ],
    [
      'that adds a rule',
      BASE.replace(/ {2}- \{ id: large.*\n/, ''),
      BASE,
      ['payments.refund / large: new: refused, when true'],
    ],
    [
      'of what is disclosed',
      BASE,
      BASE.replace('disclose: [params.amount]', 'disclose: []'),
      ['payments.refund: disclose differ'],
    ],
    [
      'of surfaces',
      BASE,
      BASE.replace('surfaces: [payments.refund]', "surfaces: ['payments.*']"),
      ['payments.refund: surfaces differ'],
    ],
    [
      'of the order',
      BASE,
      BASE.replace(/( {2}- \{ id: small.*\n)([\s\S]*?)( {2}- \{ id: large)/, '$2$1$3'),
      ['payments.refund: its rules stand in another order'],
    ],
    [
      'that adds a policy',
      null,
      BASE.replace(/ {2}- id: medium[\s\S]*?4h \}\n/, ''),
      [
        'payments.refund / small: new: released at once, when params.amount <= 100',
        'payments.refund / large: new: refused, when true',
      ],
    ],
  ])('%s', (_what, from, to, words) => {
    expect(changesInWords(compiled(from), compiled(to))).toEqual(words);
  });
});

it('cases are named by file and name', () => {
  const text = readFileSync('policies/payments.refund.test.yaml', 'utf8');
  expect(caseNames([{ path: 'payments.refund.test.yaml', text }])).toContain(
    'payments.refund.test.yaml: 100 goes at once',
  );
});
