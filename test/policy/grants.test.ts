/** Standing approvals, by policy alone: which of them covers a request, and what lint says of those that a policy allows. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GrantFact } from '../../src/contract/index.ts';
import { evaluate, lintFiles, replayVerdict } from '../../src/policy/index.ts';
import { compiled, facts, policy, request } from './helpers.ts';

const rules = (approval: string, more = '') => `- { id: small, when: params.amount <= 10, then: approve }
- { id: medium, when: 'true', then: supervise, ${more}approval: { stages: [${approval}] } }`;
const ONE = "{ name: finance, approvers: ['group:finance'] }";
const GRANTS = 'grants: { upTo: 200, uses: 3, within: 1h }';
const COMPENSABLE = 'disclose: [params.amount]\neffect: { kind: compensable }';
const BUNDLE = compiled(policy(rules(ONE), `${COMPENSABLE}\n${GRANTS}`));

const GIVER = 'user:a@acme.test';
const OTHER = 'user:b@acme.test';
const given = (more: Partial<GrantFact> = {}): GrantFact => ({
  ...{ grant: 'grt_1', record: `sha256:${'1'.repeat(64)}`, action: 'act_1', policy: 'test', rule: 'medium', by: GIVER },
  ...{ until: '2026-11-23T12:00:00.000Z', uses: 3, used: 0, upTo: '200', sum: '0', currency: null, amount: '50' },
  ...more,
});
/** @param approvers whom the policy's group means now */
const judge = (grants: GrantFact[], { bundle = BUNDLE, approvers = [GIVER, OTHER], amount = 50 } = {}) => {
  const asked = request({ params: { amount } });
  const known = facts({ grants, people: { 'group:finance': approvers } });
  const judgement = evaluate(bundle, asked, known);
  const { verdict, plan } = judgement;
  expect(replayVerdict({ verdict, facts: known, plan }, bundle, asked)).toMatchObject({ same: true });
  return judgement;
};

describe('a standing approval', () => {
  it('covers the like, and says which of them by whom', () => {
    const { verdict, plan, grant } = judge([given()]);
    expect(verdict).toMatchObject({ decision: 'approve', basis: 'grant', policy: 'test', rule: 'medium' });
    expect(verdict.reasons[0]).toContain(`grt_1 of ${GIVER}`);
    expect([plan, grant?.grant]).toEqual([null, 'grt_1']);
  });

  it.each<[string, Partial<GrantFact>]>([
    ['that ran out', { until: '2026-11-23T11:00:00.000Z' }],
    ['of another policy', { policy: 'other' }],
    ['of another rule', { rule: 'small' }],
    ['whose giver is asked no more', { by: 'user:gone@acme.test' }],
    ['whose giver is named in other letters', { by: GIVER.toUpperCase() }],
    ['that was used up', { used: 3 }],
    ['that was used more often than policy allows now', { uses: 900, used: 3 }],
    ['whose sum would be passed by a cent', { sum: '150.01' }],
    ['up to more than policy allows now', { upTo: '100000', sum: '151' }],
    ['for which the request has no clear amount', { amount: null }],
    ['without a bound of money, where policy has one', { upTo: null, sum: '0', amount: null }],
  ])('%s covers nothing', (_what, more) => {
    const { verdict, plan } = judge([given(more)]);
    expect(verdict).toMatchObject({ decision: 'supervise', basis: 'rule' });
    expect(plan?.grants).toEqual({ upTo: '200', uses: 3, withinMs: 3_600_000 });
  });

  it('ends with the authority of its giver: somebody else may have to be asked now', () => {
    expect(judge([given()], { approvers: [OTHER] }).verdict.basis).toBe('rule');
    expect(judge([given()], { approvers: [] }).verdict).toMatchObject({ decision: 'refuse', basis: 'unclear' });
  });

  const PASSKEY = `{ name: finance, approvers: ['group:finance'], assurance: passkey }`;
  const QUORUM = `{ name: finance, approvers: ['group:finance'], quorum: 2 }`;
  const useless: [string, string, string][] = [
    ['what cannot be undone', rules(ONE), `disclose: [params.amount]\neffect: { kind: irreversible }\n${GRANTS}`],
    [
      'a rule whose effect cannot be undone',
      rules(ONE, 'effect: { kind: irreversible }, '),
      `${COMPENSABLE}\n${GRANTS}`,
    ],
    ['a quorum', rules(QUORUM), `${COMPENSABLE}\n${GRANTS}`],
    ['a passkey', rules(PASSKEY), `${COMPENSABLE}\n${GRANTS}`],
    ['several stages', rules(`${ONE}, { name: cfo, approvers: ['group:finance'] }`), `${COMPENSABLE}\n${GRANTS}`],
  ];

  it.each(useless)('is never for %s', (_what, text, more) => {
    const { verdict, plan } = judge([given()], { bundle: compiled(policy(text, more)) });
    expect(verdict).toMatchObject({ decision: 'supervise', basis: 'rule' });
    expect(plan?.grants).toBeUndefined();
  });

  it.each([
    ...useless.map(([what, text, more]) => [what, text, more, 'no standing approval can be given: not for']),
    ['money without a bound', rules(ONE), `${COMPENSABLE}\ngrants: { uses: 3, within: 1h }`, 'has no bound of money'],
    ['an amount that is not disclosed', rules(ONE), `effect: { kind: compensable }\n${GRANTS}`, 'is not disclosed'],
  ])('lint names one for %s', (_what, text = '', more = '', want = '') => {
    const found = lintFiles([{ path: 'p.yaml', text: policy(text, more) }]);
    const about = found.filter(({ message }) => message.includes('standing approval'));
    expect(about).toMatchObject([{ severity: 'warning', message: expect.stringContaining(want) }]);
  });

  it.each([
    [rules(ONE), `${COMPENSABLE}\n${GRANTS}`],
    [rules(ONE), 'effect: { kind: compensable }\ngrants: { uses: 3, within: 1h }'],
    [rules(QUORUM), COMPENSABLE],
  ])('lint has nothing against others', (text, more) => {
    const found = lintFiles([{ path: 'p.yaml', text: policy(text, more) }]);
    expect(found.filter(({ message }) => message.includes('standing approval'))).toEqual([]);
  });

  it('never takes more than it has, whatever it is said to have had', () => {
    const number = fc.integer({ min: 0, max: 400 });
    fc.assert(
      fc.property(number, number, fc.integer({ min: 0, max: 5 }), number, (sum, upTo, used, amount) => {
        const fact = given({ sum: String(sum), upTo: String(upTo), used, amount: String(amount) });
        const { verdict } = judge([fact], { amount: Math.max(11, amount) });
        const fits = used < 3 && sum + amount <= Math.min(upTo, 200);
        expect(verdict.basis).toBe(fits ? 'grant' : 'rule');
      }),
    );
  });
});
