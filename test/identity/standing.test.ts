import { describe, expect, it } from 'vitest';
import type { Actor, ActionRequest, IdentityFact } from '../../src/contract/index.ts';
import {
  FIRST_KEY_SCOPE,
  identitiesOf,
  mayAsk,
  parseDirectory,
  spokenForBy,
  type Caller,
} from '../../src/identity/index.ts';

const NOW = Date.parse('2026-11-23T11:00:00Z');
const { directory, problems } = parseDirectory(
  'directory.yaml',
  `people:
  - { id: "user:lead@acme.test", name: Lee, roles: [approver], groups: [finance] }
  - { id: "user:gone@acme.test", name: Gus, active: false }
agents:
  - { id: "agent:bot", owner: "user:lead@acme.test", roles: [support], purpose: answers customers }
  - { id: "agent:orphan", owner: "user:gone@acme.test" }
  - { id: "agent:retired", owner: "user:lead@acme.test", active: false }
  - { id: "agent:brief", expires: "2026-11-23T11:00:00Z" }
  - { id: "agent:later", expires: "2026-11-23T12:00:01+01:00" }
services:
  - { id: "service:billing", surfaces: ["payments.*"], groups: [billing] }
`,
);
if (directory === null) throw new Error(JSON.stringify(problems));
const standing = { directory, now: NOW };

const first: Caller = { kind: 'key', id: 'key:1', tenant: 'default', ...FIRST_KEY_SCOPE };
const scoped: Caller = { ...first, id: 'key:2', actors: ['agent:x', 'agent:bot'], roles: ['support'], groups: [] };
const person: Caller = {
  ...{ kind: 'person', id: 'user:lead@acme.test', tenant: 'default', surfaces: ['**'] },
  ...{ actors: ['user:lead@acme.test'], roles: ['approver'], groups: ['finance'] },
};
const request = (actor: Actor, more: Partial<ActionRequest> = {}): ActionRequest => ({
  surface: 'payments.refund',
  action: 'refund.create',
  actor,
  ...more,
});
const agent = (id: string, more: Partial<Actor> = {}): Actor => ({ id, type: 'agent', ...more });
const user = (id: string, more: Partial<Actor> = {}): Actor => ({ id, type: 'user', ...more });

describe('what the directory contradicts is in conflict', () => {
  it.each<[string, ActionRequest]>([
    ['a person in other capitals', request(user('user:Lead@acme.test'))],
    [
      'a person in other capitals behind an agent',
      request(agent('agent:x', { onBehalfOf: user('user:LEAD@acme.test') })),
    ],
    [
      'a person in wide letters, four deep',
      request(
        agent('agent:x', {
          onBehalfOf: agent('agent:y', { onBehalfOf: agent('agent:z', { onBehalfOf: user('user:ｌead@acme.test') }) }),
        }),
      ),
    ],
    ['an agent in other capitals', request(agent('agent:Bot'))],
    ['somebody who left', request(agent('agent:x', { onBehalfOf: user('user:gone@acme.test') }))],
    ['an agent that was retired', request(agent('agent:retired'))],
    ['an agent that expired this very moment', request(agent('agent:brief'))],
    [
      'a service on a surface that it is not for',
      request({ id: 'service:billing', type: 'service' }, { surface: 'deploy.prod' }),
    ],
    ['a role that the agent does not have', request(agent('agent:bot', { roles: ['support', 'admin'] }))],
    ['a group that the service is not in', request({ id: 'service:billing', type: 'service', groups: ['finance'] })],
    [
      'a role that the person does not have',
      request(agent('agent:x', { onBehalfOf: user('user:lead@acme.test', { roles: ['cfo'] }) })),
    ],
    ['a person under an agent’s kind', request({ id: 'user:lead@acme.test', type: 'agent' })],
  ])('%s', (_, asked) => {
    expect(mayAsk(first, asked, standing)?.kind).toBe('actor');
  });

  it.each<[string, ActionRequest]>([
    ['an agent that it does not have', request(agent('agent:x', { roles: ['any'] }))],
    ['a person that it does not have', request(user('user:stranger@acme.test'))],
    ['an agent with its role', request(agent('agent:bot', { roles: ['support'] }))],
    ['an agent that expires a second later, in another zone', request(agent('agent:later'))],
    ['a service on its surface', request({ id: 'service:billing', type: 'service' })],
    ['an agent without an owner', request(agent('agent:orphan'))],
  ])('not %s', (_, asked) => {
    expect(mayAsk(first, asked, standing)).toBeNull();
  });

  it('a key speaks for no other spelling of its actor, known or not', () => {
    for (const id of ['agent:X', 'agent:Bot', 'agent:ｘ']) {
      expect(mayAsk(scoped, request(agent(id)))?.kind).toBe('actor');
    }
  });
});

