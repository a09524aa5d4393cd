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

/** Roots whose members have a second name. `execution` came later: bundles from before may call items of a loop so. */
const NAMED_ROOTS = ['actor', 'resource', 'params', 'context'] as const;
type NamedRoot = (typeof NAMED_ROOTS)[number];

/** Members that expressions read, by root, each with its full name: `params` → `amount` → `params.amount`. */
export class FullNames {
  readonly #names: Record<NamedRoot, Map<string, string>> = {
    actor: new Map(),
    resource: new Map(),
    params: new Map(),
    context: new Map(),
  };

  readonly #paths = new Set<string>();

  /** @param path a field that an expression reads, `params.amount` or deeper. */
  add(path: string): void {
    if (this.#paths.has(path)) return;
    this.#paths.add(path);
    const [root, member] = path.split('.');
    const names = NAMED_ROOTS.find((one) => one === root);
    if (names !== undefined && member !== undefined) this.#names[names].set(member, `${names}.${member}`);
  }

  of(root: NamedRoot): ReadonlyMap<string, string> {
    return this.#names[root];
  }
}

/**
 * The variables of one request. `resource`, `params`, `context` and `execution` are empty maps when the request has none, so
 * `has(context.folder)` is false and `context.folder` an error. A map is made when it is first asked for.
 *
 * Each member that an expression reads is there a second time under its full name, `params.amount`: the engine looks for that name first
 * (CEL resolves qualified names longest first) and otherwise searches its type registry at every access. No comprehension may call its
 * items by the name of such a root, so the full name always means the same as the two steps.
 */
export class Bindings {
  [name: string]: CelInput;
  readonly #request: ActionRequest;
  readonly #now: () => CelInput;
  readonly #maps: Partial<Record<NamedRoot | 'execution', CelInput>> = {};

  constructor(request: ActionRequest, now: () => CelInput, names: FullNames) {
    this.#request = request;
    this.#now = now;
    for (const root of NAMED_ROOTS) {
      const known = names.of(root);
      const members = request[root] as JsonObject | undefined;
      if (known.size === 0 || members === undefined) continue;
      for (const name of Object.keys(members)) {
        const full = known.get(name);
        const json = members[name];
        if (full !== undefined && json !== undefined && json !== null) this[full] = toCel(json);
      }
    }
  }

  get surface(): string {
    return this.#request.surface;
  }

  get action(): string {
    return this.#request.action;
  }

  get actor(): CelInput {
    return this.#map('actor');
  }

  get resource(): CelInput {
    return this.#map('resource');
  }

  get params(): CelInput {
    return this.#map('params');
  }

  get context(): CelInput {
    return this.#map('context');
  }

  get execution(): CelInput {
    return this.#map('execution');
  }

  /** @throws where there is no time. */
  get now(): CelInput {
    return this.#now();
  }

  #map(root: NamedRoot | 'execution'): CelInput {
    return (this.#maps[root] ??= toCel((this.#request[root] ?? EMPTY) as JsonObject));
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
