/** Questions of AuthZEN become requests as policies say, and nothing is guessed. */
import { describe, expect, it } from 'vitest';
import { buildBundle, mapEvaluation } from '../../src/policy/index.ts';
import { compiled, policy } from './helpers.ts';

const RULES = "- { id: all, when: 'true', then: approve }";
const mapping = (text: string, name = 'test'): string => policy(RULES, `authzen: ${text}`).replaceAll('test', name);
const question = {
  subject: { type: 'agent', id: 'bot', properties: { role: 'clerk', teams: ['emea'], for: 'user:jo@acme.test' } },
  action: { name: 'pay', properties: { amount: 5, currency: 'EUR' } },
  resource: { type: 'bill', id: 'b-1', properties: { version: '3', status: 'open', id: 'not this' } },
  context: { environment: 'production', ip: '10.0.0.1' },
};

describe('by default', () => {
  it('the subject is the actor, the action’s properties the params, and known context goes along', () => {
    expect(mapEvaluation(compiled(mapping('{ resource: bill, action: pay }')), question)).toEqual({
      request: {
        surface: 'test.do',
        action: 'pay',
        actor: { id: 'agent:bot', type: 'agent' },
        resource: { type: 'bill', id: 'b-1', version: '3', status: 'open' },
        params: { amount: 5, currency: 'EUR' },
        context: { environment: 'production' },
      },
    });
  });

  it('an id that says its kind stays as it is', () => {
    const named = { ...question, subject: { type: 'agent', id: 'agent:bot' } };
    expect(mapEvaluation(compiled(mapping('{ resource: bill, action: pay }')), named)).toMatchObject({
      request: { actor: { id: 'agent:bot' } },
    });
  });
});

it('a policy names verbs, kinds of subjects, and where other fields come from', () => {
  const text = `
  - resource: bill
    action: [pay, refund]
    as: bill.pay
    subjects: { agent: service }
    fields:
      actor.roles: subject.properties.role
      actor.groups: subject.properties.teams
      actor.onBehalfOf: subject.properties.for
      params.ip: context.ip
      params.absent: context.absent
      context.folder: action.name`;
  expect(mapEvaluation(compiled(mapping(text)), question)).toEqual({
    request: {
      surface: 'test.do',
      action: 'bill.pay',
      actor: {
        id: 'service:bot',
        type: 'service',
        roles: ['clerk'],
        groups: ['emea'],
        onBehalfOf: { id: 'user:jo@acme.test', type: 'user' },
      },
      resource: { type: 'bill', id: 'b-1', version: '3', status: 'open' },
      params: { amount: 5, currency: 'EUR', ip: '10.0.0.1' },
      context: { environment: 'production', folder: 'pay' },
    },
  });
});

describe('it is unclear', () => {
  it.each([
    ['no policy maps it', [mapping('{ resource: order, action: pay }')]],
    ['no policy maps anything', [policy(RULES)]],
    ['the kind of subject is not mapped', [mapping('{ resource: bill, action: pay, subjects: { robot: agent } }')]],
    [
      'two policies map it otherwise',
      [mapping('{ resource: bill, action: pay }'), mapping('{ resource: bill, action: pay }', 'other')],
    ],
  ])('%s', (_name, texts) => {
    expect(mapEvaluation(compiled(...texts), question)).toHaveProperty('unclear');
  });

  it('not where two mappings say the same', () => {
    const twice = '[{ resource: bill, action: pay }, { resource: bill, action: [pay] }]';
    expect(mapEvaluation(compiled(mapping(twice)), question)).toHaveProperty('request');
  });
});

it.each([
  ['a surface that the policy does not cover', 'surface: other.do', '[test.do]', 'does not cover'],
  ['no surface where there are several', 'as: x', '[test.do, test.undo]', 'which of the surfaces'],
  ['no surface beside a glob', 'as: x', '["test.*"]', 'which of the surfaces'],
  ['a source that is none', 'fields: { params.a: actor.id }', '[test.do]', 'params.a'],
  ['a target that nobody may set', 'fields: { actor.id: subject.id }', '[test.do]', 'actor.id'],
])('%s does not build', (_name, more, surfaces, words) => {
  const text = mapping(`{ resource: bill, action: pay, ${more} }`).replace(
    'surfaces: [test.do]',
    `surfaces: ${surfaces}`,
  );
  const { bundle, problems } = buildBundle([{ path: 'p.yaml', text }]);
  expect(bundle).toBeNull();
  expect(problems.map(({ message }) => message).join()).toContain(words);
});
