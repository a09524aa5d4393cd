/** Breaking the glass: an emergency, declared with a reason by an allowed person in their own name, within that person's limit. */
import { actingIds } from '../contract/acting.ts';
import { compareDecimals, addDecimals, parseDecimal } from '../canonical/index.ts';
import { includesId, type ActionRequest, type Basis, type BrokenGlass, type Reservation } from '../contract/index.ts';
import type { CompiledPolicy } from './compiled.ts';
import type { Frame } from './conditions/index.ts';
import type { Trial } from './trial.ts';
import { keyPart, sameKey, type LimitRequirement } from './limits.ts';
import { resolve } from './people.ts';
import { readPath } from './paths.ts';
import { ownersOf } from './vouched.ts';

/** The name of a policy's break-glass limit. It has capitals, which names of limits in policies cannot have. */
export const BREAK_GLASS = 'breakGlass';

/** How often one person may break the glass of one policy when the policy does not say. */
export const GLASS_LIMIT = { max: 2, window: '7d' } as const;

/** Whether a limit counts broken glass. Its count is not given back when the execution fails. */
export const isGlassLimit = (limit: string): boolean => limit.endsWith(`/${BREAK_GLASS}`);

const isEmergency = (request: ActionRequest): boolean => request.context?.urgency === 'emergency';

/** What must be looked up about everyone in the chain of an emergency request. */
export function glassQueries(policy: CompiledPolicy, request: ActionRequest): LimitRequirement[] {
  const limit = policy.breakGlass?.limit ?? null;
  if (limit === null || !isEmergency(request)) return [];
  const { id, windowMs, max } = limit;
  const acting = actingIds(request.actor);
  return [...new Set(acting)].map((person) => ({
    limit: id,
    key: [keyPart(person)],
    paths: [`actor.${'onBehalfOf.'.repeat(acting.indexOf(person))}id`],
    windowMs,
    max: String(max),
    amount: '1',
  }));
}

/** Broken; or not broken, with the reason in words (after `; `) and the basis of the ordinary verdict. */
export type Glass = { review: BrokenGlass; reservations: Reservation[] } | { whole: string; basis: Basis };

/**
 * The effect of an emergency on a rule that asks for approval. Null when there is no emergency, or when `breakGlass.allow` names neither
 * the actor nor anybody it acts for.
 */
export function breakGlass(policy: CompiledPolicy, frame: Frame, on: Trial): Glass | null {
  const glass = policy.breakGlass;
  if (glass === null || !isEmergency(on.request)) return null;
  const acting = actingIds(on.request.actor);
  const allowed = resolve(glass.allow, frame, on.facts).people;
  const named = acting.filter((id) => allowed.includes(id));
  if (named.length === 0) return null;
  const { spokenFor } = on.facts;
  const by = named.find((id) => spokenFor === undefined || spokenFor.includes(id));
  if (by === undefined) {
    return whole(`the glass was not broken: whoever asked may not speak for ${named.join(', ')}`, 'unclear');
  }
  const { refs, people } = resolve(glass.review, frame, on.facts);
  const approvers = people.filter((person) => !includesId([...acting, ...ownersOf(on.request)], person));
  if (approvers.length === 0) return whole('the glass was not broken: nobody else could review it', 'rule');
  const review = { approvers, refs, withinMs: glass.withinMs, by };
  if (glass.limit === null) return { review: { ...review, reason: null }, reservations: [] };

  const reason = reasonOf(policy, on.request);
  if (reason === null) {
    return whole('the glass was not broken, because no reason was given: say it in `context.reason`', 'unclear');
  }
  const { id, max, windowMs } = glass.limit;
  const used = on.facts.limits.find(({ limit, key }) => limit === id && sameKey(key, [keyPart(by)]))?.used;
  const next = used === undefined ? null : addDecimals(parseDecimal(used, Infinity), parseDecimal('1'));
  if (next === null || compareDecimals(next, parseDecimal(String(max))) > 0) {
    const often = `${by} may break it ${max === 1 ? 'once' : `${max} times`} in ${inWords(windowMs)}`;
    return whole(
      `the glass was not broken: ${often}, and has done so ${used ?? 'an unknown number of times'}`,
      'limit',
    );
  }
  const reservation: Reservation = { limit: id, key: [keyPart(by)], amount: '1', windowMs, max: String(max) };
  return { review: { ...review, reason }, reservations: [reservation] };
}

const whole = (why: string, basis: Basis): Glass => ({ whole: why, basis });

/** `context.reason`; or the request's own reason field, if policy discloses it. */
function reasonOf(policy: CompiledPolicy, request: ActionRequest): string | null {
  const param = policy.disclose.includes('params.reason') ? readPath(request, 'params.reason') : undefined;
  const said = request.context?.reason ?? param;
  const text = typeof said === 'string' ? said.trim().slice(0, 2000) : '';
  return text === '' ? null : text;
}

function inWords(ms: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ] as const;
  for (const [name, length] of units) {
    if (ms >= length && ms % length === 0) return ms === length ? `one ${name}` : `${ms / length} ${name}s`;
  }
  return `${ms / 1000} seconds`;
}
