import type { ActionRequest, Json, JsonObject } from '../contract/index.ts';

/** Parts of a request that a policy may name. `content` is not among them: it is never read. */
export const REQUEST_ROOTS = ['surface', 'action', 'actor', 'resource', 'params', 'context', 'execution'] as const;

/** Fields of `actor`, `context` and `execution`, which are closed; `resource` and `params` hold what the owner likes. */
export const CLOSED_FIELDS: Readonly<Record<string, readonly string[]>> = {
  actor: ['id', 'type', 'roles', 'groups', 'owner', 'onBehalfOf'],
  context: [
    'folder',
    'environment',
    'urgency',
    'reason',
    'jurisdiction',
    'matter',
    'labels',
    'constraints',
    'provenance',
  ],
  execution: ['connector', 'statement', 'writes', 'inserted', 'updated', 'deleted', 'rows', 'tables'],
};

/** `params.amount`, `resource.owner.id`: a root and at most seven names below it. */
export const PATH_PATTERN =
  /^(surface|action|actor|resource|params|context|execution)(\.[A-Za-z_][A-Za-z0-9_-]*){0,7}$/;

const FORBIDDEN_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/** True for a dotted path that policy may name and that cannot reach an object's prototype. */
export function isPath(text: string): boolean {
  return PATH_PATTERN.test(text) && !text.split('.').some((name) => FORBIDDEN_NAMES.has(name));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a dotted path of the request, own properties only; undefined when any step is missing. */
export function readPath(request: ActionRequest, path: string): Json | undefined {
  let value: unknown = request;
  for (const name of path.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value as Json | undefined;
}

/** A copy of `root` with the value at `path` replaced, objects made where they are missing. Unchanged parts are shared. */
export function writePath(root: JsonObject, path: readonly string[], value: Json): JsonObject {
  const [name, ...rest] = path;
  if (name === undefined || FORBIDDEN_NAMES.has(name)) return root;
  const below = Object.hasOwn(root, name) ? root[name] : undefined;
  return { ...root, [name]: rest.length === 0 ? value : writePath(isObject(below) ? below : {}, rest, value) };
}

/** Dotted paths of every value under `roots` that is not an object, for `log: full`. Names that hold a dot are left out. */
export function leafPaths(request: ActionRequest, roots: readonly string[]): string[] {
  const paths: string[] = [];
  const walk = (value: unknown, path: string, depth: number): void => {
    if (!isObject(value) || depth > 7) {
      if (value !== undefined) paths.push(path);
      return;
    }
    for (const [name, below] of Object.entries(value)) {
      if (!name.includes('.')) walk(below, `${path}.${name}`, depth + 1);
    }
  };
  for (const root of roots) walk(readPath(request, root), root, 0);
  return paths.sort();
}
