/** Facts as they are stored. The key of a limit may be a value that policy does not disclose. */
import {
  actingChain,
  ANY,
  type Actor,
  type ActionRequest,
  type Facts,
  type IdentityFact,
  type Json,
  type Judgement,
} from '../contract/index.ts';
import { canonicalize } from '../canonical/index.ts';
import { keyPart, readPath, type LimitRequirement, type VouchedRequest } from '../policy/index.ts';
import { commitment, saltFor, saltPath, type Disclosure } from '../sealing/index.ts';
import type { LimitShare } from '../register/index.ts';
import type { EngineDeps } from './deps.ts';

/** A judgement and the facts it was made by; `counted[i]` are the request's paths by which `facts.limits[i]` is counted. */
export interface Judgment {
  judgement: Judgement;
  facts: Facts;
  counted: string[][];
}

/** The form that is stored until the record is sealed. Limit keys hold names of fields, not their values. */
export interface StoredJudgment {
  judgement: Judgement;
  facts: Facts;
  /** Its shares of limits; left out in older judgements. */
  shares?: LimitShare[];
}

/** The stored form with the engine's MAC. Without a judgement for an action whose record was written with it, and empty for one that is erased. */
export type VouchedJudgment = Partial<StoredJudgment & { mac: string }>;

/** Authenticates stored judgements. Otherwise a writer to the database could decide an action before it is asked for. */
export function createVoucher({ commitments }: Pick<EngineDeps, 'commitments'>, tenant: string, id: string) {
  const macs = ({ judgement, facts, shares }: StoredJudgment): string[] => {
    const plain = JSON.parse(JSON.stringify({ judgement, facts, shares })) as Json;
    return commitments('judgement under limits v1', `${tenant}\n${id}\n${canonicalize(plain)}`);
  };
  const recorded = (): string[] => commitments('judged with its record v1', `${tenant}\n${id}`);
  return {
    vouched: (stored: StoredJudgment): VouchedJudgment => ({ ...stored, mac: macs(stored)[0] ?? '' }),
    isVouched: ({ judgement, facts, shares, mac = '' }: VouchedJudgment): boolean =>
      judgement !== undefined &&
      facts !== undefined &&
      macs({ judgement, facts, ...(shares === undefined ? {} : { shares }) }).includes(mac),
    /** What is stored where the record is written with it: nobody asks for the judgement again. */
    recorded: (): VouchedJudgment => ({ mac: recorded()[0] ?? '' }),
    isRecorded: ({ mac = '', ...rest }: VouchedJudgment): boolean =>
      Object.keys(rest).length === 0 && recorded().includes(mac),
  };
}

/** Replaces values by the names of their fields. @param queries one for each fact, in the same order */
export function withoutValues(
  { judgement, facts }: StoredJudgment,
  queries: readonly LimitRequirement[],
): StoredJudgment {
  const named = (limit: string, key: readonly string[]): string[] =>
    queries.find((query) => query.limit === limit && same(query.key, key))?.paths ?? [];
  return mapKeys({ judgement, facts }, named);
}

/** Puts the values back. */
export function withValues(stored: StoredJudgment, request: VouchedRequest): Judgment {
  const counted = stored.facts.limits.map(({ key }) => key);
  return {
    ...mapKeys(stored, (_limit, paths) => paths.map((path) => keyPart(readPath(request, path) ?? null))),
    counted,
  };
}

function mapKeys(
  { judgement, facts }: StoredJudgment,
  map: (limit: string, key: string[]) => string[],
): StoredJudgment {
  const mapped = <T extends { limit: string; key: string[] }>(one: T): T => ({ ...one, key: map(one.limit, one.key) });
  return {
    judgement: { ...judgement, reservations: judgement.reservations.map(mapped) },
    facts: { ...facts, limits: facts.limits.map(mapped) },
  };
}

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((part, index) => part === b[index]);

/** Claimed roles and groups of one member of the chain that nobody vouches for; null where there are none. */
function unvouched(actor: Actor | undefined, fact: IdentityFact): { roles: string[]; groups: string[] } | null {
  const beyond = (claimed: readonly string[] = [], vouched: readonly string[]): string[] =>
    vouched.includes(ANY) ? [] : claimed.filter((name) => !vouched.includes(name));
  const rest = { roles: beyond(actor?.roles, fact.roles), groups: beyond(actor?.groups, fact.groups) };
  return rest.roles.length + rest.groups.length === 0 ? null : rest;
}

/** Fields that every record shows in clear. */
const IN_CLEAR = /^(surface|action|actor(\.onBehalfOf)*\.(id|type|owner))$/;

/**
 * Facts as a record shows them: keys of limits in clear where the record shows the field, else as the field's commitment.
 *
 * @param counted as in {@link Judgment}
 * @param disclosure what the same record discloses and commits to, made for `seq`
 */
export function sealedFacts(
  { facts, counted }: Pick<Judgment, 'facts' | 'counted'>,
  request: ActionRequest,
  disclosure: Disclosure,
  actionKey: Uint8Array,
  seq: number,
): Facts {
  const part = (path: string, value: string): string => {
    if (IN_CLEAR.test(path) || Object.hasOwn(disclosure.disclosed, path)) return value;
    const salt = saltFor(actionKey, saltPath(path, seq));
    return disclosure.commitments[path] ?? commitment(salt, path, readPath(request, path) ?? null);
  };
  const claims = actingChain(request.actor);
  const claimed = (fact: IdentityFact, depth: number): string | null => {
    const rest = unvouched(claims[depth], fact);
    if (rest === null) return null;
    const path = `claimed.${depth}`;
    return commitment(saltFor(actionKey, saltPath(path, seq)), path, rest);
  };
  return {
    ...facts,
    ...(facts.identities === undefined
      ? {}
      : { identities: facts.identities.map((fact, depth) => ({ ...fact, claimed: claimed(fact, depth) })) }),
    limits: facts.limits.map((fact, i) => ({
      ...fact,
      key: fact.key.map((value, j) => part(counted[i]?.[j] ?? '', value)),
    })),
  };
}
