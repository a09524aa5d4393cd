/** When two requests are one effect, by policy alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActionRequest, RefusalFact } from '../../src/contract/index.ts';
import { asVouched, compileBundle, evaluate, buildBundle, replayVerdict } from '../../src/policy/index.ts';
import { samenessIn, spelling } from '../../src/policy/index.ts';
import { compiled, facts, policy, request, shippedFiles } from './helpers.ts';

describe('a spelling', () => {
  it.each([
    ['ord_991', 'ORD-991'],
    ['ord_991', ' ord  991 '],
    ['ord_991', 'ord991'],
    ['ord_991', 'ord_00991'],
    ['ord_991', 'ord%5F991'],
    ['ord_991', 'ｏｒｄ＿９９１'],
    ['ord_991', 'оrd_991'],
    ['ord_991', 'ord​_991'],
    ['ord_7001', 'ord_7001.'],
    ['ord_7001', '#ord_7001/'],
    ['ord_7001', 'ord_7,001'],
    ['ord_7001', 'ord_7’001'],
    ['ord_7001', 'ord_٧٠٠١'],
    ['ord_7001', 'ord_७००१'],
    ['ord_7001', 'ord_𝟕𝟎𝟎𝟏'],
    ['ord_7001', 'ord%255f7001'],
    ['ord_7001', 'ᴏʀᴅ_7001'],
    ['ord_7001', 'օrd_7001'],
    ['ord_7001', 'ᎾRᎠ_7001'],
    ['ord_7001', 'Ørđ_7001'],
    ['ord_7001', 'ord\u00ad_7001\u202e'],
    ['Müller & Söhne', 'MULLER  SOHNE'],
    ['straße 7', 'STRASSE 7'],
  ])('%j is %j', (a, b) => {
    expect(spelling(b)).toBe(spelling(a));
  });

  it.each([
    ['ord_991', 'ord_992'],
    ['a-1-23', 'a-12-3'],
    ['a-1,23', 'a-123'],
    ['1,2345', '12345'],
    ['٧', '٨'],
    ['ab-1', 'a-b-1'],
    ['100', '1000'],
    ['%E0%A4', '%E0%A5'],
    ['🙂', '🙁'],
  ])('%j is not %j', (a, b) => {
    expect(spelling(b)).not.toBe(spelling(a));
  });

  it('is spelled as itself', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => spelling(spelling(text)) === spelling(text)));
  });
});

const RULES = `- { id: small, when: params.amount <= 100, then: approve }
- id: medium
  when: 'true'
  then: supervise
  approval: { stages: [{ name: lead, approvers: ['user:lead@acme.test'] }] }`;
const people = { 'user:lead@acme.test': ['user:lead@acme.test'], 'user:boss@acme.test': ['user:boss@acme.test'] };
const standing = (more: Partial<RefusalFact> = {}): RefusalFact => ({
  ...{ policy: 'test', action: 'act_1', record: `sha256:${'1'.repeat(64)}`, by: 'user:lead@acme.test' },
  ...{ at: '2026-11-23T10:00:00.000Z', until: '2026-11-24T10:00:00.000Z', reason: 'no' },
  ...more,
});

describe('a verdict while a human’s no stands', () => {
  const bundle = compiled(policy(RULES, 'refusalStands: ask'));
  const judge = (amount: number, refusals: RefusalFact[]) => {
    const asked = request({ params: { amount } });
    const known = facts({ refusals, people });
    const judgement = evaluate(bundle, asked, known);
    const { verdict, plan } = judgement;
    expect(replayVerdict({ verdict, facts: known, plan }, bundle, asked)).toMatchObject({ same: true });
    return judgement;
  };

  it.each([5, 500])('refuses %d, whatever rule would have spoken', (amount) => {
    expect(judge(amount, [standing()]).verdict).toMatchObject({ decision: 'refuse', basis: 'refused_before' });
  });

  it('asks the same people again first, where policy says so', () => {
    const of = (amount: number, ask: string[]) =>
      judge(amount, [standing({ ask })]).plan?.stages.map(({ approvers }) => approvers);
    expect(of(5, ['user:boss@acme.test'])).toEqual([['user:boss@acme.test']]);
    expect(of(500, ['user:lead@acme.test'])).toEqual([['user:lead@acme.test']]);
    expect(of(500, ['user:boss@acme.test'])).toEqual([['user:boss@acme.test'], ['user:lead@acme.test']]);
  });

  it.each<[string, RefusalFact['differs'], RegExp]>([
    [
      'the no first, and what differs',
      [{ label: 'amount', was: '120', now: '99' }],
      /^user:lead@acme.test refused .*: “no”, so the same people look first \(now amount 99 instead of 120\); /,
    ],
    ['that nothing does', [], /first \(now as it was then, in all that policy discloses\); /],
    [
      'nothing of it where it was not looked at',
      undefined,
      /; user:lead@acme.test refused .*: “no”, so the same people look first$/,
    ],
  ])('tells them %s', (_what, differs, want) => {
    const ask = ['user:boss@acme.test'];
    expect(judge(5, [standing({ ask, ...(differs && { differs }) })]).verdict.reasons[0]).toMatch(want);
  });

  it('refuses where nobody of them is left to ask', () => {
    expect(judge(5, [standing({ ask: ['user:gone@acme.test'] })]).verdict).toMatchObject({
      ...{ decision: 'refuse', basis: 'unclear' },
    });
  });

  it('says nothing under another policy', () => {
    expect(judge(5, [standing({ policy: 'other' })]).verdict).toMatchObject({ decision: 'approve' });
  });
});

describe('fields that make two requests one effect', () => {
  const keyOf = (more: string, change: Partial<ActionRequest>) => {
    const [same] = samenessIn(compiled(policy(RULES, more)), asVouched(request(change), {}));
    return same;
  };
  const order = (id: string, more: object = {}) => ({ resource: { type: 'order', id, ...more } });

  it('are those that policy names, in any order of a list', () => {
    const named = 'effect: { same: [params.to] }';
    const key = (to: string[], note: string) => keyOf(named, { params: { to, note } })?.key;
    expect(key(['b@x.test', 'a@x.test'], 'one')).toBe(key(['A@x.test', 'b@x.test'], 'two'));
    expect(key(['b@x.test'], 'one')).not.toBe(key(['a@x.test'], 'one'));
    expect(keyOf(named, { params: { to: ['a'] } })).toMatchObject({ who: null, amount: null });
    expect(keyOf('effect: { same: [actor, params.to] }', { params: { to: ['a'] } })?.who).toEqual(['agent:bot']);
  });

  it('are else surface, action, resource and human, and a made-up field makes no difference', () => {
    const key = (change: Partial<ActionRequest>) => keyOf('', change)?.key;
    expect(key(order('ord_1', { colour: 'red' }))).toBe(key(order('ord_1', { version: 'etag-2' })));
    expect(key({ ...order('ord_1'), action: 'redo' })).not.toBe(key(order('ord_1')));
    expect(key({ params: { amount: 1, to: 'a' } })).toBe(key({ params: { amount: 2, to: 'a' } }));
    expect(key({ params: { amount: 1, to: 'a' } })).not.toBe(key({ params: { amount: 1, to: 'b' } }));
  });

  it('are asked of no policy that lets no refusal stand', () => {
    expect(keyOf('refusalStands: 0', order('ord_1'))).toBeUndefined();
  });
});

it('1,000 ordinary requests to the shipped policies are each an effect of their own', () => {
  const { bundle } = buildBundle(shippedFiles());
  if (bundle === null) throw new Error('the shipped policies do not build');
  const shipped = compileBundle(bundle.source, bundle.hash);
  const agent = (n: number) => ({ id: `agent:desk-${n % 7}`, type: 'agent' as const });
  const kinds: ((n: number) => Partial<ActionRequest>)[] = [
    (n) => ({ surface: 'payments.refund', resource: { type: 'order', id: `ord_${n}` }, params: { amount: 420.5 } }),
    (n) => ({ surface: 'payments.goodwill', resource: { type: 'customer', id: `cus_${n}` }, params: { amount: 700 } }),
    (n) => ({ surface: 'email.send', params: { recipients: [`p${n}@partner.test`], subject: 'Your order' } }),
    (n) => ({ surface: 'crm.update', resource: { id: `acc-${n}` }, params: { field: 'discount', percent: 20 } }),
    (n) => ({ surface: 'deploy.prod', resource: { service: 'shop' }, params: { version: `1.${n}.0` } }),
    (n) => ({ surface: 'access.grant', resource: { person: `user:p${n}@acme.test` }, params: { role: 'admin-crm' } }),
    (n) => ({ surface: 'court.filing', context: { matter: `M-${n}` }, params: { document: 'reply' } }),
    (n) => ({ surface: 'git.push', resource: { repository: 'shop', branch: `release/1.${n}` } }),
  ];
  const keys = Array.from({ length: 1000 }, (_, n) => {
    const asked = request({ actor: agent(n), action: 'do', ...kinds[n % kinds.length]?.(n) });
    return samenessIn(shipped, asVouched(asked, {})).map(({ key }) => key);
  }).flat();
  expect(keys).toHaveLength(1000);
  expect(new Set(keys).size).toBe(1000);
});
