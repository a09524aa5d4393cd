/** People and groups as SCIM shows them (RFC 7643), and what is kept of what a provider says. */
import SCIMMY from 'scimmy';
import { CountersignError, isCountersignError } from '../contract/index.ts';
import { ENTERPRISE, normalisedOperations, normalisedResource } from './normalise.ts';

/** What is kept of a person. */
export interface ScimUser {
  userName: string;
  externalId: string | null;
  name: string | null;
  email: string | null;
  roles: readonly string[];
  manager: string | null;
  active: boolean;
}

/** What is kept of a group. `members` are SCIM ids. */
export interface KeptGroup {
  name: string;
  externalId: string | null;
  members: readonly string[];
}

interface Stored {
  id: string;
  seq: number;
  createdAt: string;
  changedAt: string;
}
export type StoredUser = ScimUser & Stored;
export type StoredGroup = KeptGroup & Stored;

export type ScimResource = Record<string, unknown>;

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';

SCIMMY.Schemas.User.definition.extend(SCIMMY.Schemas.EnterpriseUser.definition, false);

const said = <T>(name: string, value: T | null): Record<string, T> => (value === null ? {} : { [name]: value });

/** @param base where the resources are, such as `https://countersign.example/scim/v2` */
const metaOf = (type: 'User' | 'Group', base: string, { id, seq, createdAt, changedAt }: Stored) => ({
  resourceType: type,
  created: createdAt,
  lastModified: changedAt,
  location: `${base}/${type}s/${id}`,
  version: `W/"${seq}"`,
});

/** @param groups those that the person is in */
export function userResource(user: StoredUser, groups: readonly StoredGroup[], base: string): ScimResource {
  const { id, userName, externalId, name, email, roles, manager, active } = user;
  return {
    schemas: manager === null ? [USER] : [USER, ENTERPRISE],
    id,
    ...said('externalId', externalId),
    userName,
    ...(name === null ? {} : { displayName: name, name: { formatted: name } }),
    active,
    ...(email === null ? {} : { emails: [{ value: email, type: 'work', primary: true }] }),
    ...(roles.length === 0 ? {} : { roles: roles.map((value) => ({ value })) }),
    ...(groups.length === 0 ? {} : { groups: groups.map((group) => ({ value: group.id, display: group.name })) }),
    ...(manager === null ? {} : { [ENTERPRISE]: { manager: { value: manager } } }),
    meta: metaOf('User', base, user),
  };
}

export function groupResource(group: StoredGroup, base: string): ScimResource {
  const { id, externalId, name, members } = group;
  return {
    schemas: [GROUP],
    id,
    ...said('externalId', externalId),
    displayName: name,
    members: members.map((value) => ({ value })),
    meta: metaOf('Group', base, group),
  };
}

/** Runs scimmy. A message that it does not understand is the provider's fault. */
function understood<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw notUnderstood(cause);
  }
}

function notUnderstood(cause: unknown): unknown {
  if (isCountersignError(cause) || !(cause instanceof Error)) return cause;
  return new CountersignError('invalid-request', `it is not understood: ${cause.message}`, { cause });
}

const plain = (value: unknown): ScimResource => JSON.parse(JSON.stringify(value)) as ScimResource;
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
const items = (value: unknown): ScimResource[] =>
  (Array.isArray(value) ? (value as unknown[]) : []).filter(
    (item): item is ScimResource => typeof item === 'object' && item !== null,
  );

/**
 * The person of a create or replace.
 *
 * @param fallback values for members that the body leaves out: `active` is true for a new person, else the current value, so that nobody comes back by omission
 * @throws CountersignError `invalid-request`
 */
export function readUser(body: ScimResource, fallback: { active: boolean }): ScimUser {
  const resource = normalisedResource({ ...fallback, ...body });
  return userOf(understood(() => plain(new SCIMMY.Schemas.User(resource, 'in'))));
}

/** The group of a create or replace. @throws CountersignError `invalid-request` */
export function readGroup(body: ScimResource): KeptGroup {
  return groupOf(understood(() => plain(new SCIMMY.Schemas.Group(normalisedResource(body), 'in'))));
}

const OPERATIONS: { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'] } = {
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
};

/** What a PATCH makes of a resource, one operation after the other. @throws CountersignError `invalid-request` */
async function patched(
  kind: typeof SCIMMY.Schemas.User | typeof SCIMMY.Schemas.Group,
  resource: ScimResource,
  body: ScimResource,
): Promise<ScimResource> {
  const given: unknown[] = Array.isArray(body['Operations']) ? body['Operations'] : [];
  if (given.length === 0 || given.length > 1000)
    throw new CountersignError('invalid-request', 'a PATCH has from 1 to 1,000 `Operations`');
  let now = resource;
  for (const one of given) {
    for (const operation of normalisedOperations([one], now)) {
      try {
        const message = new SCIMMY.Messages.PatchOp({ ...OPERATIONS, Operations: [operation] });
        // Nothing comes back where nothing changed.
        const { groups: _groups, ...writable } = now;
        const next: object | undefined = await message.apply(new kind(writable), (it) => Promise.resolve({ ...it }));
        if (next !== undefined) now = plain(next);
      } catch (cause) {
        throw notUnderstood(cause);
      }
    }
  }
  return now;
}

export const patchUser = async (user: StoredUser, body: ScimResource): Promise<ScimUser> =>
  userOf(await patched(SCIMMY.Schemas.User, userResource(user, [], ''), body));

export const patchGroup = async (group: StoredGroup, body: ScimResource): Promise<KeptGroup> =>
  groupOf(await patched(SCIMMY.Schemas.Group, groupResource(group, ''), body));

function userOf(resource: ScimResource): ScimUser {
  const userName = text(resource['userName']);
  if (userName === null) throw new CountersignError('invalid-request', '`userName` is missing');
  const name = (resource['name'] ?? {}) as ScimResource;
  const full = [name['givenName'], name['familyName']].flatMap((part) => text(part) ?? []).join(' ');
  const emails = items(resource['emails']);
  const email =
    emails.find(({ primary }) => primary === true) ?? emails.find(({ type }) => type === 'work') ?? emails[0];
  const enterprise = (resource[ENTERPRISE] ?? {}) as { manager?: { value?: unknown } };
  return {
    userName: userName.toLowerCase(),
    externalId: text(resource['externalId']),
    name: text(resource['displayName']) ?? text(name['formatted']) ?? text(full),
    email: text(email?.['value']),
    roles: items(resource['roles']).flatMap(({ value }) => text(value) ?? []),
    manager: text(enterprise.manager?.value),
    active: resource['active'] === true,
  };
}

function groupOf(resource: ScimResource): KeptGroup {
  const name = text(resource['displayName']);
  if (name === null) throw new CountersignError('invalid-request', '`displayName` is missing');
  const members = items(resource['members']).flatMap(({ value }) => text(value) ?? []);
  return { name, externalId: text(resource['externalId']), members: [...new Set(members)] };
}
