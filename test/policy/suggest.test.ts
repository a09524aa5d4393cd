import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  backtest,
  buildBundle,
  compileBundle,
  evaluate,
  lintFiles,
  runCases,
  suggest,
  type CompiledBundle,
  type DecidedCase,
  type PolicyFile,
  type Suggestion,
} from '../../src/policy/index.ts';

const PEOPLE = { 'group:finance': ['user:a@acme.test'] };
const resolve = (ref: string): string[] => (ref === 'group:finance' ? ['user:a@acme.test'] : []);
const file = (more = '', stage = ''): PolicyFile => ({
  path: 'payments.yaml',
  text: `policy: payments
surfaces: [payments.refund]
requires: [params.amount]
rules:
  - id: small
    when: params.amount <= 10
    then: approve
  - id: medium
    when: params.amount <= 1000
    then: supervise
    approval: { stages: [{ name: finance, approvers: ['group:finance']${stage} }] }
  - id: large
    when: 'true'
    then: refuse
disclose: [params.amount, params.currency, params.shop]
${more}`,
});
const cases: PolicyFile = {
  path: 'payments.test.yaml',
  text: `given:
  request: { surface: payments.refund, action: refund.create, actor: { id: 'agent:bot', type: agent } }
cases:
  - name: small
    request: { params: { amount: 5, currency: USD } }
    want: { decision: approve, rule: small }
`,
};
const compile = (files: readonly PolicyFile[]): CompiledBundle | null => {
  const { bundle } = buildBundle(files);
  return bundle === null ? null : compileBundle(bundle.source, bundle.hash);
};

let serial = 0;
interface Asked {
  amount: number;
  decided: DecidedCase['decided'];
  shop?: string;
  secret?: string;
  actor?: string;
  minute?: number;
}
function asked(
  files: readonly PolicyFile[],
  { amount, decided, shop = 'one', secret, actor = 'agent:bot', minute = 0 }: Asked,
) {
  const bundle = compile(files);
  if (bundle === null) throw new Error('the files do not build');
  const request = {
    ...{ surface: 'payments.refund', action: 'refund.create', actor: { id: actor, type: 'agent' as const } },
    params: { amount, currency: 'USD', shop, ...(secret === undefined ? {} : { secret }) },
  };
  const now = new Date(Date.UTC(2026, 10, 2, 9) + minute * 60_000).toISOString();
  const facts = { now, limits: [], people: PEOPLE, conflict: null };
  serial += 1;
  return { name: `act_${String(serial)}`, request, facts, verdict: evaluate(bundle, request, facts).verdict, decided };
}
const found = (files: readonly PolicyFile[], history: DecidedCase[], more: { through?: number; least?: number } = {}) =>
  suggest(files, history, { through: 0, least: 5, resolve, compile, ...more });
const approvedUpTo = (files: readonly PolicyFile[], amounts: number[], more: Partial<Asked> = {}): DecidedCase[] =>
  amounts.map((amount) => asked(files, { amount, decided: 'approved', ...more }));

/** The files as a suggestion leaves them. */
const after = (files: readonly PolicyFile[], { files: changed }: Suggestion): PolicyFile[] => [
  ...files.filter(({ path }) => !changed.some((one) => one.path === path)),
  ...changed,
];

