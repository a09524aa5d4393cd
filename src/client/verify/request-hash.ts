/** The hash that a permit binds (`req`): SHA-256 of the RFC 8785 bytes of the request without `callback`. */
import { CountersignError } from '../errors.ts';
import type { ActionRequest, Json, JsonObject } from '../types.ts';

/**
 * `sha256:` and the hexadecimal hash of a request without `content`.
 *
 * @throws CountersignError `permit-needs-engine` with `content` in it: its commitment is salted, and only the engine has the salt.
 */
export async function requestHash(request: ActionRequest): Promise<string> {
  const { callback: _callback, content, ...rest } = request;
  if (content !== undefined) {
    throw new CountersignError(
      'permit-needs-engine',
      'the request has `content`, whose commitment is salted, so its hash cannot be checked here; redeem at the engine with the whole request',
    );
  }
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonicalize(rest)));
  return `sha256:${Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/**
 * RFC 8785. ECMAScript writes numbers and sorts names as it says.
 *
 * @throws CountersignError `permit-request-differs` for what is not JSON, which nobody can have released.
 */
export function canonicalize(value: unknown, depth = 128): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (typeof value === 'string' && !/\p{Surrogate}/u.test(value)) return JSON.stringify(value);
  if (typeof value === 'object' && depth > 0) {
    if (Array.isArray(value)) return `[${Array.from(value, (item) => canonicalize(item, depth - 1)).join(',')}]`;
    const names = Object.keys(value).filter((name) => (value as JsonObject)[name] !== undefined);
    const members = names
      .sort()
      .map((name) => `${canonicalize(name)}:${canonicalize((value as JsonObject)[name], depth - 1)}`);
    return `{${members.join(',')}}`;
  }
  throw new CountersignError('permit-request-differs', 'the request holds what is not JSON; do not execute');
}

const CHANGEABLE = /^(action$|params\.|resource\.|context\.)/;
const FORBIDDEN = ['__proto__', 'constructor', 'prototype'];

/** The request with the values that a permit's `changes` set, by dotted paths. The request given is not touched. */
export function applyChanges(request: ActionRequest, changes: JsonObject): ActionRequest {
  let changed: Json = structuredClone(request) as unknown as JsonObject;
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split('.');
    if (!CHANGEABLE.test(path) || names.some((name) => FORBIDDEN.includes(name))) {
      throw new CountersignError(
        'permit-invalid',
        `the permit changes \`${path}\`, which no permit may; do not execute`,
      );
    }
    changed = write(changed, names, value);
  }
  return changed as unknown as ActionRequest;
}

function write(root: JsonObject, [name, ...rest]: string[], value: Json): JsonObject {
  if (name === undefined) return root;
  const below = Object.hasOwn(root, name) ? root[name] : undefined;
  const inner = typeof below === 'object' && below !== null && !Array.isArray(below) ? below : {};
  return { ...root, [name]: rest.length === 0 ? value : write(inner, rest, value) };
}
