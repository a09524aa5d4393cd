import { addDecimals, compareDecimals, formatDecimal, parseDecimal } from '../canonical/index.ts';
import {
  ACTOR_TYPES,
  COMMITTED,
  foldId,
  type ActionRequest,
  type Facts,
  type Json,
  type Reservation,
} from '../contract/index.ts';
import { readAmount } from './amounts.ts';
import type { CompiledLimit } from './compiled.ts';
import type { LimitState } from './conditions/index.ts';
import { readPath } from './paths.ts';

/** What an activity needs to look up, and later reserve, one limit. */
export interface LimitRequirement {
  /** `policy/limit` */
  limit: string;
  /** Values of the key fields, in the policy's order. */
  key: string[];
  /** Paths of the key fields in the request. */
  paths: string[];
  windowMs: number;
  /** Exact decimal string. */
  max: string;
  /** What this action would take, exact decimal string; null when the request does not say. */
  amount: string | null;
}

const ID_PREFIXES = ACTOR_TYPES.map((type) => `${type}:`);

/** A value that a limit is counted by. Ids are folded, so that another spelling of a name gets no second allowance. */
export function keyPart(value: Json): string {
  const text = String(value);
  const folded = foldId(text);
  return ID_PREFIXES.some((prefix) => folded.startsWith(prefix)) ? folded : text;
}

/** The query of one limit for one request, or a sentence saying which field is missing or unusable. */
export function limitQuery(limit: CompiledLimit, request: ActionRequest): LimitRequirement | { missing: string } {
  const key: string[] = [];
  for (const path of limit.key) {
    const value = readPath(request, path);
    if (value === undefined || value === null || typeof value === 'object' || value === '') {
      return { missing: `limit \`${limit.name}\` counts by \`${path}\`, which the request does not say` };
    }
    key.push(keyPart(value));
  }
  const query = { limit: limit.id, key, paths: [...limit.key], windowMs: limit.windowMs, max: limit.max };
  if (limit.sum === null) return { ...query, amount: '1' };
  const value = readPath(request, limit.sum);
  const amount = value === undefined || value === null ? null : readAmount(value);
  return { ...query, amount: amount?.ok === true && amount.value >= 0 ? amount.text : null };
}

/** The state of a limit by the facts. Throws an `Error` with a sentence if they lack it. */
export function limitState(query: LimitRequirement & { amount: string }, facts: Facts): LimitState {
  const fact = facts.limits.find((one) => one.limit === query.limit && sameKey(one.key, query.key));
  if (fact === undefined) throw new Error(`the facts do not say how limit \`${query.limit}\` stands`);
  const used = parseDecimal(fact.used, Infinity);
  const max = parseDecimal(query.max);
  const left = addDecimals(max, { units: -used.units, scale: used.scale });
  return {
    fits: compareDecimals(addDecimals(used, parseDecimal(query.amount)), max) <= 0,
    used: formatDecimal(used),
    amount: query.amount,
    max: query.max,
    remaining: left.units < 0n ? '0' : formatDecimal(left),
  };
}

/**
 * Whether a sealed fact is about the key that the request yields, also a fact from before ids were folded. Where policy does not disclose the field, a record holds a commitment in its place. It is then taken to be the request's own, because a
 * verdict's limit is counted by nothing else.
 */
export function sameKey(sealed: readonly string[], key: readonly string[]): boolean {
  return (
    sealed.length === key.length && sealed.every((part, index) => keyPart(part) === key[index] || COMMITTED.test(part))
  );
}

/** The action's share of a limit while it is alive. */
export function reservation(query: LimitRequirement, amount: string): Reservation {
  return { limit: query.limit, key: query.key, amount, windowMs: query.windowMs, max: query.max };
}