describe('a rule', () => {
  it('approves what people approved, up to the first amount that they refused', () => {
    const files = [file(), cases];
    const history = [
      ...approvedUpTo(files, [20, 30, 50, 80, 120, 200]),
      asked(files, { amount: 300, decided: 'refused' }),
      ...approvedUpTo(files, [400]),
    ];
    const [best] = found(files, history);
    expect(best).toMatchObject({ kind: 'rule', policy: 'payments', rule: 'medium', fewer: 6, through: 0 });
    expect(best?.diff).toContain('params.amount <= 200');
    expect(best?.diff).toMatch(/^--- a\/payments\.yaml\n\+\+\+ b\/payments\.yaml\n@@ -\d+,\d+ \+\d+,\d+ @@\n/);
  });

  it('lets through what people refused only where somebody says so', () => {
    const files = [file(), cases];
    const history = [
      ...approvedUpTo(files, [20, 30, 50, 80]),
      asked(files, { amount: 60, decided: 'refused' }),
      ...approvedUpTo(files, [90, 100]),
    ];
    expect(found(files, history)).toEqual([]);
    expect(found(files, history, { through: 1 })[0]).toMatchObject({ fewer: 6, through: 1 });
  });

  it('goes by another field where the amount alone does not tell them apart', () => {
    const files = [file(), cases];
    const history = [
      ...approvedUpTo(files, [20, 40, 60, 80, 100, 120], { shop: 'trusted' }),
      ...[25, 45].map((amount) => asked(files, { amount, decided: 'refused', shop: 'odd' })),
    ];
    const [best] = found(files, history);
    expect(best).toMatchObject({ fewer: 6, through: 0 });
    expect(best?.diff).toContain('params.shop == \\"trusted\\"');
  });

  it.each<[string, PolicyFile, Partial<Asked>[]]>([
    ['for what cannot be undone', file('effect: { kind: irreversible }'), []],
    ['where several people are wanted', file('', ', quorum: 2'), []],
    ['where a passkey is wanted', file('', ', assurance: passkey'), []],
  ])('is not suggested %s', (_, policy) => {
    const files = [policy, cases];
    const people = { ...PEOPLE, 'group:finance': ['user:a@acme.test', 'user:b@acme.test'] };
    const bundle = compile(files);
    if (bundle === null) throw new Error('the files do not build');
    const history = approvedUpTo(files, [20, 30, 40, 50, 60, 70]).map((one): DecidedCase => {
      const facts = { ...one.facts, people };
      return { ...one, facts, verdict: evaluate(bundle, one.request, facts).verdict };
    });
    expect(history.every(({ verdict }) => verdict.decision === 'supervise')).toBe(true);
    expect(found(files, history)).toEqual([]);
  });

  it('is not suggested for a few, and says nothing that policy does not disclose', () => {
    const files = [file(), cases];
    expect(found(files, approvedUpTo(files, [20, 30, 40, 50]))).toEqual([]);
    const history = approvedUpTo(files, [20, 30, 40, 50, 60], { secret: 'hunter2' });
    expect(JSON.stringify(found(files, history))).not.toContain('hunter2');
  });
});

describe('a grant', () => {
  const minutes = (decided: Asked['decided'], at: number[]): Asked[] =>
    at.map((minute) => ({ amount: 50, decided, minute }));

  it('is suggested where one yes could have stood for the like within hours', () => {
    const files = [file('effect: { kind: compensable }'), cases];
    // Refused at the smallest amount, so that no rule tells them apart.
    const early = asked(files, { amount: 11, decided: 'refused', minute: -6000 });
    const history = [early, ...minutes('approved', [0, 5, 10, 15, 20, 25, 30]).map((one) => asked(files, one))];
    const grant = found(files, history).find(({ kind }) => kind === 'grant');
    expect(grant).toMatchObject({ fewer: 6, through: 0, rule: 'medium' });
    expect(grant?.diff).toContain('+grants: { upTo: "300", uses: 20, within: 1h }');
  });

  it.each<[string, string, Asked[]]>([
    ['somebody refused the like meanwhile', 'effect: { kind: compensable }', minutes('refused', [12])],
    ['policy says nothing of the effect', '', []],
    ['policy has grants', 'effect: { kind: compensable }\ngrants: { uses: 3, within: 1h }', []],
  ])('is not suggested where %s', (_, more, others) => {
    const files = [file(more), cases];
    const all = [...minutes('approved', [0, 5, 10, 15, 20, 25]), ...others];
    const history = all.map((one) => asked(files, one));
    expect(found(files, history).filter(({ kind }) => kind === 'grant')).toEqual([]);
  });
});

describe('every suggestion', () => {
  const decided = fc.constantFrom<DecidedCase['decided']>('approved', 'approved', 'approved', 'refused', null);
  const request = fc.record({
    amount: fc.integer({ min: 11, max: 60 }).map((n) => n * 10),
    decided,
    shop: fc.constantFrom('one', 'two', 'three'),
    minute: fc.integer({ min: 0, max: 2000 }),
  });

  it('builds, passes lint and its own cases, saves what it says, and lets nobody’s no through', () => {
    fc.assert(
      fc.property(fc.array(request, { minLength: 8, maxLength: 16 }), (requests) => {
        const files = [file('effect: { kind: compensable }'), cases];
        const history = requests.map((one) => asked(files, one));
        for (const suggestion of found(files, history)) {
          const changed = after(files, suggestion);
          const bundle = compile(changed);
          if (bundle === null) throw new Error('the suggestion does not build');
          expect(suggestion.through).toBe(0);
          expect(lintFiles(changed, { resolve }).filter(({ severity }) => severity === 'error')).toEqual([]);
          expect(runCases(bundle, changed, resolve).results.filter(({ pass }) => !pass)).toEqual([]);
          if (suggestion.kind === 'grant') continue;
          const released = backtest(bundle, history, resolve).changed.map(({ name }) => name);
          const said = history.filter(({ name }) => released.includes(name)).map((one) => one.decided);
          expect(said).not.toContain('refused');
          expect(said.filter((one) => one === 'approved')).toHaveLength(suggestion.fewer);
        }
      }),
      { numRuns: 6 },
    );
  });
});
