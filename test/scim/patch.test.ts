/** What Entra ID and Okta really send, by their documents and by what is known of them, and what becomes of it. */
import { describe, expect, it } from 'vitest';
import {
  listOf,
  patchGroup,
  patchUser,
  readGroup,
  readUser,
  userResource,
  type KeptGroup,
  type ScimUser,
  type StoredGroup,
  type StoredUser,
} from '../../src/scim/index.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const at = '2026-11-27T03:00:00.000Z';
const stored = { id: 'u1', seq: 0, createdAt: at, changedAt: at };
const jo: StoredUser = {
  ...stored,
  ...{ userName: 'jo@acme.test', externalId: 'ext-1', name: 'Jo Doe', email: 'jo@acme.test' },
  ...{ roles: [], manager: null, active: true },
};
const finance: StoredGroup = { ...stored, id: 'g1', name: 'finance', externalId: null, members: ['u1', 'u2'] };
const patch = (...Operations: object[]) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations,
});

describe('a PATCH of a person', () => {
  it.each<[string, object[], Partial<ScimUser>]>([
    ['Entra: active as text', [{ op: 'Replace', path: 'active', value: 'False' }], { active: false }],
    ['Entra: active without a path', [{ op: 'Replace', value: { active: 'False' } }], { active: false }],
    ['Entra: back again', [{ op: 'Add', path: 'active', value: 'True' }], { active: true }],
    ['Entra, aadOptscim062020: a boolean', [{ op: 'replace', path: 'active', value: false }], { active: false }],
    ['Okta: active without a path', [{ op: 'replace', value: { active: false } }], { active: false }],
    ['a list around it', [{ op: 'replace', path: 'active', value: [{ value: 'False' }] }], { active: false }],
    ['Entra: manager as text', [{ op: 'Add', path: `${ENTERPRISE}:manager`, value: '99' }], { manager: '99' }],
    [
      'manager as an object',
      [{ op: 'replace', path: `${ENTERPRISE}:manager`, value: { value: '99' } }],
      { manager: '99' },
    ],
    ['manager without its URN', [{ op: 'add', path: 'manager', value: '99' }], { manager: '99' }],
    ['manager inside a value', [{ op: 'add', value: { [ENTERPRISE]: { manager: '99' } } }], { manager: '99' }],
    [
      'manager named by its URN inside a value',
      [{ op: 'add', value: { [`${ENTERPRISE}:manager`]: '99' } }],
      { manager: '99' },
    ],
    ['a manager that is none', [{ op: 'Remove', path: `${ENTERPRISE}:manager` }], { manager: null }],
    [
      'a manager taken away',
      [
        { op: 'add', path: 'manager', value: '9' },
        { op: 'Remove', path: `${ENTERPRISE}:manager` },
      ],
      { manager: null },
    ],
    ['a filtered add where none is', [{ op: 'Add', path: 'phoneNumbers[type eq "mobile"].value', value: '+1' }], {}],
    [
      'a filtered replace',
      [{ op: 'Replace', path: 'emails[type eq "work"].value', value: 'jo@new.test' }],
      { email: 'jo@new.test' },
    ],
    [
      'a filtered add of an address',
      [{ op: 'Add', path: 'emails[type eq "home"].value', value: 'h@x.test' }],
      { email: 'jo@acme.test' },
    ],
    [
      'roles by a filter',
      [{ op: 'Add', path: 'roles[primary eq "True"].value', value: 'approver' }],
      { roles: ['approver'] },
    ],
    ['a role twice over', [{ op: 'add', path: 'roles', value: [{ value: 'a', primary: 'True' }] }], { roles: ['a'] }],
    [
      'another userName, in capitals',
      [{ op: 'Replace', path: 'userName', value: 'JO@New.TEST' }],
      { userName: 'jo@new.test' },
    ],
    [
      'dotted names without a path',
      [{ op: 'Replace', value: { 'name.givenName': 'Joanna', displayName: 'Joanna Doe' } }],
      { name: 'Joanna Doe' },
    ],
    ['what is not there taken away', [{ op: 'Remove', path: 'title' }], {}],
    ['an extension that nobody knows', [{ op: 'replace', path: 'urn:okta:acme:1.0:user:custom', value: 'x' }], {}],
    [
      'several at once',
      [
        { op: 'Replace', path: 'displayName', value: 'J' },
        { op: 'Replace', path: 'active', value: 'False' },
      ],
      { name: 'J', active: false },
    ],
  ])('%s', async (_, operations, changed) => {
    const { id: _id, seq: _seq, createdAt: _createdAt, changedAt: _changedAt, ...kept } = jo;
    expect(await patchUser(jo, patch(...operations))).toEqual({ ...kept, ...changed });
  });

  it.each<[string, object]>([
    ['no operations', patch()],
    ['an operation of no kind', patch({ op: 'flip', path: 'active', value: false })],
    ['active that is no boolean', patch({ op: 'replace', path: 'active', value: 'perhaps' })],
    ['a path that leads nowhere', patch({ op: 'replace', path: 'emails[', value: 'x' })],
    ['no body', {}],
  ])('is not half understood: %s', async (_, body) => {
    await expect(patchUser(jo, body as Record<string, unknown>)).rejects.toMatchObject({ code: 'invalid-request' });
  });
});

