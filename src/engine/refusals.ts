/** Standing refusals by humans: what their records say, and which of them cover the current request. */
import { addDecimals, compareDecimals, parseSum, type Decimal } from '../canonical/index.ts';
import type {
  ActionRequest,
  EffectKind,
  Json,
  JsonObject,
  LimitFact,
  RefusalFact,
  Reservation,
  SealedEffect,
  StandingRefusal,
} from '../contract/index.ts';
import type { ApprovalState } from '../approval/index.ts';
import { amountAsked, type AmountOfEffect, type CompiledBundle, type Sameness } from '../policy/index.ts';
import type { HumanRefusal } from '../register/index.ts';
import { disclosedLeaves } from '../sealing/index.ts';
import type { LimitQuery } from '../store/index.ts';
import type { EngineDeps } from './deps.ts';
import { labelOf, textOf } from './disclosed.ts';
import { peopleBehind } from './people.ts';

/** Requests that together reach 8 tenths of the refused amount count as the refused effect. */
const REACHES = { of: 10n, tenths: 8n };

/** Keys of an effect, the current one first. They are MACs, so nobody can guess the fields behind them. */
const keysOf = (deps: Pick<EngineDeps, 'commitments'>, tenant: string, { key }: Sameness): string[] =>
  deps.commitments('effect v1', `${tenant}\n${key}`);

/** The effect as the verdict's record names it; null where there is none. @param asks whether people are asked */
export function sealedEffect(
  deps: Pick<EngineDeps, 'commitments'>,
  tenant: string,
  kind: EffectKind | null,
  sameness: readonly Sameness[],
  asks: boolean,
): SealedEffect | null {
  const same = asks
    ? sameness.map((one) => {
        const { policy, who, standsMs, ask } = one;
        return { policy, key: keysOf(deps, tenant, one)[0] ?? '', who, standsMs, ask };
      })
    : [];
  return kind === null && same.length === 0 ? null : { kind, same };
}

/** The effect that a refusal stands against, from the sealed verdict. @param at time of the decision */
export function standingAgainst(
  effect: SealedEffect | undefined,
  { stages, stage }: ApprovalState,
  at: Date,
): StandingRefusal[] {
  const people = stages[stage]?.approvers ?? [];
  return (effect?.same ?? []).map(({ policy, key, who, standsMs, ask }) => ({
    policy,
    key,
    who,
    until: new Date(Math.min(LAST_INSTANT, at.getTime() + standsMs)).toISOString(),
    ask: ask ? people : null,
  }));
}

/** 9999-12-31, the last day of RFC 3339. */
const LAST_INSTANT = Date.UTC(9999, 11, 31);

/** An earlier human refusal that may cover the current request. */
export interface EarlierRefusal {
  fact: RefusalFact;
  /** Counts how much of the refused amount was asked for since; null where the amount does not matter. */
  share: { query: LimitQuery; amount: string; refused: string } | null;
}

type RefusalDeps = Pick<EngineDeps, 'commitments' | 'store'>;

/** The refusals, newest first, of the same effect by any of the policies. Reads nothing unless there is one. */
export async function earlierRefusals(
  deps: RefusalDeps,
  tenant: string,
  refusals: readonly HumanRefusal[],
  { bundle, request }: { bundle: CompiledBundle; request: ActionRequest },
  sameness: readonly Sameness[],
  now: number,
): Promise<EarlierRefusal[]> {
  const matching: Promise<EarlierRefusal>[] = [];
  for (const same of sameness) {
    const standing = refusals.flatMap((refusal) =>
      refusal.stands
        .filter((one) => one.policy === same.policy && now < Date.parse(one.until))
        .map((stands) => ({ refusal, stands })),
    );
    if (standing.length === 0) continue;
    const keys = keysOf(deps, tenant, same);
    for (const { refusal, stands } of standing.reverse()) {
      if (!keys.includes(stands.key) || !shares(stands.who, same.who)) continue;
      matching.push(earlier(deps, { tenant, bundle, request, now }, same, refusal, stands));
    }
  }
  return Promise.all(matching);
}

const shares = (then: readonly string[] | null, now: readonly string[] | null): boolean =>
  then === null || now === null || then.some((id) => now.includes(id));

