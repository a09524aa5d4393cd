import { celList, celMap, isCelList, isCelMap, isCelUint, type CelInput, type CelResult } from '@bufbuild/cel';
import type { ActionRequest, Json, JsonObject } from '../../contract/index.ts';

const EMPTY: JsonObject = {};

/** JSON as CEL sees it: numbers are doubles, objects are maps. Built whole, so that no later access can throw. */
function toCel(value: Json | undefined): CelInput {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return celList(value.map(toCel));
  const map = new Map<string, CelInput>();
  for (const name of Object.keys(value)) {
    const below = value[name];
    if (below !== undefined) map.set(name, toCel(below));
  }
  return celMap(map);
}

/** Members whose name CEL can write after a dot. */
const MEMBER = /^[A-Za-z_][A-Za-z0-9_]*$/;

const ROOTS = ['actor', 'resource', 'params', 'context', 'execution'] as const;

/**
 * The variables of one request. `resource`, `params`, `context` and `execution` are empty maps when the request has none, so
 * `has(context.folder)` is false and `context.folder` an error.
 *
 * Each member is there a second time under its full name, `params.amount`: the engine looks for that name first (CEL resolves
 * qualified names longest first) and otherwise searches its type registry at every access. No comprehension may call its items
 * by the name of such a root, so the full name always means the same as the two steps. `execution` came later: bundles from
 * before may call their items so, and its members have no second name.
 */
export class Bindings {
  [name: string]: CelInput;

  constructor(request: ActionRequest, now: () => CelInput) {
    this['surface'] = request.surface;
    this['action'] = request.action;
    for (const root of ROOTS) {
      const members = (request[root] ?? EMPTY) as JsonObject;
      const map = new Map<string, CelInput>();
      for (const name of Object.keys(members)) {
        const json = members[name];
        if (json === undefined) continue;
        const value = toCel(json);
        map.set(name, value);
        if (value !== null && root !== 'execution' && MEMBER.test(name)) this[`${root}.${name}`] = value;
      }
      this[root] = celMap(map);
    }
    Object.defineProperty(this, 'now', { get: now });
  }
}

/** Names that an expression may use. */
export const VARIABLES = ['surface', 'action', 'actor', 'resource', 'params', 'context', 'execution', 'now'] as const;

/** A CEL value as JSON, or undefined for what JSON cannot say exactly: bytes, NaN, timestamps, integers beyond 2^53. */
export function toJson(value: CelResult): Json | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : undefined;
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
    default:
  }
  if (value === null) return null;
  if (isCelUint(value)) return toJson(value.value);
  if (isCelList(value)) {
    const items = Array.from(value, (item) => toJson(item));
    return items.some((item) => item === undefined) ? undefined : (items as Json[]);
  }
  if (!isCelMap(value)) return undefined;
  const object: JsonObject = {};
  for (const [key, below] of value.entries()) {
    const json = toJson(below);
    if (typeof key !== 'string' || key === '__proto__' || json === undefined) return undefined;
    object[key] = json;
  }
  return object;
}