describe('a PATCH of a group', () => {
  it.each<[string, object[], Partial<KeptGroup>]>([
    ['Entra: a member', [{ op: 'Add', path: 'members', value: [{ value: 'u3' }] }], { members: ['u1', 'u2', 'u3'] }],
    ['one who is in already', [{ op: 'Add', path: 'members', value: [{ value: 'u1' }] }], { members: ['u1', 'u2'] }],
    [
      'one twice',
      [{ op: 'add', path: 'members', value: [{ value: 'u3' }, { value: 'u3' }] }],
      { members: ['u1', 'u2', 'u3'] },
    ],
    [
      'Entra: one who leaves',
      [{ op: 'Remove', path: 'members', value: [{ value: 'u1', $ref: null }] }],
      { members: ['u2'] },
    ],
    ['by a filter', [{ op: 'Remove', path: 'members[value eq "u1"]' }], { members: ['u2'] }],
    ['one who was never in', [{ op: 'Remove', path: 'members', value: [{ value: 'u9' }] }], { members: ['u1', 'u2'] }],
    ['everybody', [{ op: 'remove', path: 'members' }], { members: [] }],
    [
      'Okta: the whole list',
      [{ op: 'replace', value: { id: 'g1', displayName: 'money', members: [{ value: 'u2', display: 'x' }] } }],
      { name: 'money', members: ['u2'] },
    ],
    ['Okta: another name', [{ op: 'replace', value: { id: 'g1', displayName: 'money' } }], { name: 'money' }],
  ])('%s', async (_, operations, changed) => {
    const kept = { name: 'finance', externalId: null, members: ['u1', 'u2'] };
    const after = await patchGroup(finance, patch(...operations));
    expect({ ...after, members: [...after.members].sort() }).toEqual({ ...kept, ...changed });
  });
});

describe('a person as they are created', () => {
  it('by Entra ID', () => {
    const body = {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', ENTERPRISE],
      externalId: '0a21f0f2',
      userName: 'Jo.Doe@Acme.Test',
      active: 'True',
      displayName: 'Jo Doe',
      emails: [{ primary: 'True', type: 'work', value: 'jo@acme.test' }],
      meta: { resourceType: 'User' },
      name: { formatted: 'Jo Doe', familyName: 'Doe', givenName: 'Jo' },
      roles: [],
      [ENTERPRISE]: { manager: '99', department: 'Finance' },
    };
    expect(readUser(body, { active: true })).toEqual({
      ...{ userName: 'jo.doe@acme.test', externalId: '0a21f0f2', name: 'Jo Doe', email: 'jo@acme.test' },
      ...{ roles: [], manager: '99', active: true },
    });
  });

  it('by Okta', () => {
    const body = {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: 'jo@acme.test',
      name: { givenName: 'Jo', familyName: 'Doe' },
      emails: [{ primary: true, value: 'jo@acme.test', type: 'work' }],
      ...{ displayName: 'Jo Doe', locale: 'en-US', externalId: '00u1', groups: [], password: 'x', active: true },
    };
    expect(readUser(body, { active: true })).toMatchObject({
      userName: 'jo@acme.test',
      active: true,
      externalId: '00u1',
    });
  });

  it('is not brought back by what a body leaves out', () => {
    expect(readUser({ userName: 'jo@acme.test' }, { active: false }).active).toBe(false);
  });

  it.each([{}, { userName: 5 }, { userName: 'a', active: 'perhaps' }])('is refused: %j', (body) => {
    expect(() => readUser(body, { active: true })).toThrow(expect.objectContaining({ code: 'invalid-request' }));
  });
});

it('a group lists each member once', () => {
  expect(
    readGroup({ displayName: 'finance', members: [{ value: 'a' }, { value: 'a' }, { value: 'b' }] }).members,
  ).toEqual(['a', 'b']);
});

describe('a list', () => {
  const all = [userResource(jo, [finance], 'https://x/scim/v2')];
  it.each([
    ['userName eq "JO@ACME.TEST"', 1],
    ['userName Eq "jo@acme.test"', 1],
    ['externalId eq "ext-1"', 1],
    ['externalId eq "EXT-1"', 0],
    ['emails[type eq "work"].value eq "jo@acme.test"', 1],
    ['active eq true and userName sw "JO"', 1],
    ['userName eq "nobody@acme.test"', 0],
  ])('%s', (filter, count) => {
    expect(listOf(all, { filter })['totalResults']).toBe(count);
  });

  it('refuses a filter that it does not understand, for no match would make a second account', () => {
    expect(() => listOf(all, { filter: 'a or (b and not (c pr' })).toThrow(
      expect.objectContaining({ code: 'invalid-request' }),
    );
  });

  it('is paged, and leaves out what is not asked for', () => {
    expect(listOf(all, { startIndex: 2 })).toMatchObject({ totalResults: 1, itemsPerPage: 0 });
    const [shown] = listOf(all, { excludedAttributes: 'groups' })['Resources'] as object[];
    expect(shown).not.toHaveProperty('groups');
  });
});