describe('what is known of who asks', () => {
  const known = (caller: Caller, actor: Actor): IdentityFact[] => identitiesOf(caller, request(actor), directory);

  it.each<[string, Caller, Actor, Partial<IdentityFact>]>([
    [
      'a person: the directory’s roles',
      person,
      user('user:lead@acme.test'),
      { standing: 'directory', spokenFor: true, owner: null, roles: ['approver'], groups: ['finance'] },
    ],
    ['a stranger', first, user('user:x@acme.test'), { standing: 'unverified', spokenFor: true, owner: null }],
    [
      'an agent: the directory’s roles and owner',
      first,
      agent('agent:bot'),
      { standing: 'directory', owner: 'user:lead@acme.test', roles: ['support'], groups: ['*'] },
    ],
    ['an agent whose owner left: none', first, agent('agent:orphan'), { standing: 'directory', owner: null }],
    [
      'an agent that nobody lists: the first key vouches for any role',
      first,
      agent('agent:x', { roles: ['r'] }),
      { standing: 'unlisted', owner: null, roles: ['*'], groups: ['*'] },
    ],
    [
      'an agent that nobody lists: a key vouches for what it was made with',
      scoped,
      agent('agent:x', { roles: ['admin'], groups: ['g'] }),
      { standing: 'unlisted', roles: ['support'], groups: [] },
    ],
  ])('%s', (_, caller, actor, want) => {
    expect(known(caller, actor)[0]).toMatchObject({ id: actor.id, claimed: null, ...want });
  });

  it('whoever the credential may not speak for has no roles, however true', () => {
    const [, behind, further] = known(
      scoped,
      agent('agent:x', {
        onBehalfOf: user('user:lead@acme.test', {
          roles: ['approver'],
          onBehalfOf: agent('agent:other', { roles: ['support'] }),
        }),
      }),
    );
    expect(behind).toMatchObject({ standing: 'directory', spokenFor: false, roles: [], groups: [] });
    expect(further).toMatchObject({ standing: 'unlisted', spokenFor: false, roles: [], groups: [] });
  });
});

describe('in an emergency', () => {
  const context = { urgency: 'emergency' as const };
  const behind = request(agent('agent:x', { onBehalfOf: user('user:lead@acme.test') }), { context });
  it.each<[string, Caller, ActionRequest, string[] | null]>([
    [
      'a person speaks for themself',
      person,
      request(user('user:lead@acme.test'), { context }),
      ['user:lead@acme.test'],
    ],
    ['the first key speaks in nobody’s name', first, request(user('user:lead@acme.test'), { context }), []],
    ['nor for who stands behind its agent', first, behind, ['agent:x']],
    ['a key made for a person does', { ...scoped, actors: ['user:lead@acme.test'] }, behind, ['user:lead@acme.test']],
    ['and nothing is asked without one', first, request(user('user:lead@acme.test')), null],
  ])('%s', (_, caller, asked, want) => {
    expect(spokenForBy(caller, asked)).toEqual(want);
  });
});

describe('a directory', () => {
  const people = 'people:\n  - { id: "user:lead@acme.test", name: Lee }\n';
  it.each<[string, string, string]>([
    ['a person twice in two spellings', `${people}  - { id: "user:Lead@acme.test", name: L }\n`, 'people'],
    ['a person in wide letters', `${people}  - { id: "user:ｌead@acme.test", name: L }\n`, 'means the same'],
    [
      'two agents that differ by case',
      `${people}agents:\n  - { id: "agent:a" }\n  - { id: "agent:A" }\n`,
      'means the same',
    ],
    ['an agent twice', `${people}agents:\n  - { id: "agent:a" }\n  - { id: "agent:a" }\n`, 'means the same'],
    ['an owner whom nobody knows', `${people}agents:\n  - { id: "agent:a", owner: "user:x" }\n`, 'owner'],
    ['an owner who is an agent', `${people}agents:\n  - { id: "agent:a", owner: "agent:b" }\n`, 'person'],
    ['a person among the agents', `${people}agents:\n  - { id: "user:x" }\n`, 'agent'],
    ['an agent among the services', `${people}services:\n  - { id: "agent:x" }\n`, 'service'],
    ['a role called any', `${people}agents:\n  - { id: "agent:a", roles: ["*"] }\n`, 'names each role'],
    ['an id with a space', `people:\n  - { id: "user:Board of Directors", name: B }\n`, 'space'],
    ['an id that cannot be seen', `people:\n  - { id: "user:le\\u200bad", name: B }\n`, 'seen'],
    [
      'an end without an offset',
      `${people}agents:\n  - { id: "agent:a", expires: "2026-11-23T11:00:00" }\n`,
      'expires',
    ],
  ])('with %s does not load', (_, text, why) => {
    const parsed = parseDirectory('d.yaml', text);
    expect(parsed.directory).toBeNull();
    expect(parsed.problems.map(({ message }) => message).join()).toContain(why === 'people' ? 'means the same' : why);
  });
});
