import { celList, celMap, isCelList, isCelMap, isCelUint } from '@bufbuild/cel';
import type { CelInput, CelResult } from '@bufbuild/cel';
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

/**
 * The variables of one request, converted when first used. `resource`, `params` and `context` are empty maps when the
 * request has none, so `has(context.folder)` is false and `context.folder` an error.
 */
export class Bindings {
  readonly #request: ActionRequest;
  readonly #now: () => CelInput;
  readonly #made = new Map<string, CelInput>();

  constructor(request: ActionRequest, now: () => CelInput) {
    this.#request = request;
    this.#now = now;
  }

  #root(name: 'actor' | 'resource' | 'params' | 'context'): CelInput {
    let value = this.#made.get(name);
    if (value === undefined) {
      value = toCel((this.#request[name] ?? EMPTY) as Json);
      this.#made.set(name, value);
    }
    return value;
  }

  get surface(): CelInput {
    return this.#request.surface;
  }
  get action(): CelInput {
    return this.#request.action;
  }
  get actor(): CelInput {
    return this.#root('actor');
  }
  get resource(): CelInput {
    return this.#root('resource');
  }
  get params(): CelInput {
    return this.#root('params');
  }
  get context(): CelInput {
    return this.#root('context');
  }
  get now(): CelInput {
    return this.#now();
  }
}

/** Names that an expression may use. */
export const VARIABLES = ['surface', 'action', 'actor', 'resource', 'params', 'context', 'now'] as const;

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
