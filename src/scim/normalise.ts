/**
 * Brings what identity providers send into the form of RFC 7643 and 7644. Entra ID and Okta differ from it in known ways
 * (docs/identity.md). Any other difference is refused, and the refusal is alarmed. Pure.
 */

/** URN of the enterprise extension, which holds the manager. */
export const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const CORE = ['urn:ietf:params:scim:schemas:core:2.0:User', 'urn:ietf:params:scim:schemas:core:2.0:Group'];
const KNOWN_URNS = [...CORE, ENTERPRISE];

type Members = Record<string, unknown>;
export interface Operation {
  op: 'add' | 'remove' | 'replace';
  path?: string;
  value?: unknown;
}

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `"True"` and `"False"` as Entra ID writes them. */
function booleanOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.toLowerCase();
  if (text === 'true') return true;
  return text === 'false' ? false : value;
}

/** A manager as text, and as an object. */
function managerOf(value: unknown): unknown {
  if (typeof value === 'string') return value === '' ? null : { value };
  return isObject(value) ? { value: value['value'] } : value;
}

/** Members, reduced to what we keep of them, each once. */
function membersOf(value: unknown): unknown {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  const ids = list.map((member) => (isObject(member) ? member['value'] : member));
  return [...new Set(ids)].map((id) => ({ value: id }));
}

/** A value of one attribute, named as in a path. */
function valueOf(name: string, value: unknown): unknown {
  const attribute = name.replace(`${ENTERPRISE}:`, '').toLowerCase();
  if (attribute === 'active') return booleanOf(Array.isArray(value) && isObject(value[0]) ? value[0]['value'] : value);
  if (attribute === 'manager') return managerOf(value);
  if (attribute === 'members') return membersOf(value);
  if (attribute === 'username' && typeof value === 'string') return value.toLowerCase();
  if (!Array.isArray(value)) return value;
  return value.map((item: unknown) =>
    isObject(item) && 'primary' in item ? { ...item, primary: booleanOf(item['primary']) } : item,
  );
}

/** The resource of a create or replace, without members of unknown schemas. */
export function normalisedResource(body: Members): Members {
  const resource: Members = {};
  for (const [name, value] of Object.entries(body)) {
    if (value === null || name === 'meta' || name === 'groups' || name === 'password') continue;
    if (name === 'schemas') resource[name] = schemasOf(value);
    else if (name === ENTERPRISE && isObject(value)) resource[name] = normalisedResource(value);
    else if (!name.startsWith('urn:')) {
      const normal = valueOf(name, value);
      if (normal !== null) resource[name] = normal;
    }
  }
  return resource;
}

const schemasOf = (value: unknown): unknown =>
  Array.isArray(value) ? value.filter((one) => typeof one !== 'string' || KNOWN_URNS.includes(one)) : value;

const FILTERED = /^([A-Za-z]+)\[\s*([A-Za-z]+)\s+eq\s+"?([^"\]]*)"?\s*\](?:\.([A-Za-z]+))?$/;

/** The operations of a PATCH in one form, each with a path. */
export function normalisedOperations(given: unknown, resource: Members): Operation[] {
  const list: unknown[] = Array.isArray(given) ? given : [];
  return list.flatMap((one) => (isObject(one) ? operationsOf(one, resource) : [one as Operation]));
}

function operationsOf(given: Members, resource: Members): Operation[] {
  const op = String(given['op']).toLowerCase() as Operation['op'];
  const { path, value } = given;
  if (typeof path === 'string') return withPath(op, path, value, resource);
  if (!isObject(value)) return [{ op, value }];
  return Object.entries(value).flatMap(([name, part]) => {
    // Okta repeats what cannot change.
    if (name === 'id' || name === 'schemas' || name === 'meta') return [];
    if (!isObject(part) || !name.startsWith('urn:')) return withPath(op, name, part, resource);
    return name === ENTERPRISE
      ? Object.entries(part).flatMap(([inner, it]) => withPath(op, `${name}:${inner}`, it, resource))
      : [];
  });
}

function withPath(op: Operation['op'], path: string, value: unknown, resource: Members): Operation[] {
  if (path.startsWith('urn:') && !path.startsWith(ENTERPRISE) && !CORE.some((urn) => path.startsWith(urn))) return [];
  const filtered = FILTERED.exec(path);
  if (filtered !== null) return withFilter(op, path, value, resource, filtered);
  const bare = path.replace(`${ENTERPRISE}:`, '').toLowerCase();
  if (bare === 'members') return ofMembers(op, path, value, resource);
  if (bare === 'manager' || bare === 'manager.value') {
    const manager = managerOf(value);
    const at = `${ENTERPRISE}:manager`;
    return op === 'remove' || manager === null ? without(at, resource) : [{ op: 'replace', path: at, value: manager }];
  }
  if (op === 'remove' || value === null) return without(path, resource);
  return [{ op, path, value: valueOf(path, value) }];
}

/** A value that is absent needs no removal. */
function without(path: string, resource: Members): Operation[] {
  return lookUp(path, resource) === undefined ? [] : [{ op: 'remove', path }];
}

function lookUp(path: string, resource: Members): unknown {
  const steps = path.startsWith(`${ENTERPRISE}:`)
    ? [ENTERPRISE, ...path.slice(ENTERPRISE.length + 1).split('.')]
    : path.split('.');
  return steps.reduce<unknown>((at, step) => (isObject(at) ? at[step] : undefined), resource);
}

const ids = (members: unknown): unknown[] => (membersOf(members) as { value: unknown }[]).map(({ value }) => value);

/** Members that are in already are not added, and others are not removed (RFC 7644 section 3.5.2). */
function ofMembers(op: Operation['op'], path: string, value: unknown, resource: Members): Operation[] {
  if (op === 'replace') return [{ op, path, value: value === null ? [] : membersOf(value) }];
  const present = new Set(ids(resource['members'] ?? []));
  if (op === 'remove' && (value === undefined || value === null)) return without(path, resource);
  const named = ids(value);
  const rest = op === 'remove' ? [...present].filter((id) => !named.includes(id)) : [...present, ...named];
  const next = membersOf(rest);
  return [{ op: 'replace', path, value: next }];
}

/** `emails[type eq "work"].value`: a missing value is created, as Entra ID expects. */
function withFilter(
  op: Operation['op'],
  path: string,
  value: unknown,
  resource: Members,
  [, attribute = '', key = '', wanted = '', inner]: RegExpExecArray,
): Operation[] {
  const list = resource[attribute];
  const items: unknown[] = Array.isArray(list) ? list : [];
  const is = (item: unknown): boolean => isObject(item) && String(item[key]).toLowerCase() === wanted.toLowerCase();
  if (attribute === 'members') {
    return op === 'remove' ? ofMembers(op, attribute, [{ value: wanted }], resource) : [{ op, path, value }];
  }
  if (op === 'remove') {
    return [{ op: 'replace', path: attribute, value: items.filter((item) => !is(item)) }];
  }
  const item = isObject(value) ? value : { value };
  const part = inner === undefined ? item : { [inner]: value };
  const next = items.some(is)
    ? items.map((item) => (is(item) ? { ...(item as Members), ...part } : item))
    : [...items, { [key]: booleanOf(wanted), ...part }];
  return [{ op: 'replace', path: attribute, value: valueOf(attribute, next) }];
}
