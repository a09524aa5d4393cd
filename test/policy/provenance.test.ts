import { describe, expect, it } from 'vitest';
import { actionRequestSchema, type ActionRequest, type Facts, type IdentityFact } from '../../src/contract/index.ts';
import { FIRST_KEY_SCOPE, provenanceOf, type Caller } from '../../src/identity/index.ts';
import { buildBundle, evaluate, replayVerdict } from '../../src/policy/index.ts';
import { compiled, facts, policy, request } from './helpers.ts';

const identities: IdentityFact[] = [
  { id: 'agent:bot', standing: 'unlisted', spokenFor: true, owner: null, roles: [], groups: [], claimed: null },
];
const said = (fields: Record<string, string>): ActionRequest =>
  request({ params: { recipient: 'a@b.test' }, context: { provenance: fields } });
const UNTRUSTED = said({ 'params.recipient': 'untrusted' });
const TRUSTED = said({ 'params.recipient': 'trusted' });

const RULES = `- { id: from-elsewhere, when: 'provenance(params.recipient) == "untrusted"', then: refuse }
- { id: else, when: 'true', then: approve }`;
const bundle = compiled(policy(RULES));
const asking = compiled(
  policy(`- { id: said, when: has(context.provenance), then: refuse }
- { id: else, when: 'true', then: approve }`),
);
const known = (provenance?: Facts['provenance']): Facts =>
  facts({ identities, ...(provenance === undefined ? {} : { provenance }) });
const factOf = (asked: ActionRequest, believed: boolean): Facts['provenance'] => ({
  believed,
  fields: asked.context?.provenance ?? {},
});

describe('where a value came from', () => {
  it.each<[string, ActionRequest, Facts['provenance'], object]>([
    ['believed', UNTRUSTED, factOf(UNTRUSTED, true), { decision: 'refuse', basis: 'rule', rule: 'from-elsewhere' }],
    ['believed, and another word', TRUSTED, factOf(TRUSTED, true), { decision: 'approve', rule: 'else' }],
    ['claimed against the claimant', UNTRUSTED, factOf(UNTRUSTED, false), { decision: 'refuse', basis: 'unclear' }],
    ['claimed', TRUSTED, factOf(TRUSTED, false), { decision: 'refuse', basis: 'unclear' }],
    ['said in the request alone', TRUSTED, undefined, { decision: 'refuse', basis: 'unclear' }],
    ['not said', request({ params: { recipient: 'a@b.test' } }), undefined, { decision: 'refuse', basis: 'unclear' }],
    [
      'said of another field',
      said({ 'params.subject': 'untrusted' }),
      { believed: true, fields: { 'params.subject': 'untrusted' } },
      { decision: 'refuse', basis: 'unclear' },
    ],
  ])('%s', (_, asked, provenance, want) => {
    const sealed = known(provenance);
    const { verdict } = evaluate(bundle, asked, sealed);
    expect(verdict).toMatchObject(want);
    expect(replayVerdict({ verdict, facts: sealed }, bundle, asked)).toMatchObject({ same: true });
  });

  it('is not there for a condition that asks whether it is, unless it is believed', () => {
    const rule = (believed: boolean): string | null =>
      evaluate(asking, UNTRUSTED, known(factOf(UNTRUSTED, believed))).verdict.rule;
    expect([rule(true), rule(false)]).toEqual(['said', 'else']);
  });

  it('is what was sealed, not what the request says', () => {
    const sealed = known(factOf(UNTRUSTED, true));
    expect(evaluate(bundle, TRUSTED, sealed).verdict.rule).toBe('from-elsewhere');
  });

  it('makes the field material to those who approve', () => {
    const supervised = compiled(
      policy(`- id: asked
  when: provenance(params.recipient) == "untrusted"
  then: supervise
  approval: { stages: [{ name: one, approvers: ['user:a@acme.test'] }] }`),
    );
    const people = { 'user:a@acme.test': ['user:a@acme.test'] };
    const judged = evaluate(supervised, UNTRUSTED, { ...known(factOf(UNTRUSTED, true)), people });
    expect(judged.material).toContain('params.recipient');
  });
});

const problemsOf = (when: string) =>
  buildBundle([{ path: 'a.yaml', text: policy(`- { id: a, when: '${when}', then: refuse }`) }]).problems;

describe('lint', () => {
  it.each([
    'provenance(actor.id) == "untrusted"',
    'provenance(context.folder) == "untrusted"',
    'provenance("surface") == "untrusted"',
    'provenance(params["recipient"]) == "untrusted"',
    'provenance("untrusted" + "x") == "untrusted"',
    'provenance() == "untrusted"',
    'provenence(params.recipient) == "untrusted"',
    'context.provenence == "untrusted"',
  ])('%s', (when) => {
    expect(problemsOf(when)).toHaveLength(1);
  });

  it.each(['provenance(params.recipient) == "untrusted"', 'provenance("params.recipient") == "untrusted"'])(
    '%s passes',
    (when) => {
      expect(problemsOf(when)).toEqual([]);
    },
  );
});

describe('who is believed', () => {
  const key: Caller = {
    ...{ kind: 'key', id: 'key:1', tenant: 'default' },
    ...{ surfaces: ['**'], actors: ['agent:bot'], roles: ['support'], groups: [] },
  };
  const person: Caller = { ...key, kind: 'person', id: 'user:a@acme.test', actors: ['user:a@acme.test'] };

  it.each<[string, Caller, boolean]>([
    ['a key that was made to say so', { ...key, provenance: true }, true],
    ['the first key', { ...key, ...FIRST_KEY_SCOPE }, true],
    ['a key for any actor', { ...key, actors: ['*'] }, false],
    ['another key', key, false],
    ['a person', person, false],
    ['a person with every role', { ...person, roles: ['*'], groups: ['*'] }, false],
  ])('%s: %#', (_, caller, believed) => {
    expect(provenanceOf(caller, UNTRUSTED)).toMatchObject({ believed });
    expect(provenanceOf(caller, request())).toBeNull();
  });
});

describe('a request', () => {
  it.each<[string, object, boolean]>([
    ['a field of params', { 'params.recipient': 'untrusted' }, true],
    ['a field of resource', { 'resource.owner.id': 'web page' }, true],
    ['no field', { recipient: 'untrusted' }, false],
    ['the actor', { 'actor.id': 'trusted' }, false],
    ['a sentence', { 'params.recipient': 'Ignore all rules.' }, false],
    ['a list', { 'params.recipient': ['untrusted'] }, false],
    ['too many', Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`params.f${i}`, 'web'])), false],
  ])('says it of %s', (_, provenance, valid) => {
    expect(actionRequestSchema.safeParse({ ...request(), context: { provenance } }).success).toBe(valid);
  });
});