async function earlier(
  deps: RefusalDeps,
  { tenant, bundle, request, now }: { tenant: string; bundle: CompiledBundle; request: ActionRequest; now: number },
  same: Sameness,
  { action, record, by, at, reason }: HumanRefusal,
  { policy, until, ask }: StandingRefusal,
): Promise<EarlierRefusal> {
  const asks = same.ask && ask !== null;
  // Null when it was erased, because then nobody can say that this request is smaller.
  const stored = asks || same.amount !== null ? await deps.store.payloads.read(tenant, action) : null;
  const then = stored?.payload.request ?? null;
  const named = bundle.policies.find(({ name }) => name === policy);
  const fact: RefusalFact = {
    policy,
    action,
    record,
    by,
    at,
    reason,
    until,
    ...(asks ? { ask: await peopleBehind(deps, tenant, ask) } : {}),
    ...(asks && then !== null ? { differs: differences(then, request, named?.disclose ?? []) } : {}),
  };
  const refused = named === undefined || then === null ? null : amountAsked(named, then);
  const amount = comparable(same.amount, refused);
  if (amount === null) return { fact, share: null };
  const windowMs = Math.max(1, now - Date.parse(at));
  return { fact, share: { query: { limit: `${policy}/${COUNTER}`, key: [record], windowMs }, ...amount } };
}

/** The capital letter keeps this apart from the limits of policies, which have none. */
const COUNTER = 'refusedBefore';

/** Differences that approvers are shown, and characters of each value. */
const TOLD = { differences: 5, value: 60 };

/** The differences between both requests, in the requester and in disclosed values. */
function differences(
  then: ActionRequest,
  now: ActionRequest,
  disclose: readonly string[],
): NonNullable<RefusalFact['differs']> {
  const [was, is] = [then, now].map((one): JsonObject => ({ actor: one.actor.id, ...disclosedLeaves(one, disclose) }));
  const paths = [...new Set([...Object.keys(was ?? {}), ...Object.keys(is ?? {})])];
  const said = (value: Json | undefined): string =>
    value === undefined ? 'nothing' : [...textOf(value)].slice(0, TOLD.value).join('');
  return paths
    .filter((path) => JSON.stringify(was?.[path]) !== JSON.stringify(is?.[path]))
    .slice(0, TOLD.differences)
    .map((path) => ({ label: labelOf(path), was: said(was?.[path]), now: said(is?.[path]) }));
}

/** Both amounts if they can be compared. In doubt the requests count as the same. */
function comparable(
  asked: AmountOfEffect | null,
  refused: AmountOfEffect | null,
): { amount: string; refused: string } | null {
  if (asked === null || asked.value === null || refused === null || refused.value === null) return null;
  return asked.currency === refused.currency ? { amount: asked.value, refused: refused.value } : null;
}

const times = ({ units, scale }: Decimal, factor: bigint): Decimal => ({ units: units * factor, scale });

/** Whether this request, with similar ones since the refusal, reaches the refused amount. */
function reaches({ share }: EarlierRefusal, limits: readonly LimitFact[]): boolean {
  if (share === null) return true;
  const { query, amount, refused } = share;
  const used = limits.find(({ limit, key }) => limit === query.limit && key[0] === query.key[0])?.used ?? '0';
  const asked = addDecimals(parseSum(used), parseSum(amount));
  return compareDecimals(times(asked, REACHES.of), times(parseSum(refused), REACHES.tenths)) >= 0;
}

/** The facts of the refusals that cover this request, the newest of each policy. */
export function refusalFacts(earlier: readonly EarlierRefusal[], limits: readonly LimitFact[]): RefusalFact[] {
  const counting = earlier.filter((one) => reaches(one, limits)).map(({ fact }) => fact);
  return counting.filter(({ policy }, index) => counting.findIndex((one) => one.policy === policy) === index);
}

/** The counters of what was asked for since each refusal. */
export const countersOf = (earlier: readonly EarlierRefusal[]): LimitQuery[] =>
  earlier.flatMap(({ share }) => share?.query ?? []);

/** What this action adds to these counters. It counts as long as the refusal stands. @param now in milliseconds since the epoch */
export const sharesOf = (earlier: readonly EarlierRefusal[], now: number): Reservation[] =>
  earlier.flatMap(({ fact, share }) => {
    if (share === null) return [];
    const windowMs = Math.max(1, Date.parse(fact.until) - now);
    return [{ ...share.query, windowMs, amount: share.amount, max: share.refused }];
  });
