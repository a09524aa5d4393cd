import { describe, expect, it } from 'vitest';
import type { ActionRequest, IdentityFact } from '../../src/contract/index.ts';
import { asVouched, evaluate, replayVerdict, runCases } from '../../src/policy/index.ts';
import { compiled, facts, policy, request } from './helpers.ts';

const known = (id: string, more: Partial<IdentityFact> = {}): IdentityFact => ({
  ...{ id, standing: 'unlisted', spokenFor: true, owner: null, roles: [], groups: [], claimed: null },
  ...more,
});

const bundle = compiled(
  policy(
    `- { id: for-support, when: '"support" in actor.roles', then: approve }
- { id: else, when: 'true', then: refuse }`,
  ),
);
const claiming = request({ actor: { id: 'agent:bot', type: 'agent', roles: ['support'], groups: ['emea'] } });
const ruleFor = (asked: ActionRequest, identities?: IdentityFact[]): string | null =>
  evaluate(bundle, asked, facts(identities === undefined ? {} : { identities })).verdict.rule;

describe('policy sees roles that somebody vouches for', () => {
  it.each<[string, IdentityFact[] | undefined, string | null]>([
    ['claimed, and vouched for by nobody', [known('agent:bot')], 'else'],
    ['claimed, where another one is vouched for', [known('agent:bot', { roles: ['reader'] })], 'else'],
    ['claimed and vouched for', [known('agent:bot', { roles: ['support'] })], 'for-support'],
    ['claimed, and the first key vouches for any', [known('agent:bot', { roles: ['*'] })], 'for-support'],
    ['as they came, in a verdict of before', undefined, 'for-support'],
  ])('%s', (_, identities, want) => {
    expect(ruleFor(claiming, identities)).toBe(want);
  });

  it('also those that were not claimed', () => {
    expect(ruleFor(request(), [known('agent:bot', { roles: ['support'] })])).toBe('for-support');
  });

  it('and facts about another chain judge nothing', () => {
    const { verdict } = evaluate(
      bundle,
      claiming,
      facts({ identities: [known('agent:other', { roles: ['support'] })] }),
    );
    expect(verdict).toMatchObject({ decision: 'refuse', basis: 'error' });
  });

  it('replays from what was sealed', () => {
    const sealed = facts({ identities: [known('agent:bot', { claimed: `sha256:${'0'.repeat(64)}` })] });
    const { verdict } = evaluate(bundle, claiming, sealed);
    expect(replayVerdict({ verdict, facts: sealed }, bundle, claiming)).toMatchObject({ same: true });
    const forged = facts({ identities: [known('agent:bot', { roles: ['support'] })] });
    expect(replayVerdict({ verdict, facts: forged }, bundle, claiming)).toMatchObject({ same: false });
  });

  it('at every depth', () => {
    const actor = { ...claiming.actor, onBehalfOf: { id: 'user:a', type: 'user' as const, roles: ['cfo'] } };
    const heard = asVouched(request({ actor }), {
      identities: [known('agent:bot'), known('user:a', { groups: ['board'] })],
    });
    expect(heard.actor).toEqual({
      ...{ id: 'agent:bot', type: 'agent', roles: [], groups: [] },
      onBehalfOf: { id: 'user:a', type: 'user', roles: [], groups: ['board'] },
    });
  });
});

describe('the owner of an agent', () => {
  const people = { 'group:finance': ['user:a', 'user:owner'] };
  const supervised = (more = '') =>
    compiled(
      policy(
        `- id: ask
  when: 'true'
  then: supervise
  approval: { stages: [{ name: one, approvers: ['group:finance'], quorum: 1 }], expires: 1h${more} }`,
      ),
    );
  const owned = facts({ people, identities: [known('agent:bot', { owner: 'user:owner' })] });

  it('is excluded like the actor', () => {
    const { plan } = evaluate(supervised(), request(), owned);
    expect(plan).toMatchObject({ excluded: ['agent:bot', 'user:owner'], stages: [{ approvers: ['user:a'] }] });
  });

  it('also of an agent further behind', () => {
    const actor = {
      id: 'service:s',
      type: 'service' as const,
      onBehalfOf: { id: 'agent:bot', type: 'agent' as const },
    };
    const identities = [known('service:s'), known('agent:bot', { owner: 'user:owner' })];
    const { plan } = evaluate(supervised(), request({ actor }), facts({ people, identities }));
    expect(plan?.excluded).toEqual(['service:s', 'agent:bot', 'user:owner']);
  });

  it('may be the only one who is asked, and then nobody could decide', () => {
    const only = facts({ ...owned, people: { 'group:finance': ['user:owner'] } });
    expect(evaluate(supervised(), request(), only).verdict).toMatchObject({ decision: 'refuse', basis: 'unclear' });
  });

  it.each<[string, string | null, string, string]>([
    ['one', 'user:owner', 'approve', 'rule'],
    ['none', null, 'refuse', 'unclear'],
  ])('is required by a policy that says so: %s', (_, owner, decision, basis) => {
    const on = compiled(policy(`- { id: all, when: 'true', then: approve }`, 'requires: [actor.owner]'));
    const { verdict } = evaluate(on, request(), facts({ identities: [known('agent:bot', { owner })] }));
    expect(verdict).toMatchObject({ decision, basis });
  });

  it('is a field of conditions, and of whom an agent acts for', () => {
    const on = compiled(policy(`- { id: mine, when: 'actor.onBehalfOf.owner == "user:owner"', then: approve }`));
    const actor = {
      id: 'service:s',
      type: 'service' as const,
      onBehalfOf: { id: 'agent:bot', type: 'agent' as const },
    };
    const identities = [known('service:s'), known('agent:bot', { owner: 'user:owner' })];
    expect(evaluate(on, request({ actor }), facts({ identities })).verdict.rule).toBe('mine');
  });

  it('is said in cases of a policy', () => {
    const text = `cases:
  - { name: owned, owner: 'user:jo', request: { surface: test.do, action: do, actor: { id: 'agent:a', type: agent } }, want: { decision: approve } }
  - { name: not, request: { surface: test.do, action: do, actor: { id: 'agent:a', type: agent } }, want: { decision: refuse, basis: unclear } }
`;
    const on = compiled(policy(`- { id: all, when: 'true', then: approve }`, 'requires: [actor.owner]'));
    const { results, problems } = runCases(on, [{ path: 'test.test.yaml', text }], () => []);
    expect(problems).toEqual([]);
    expect(results.map(({ pass, differences }) => [pass, differences])).toEqual([
      [true, []],
      [true, []],
    ]);
  });
});
