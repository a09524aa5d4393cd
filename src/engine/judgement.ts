/** Judges a request by the current bundle, after gathering facts and counting limits. */
import {
  CountersignError,
  type ActionRequest,
  type Facts,
  type Judgement,
  type LimitFact,
  type Reservation,
} from '../contract/index.ts';
import {
  advisersOf,
  asksPrograms,
  asVouched,
  evaluate,
  requiredFacts,
  samenessIn,
  type CompiledBundle,
} from '../policy/index.ts';
import type { Looked, LimitShare } from '../register/index.ts';
import type { Alongside, Committing } from '../store/index.ts';
import { adviceFacts } from './advice.ts';
import { judgementBudget } from './budget.ts';
import type { EngineDeps } from './deps.ts';
import {
  createVoucher,
  withoutValues,
  withValues,
  type Judgment,
  type VouchedJudgment,
  type StoredJudgment,
} from './facts.ts';
import { freezeReasonIn } from './freeze.ts';
import { countersOfGrants, grantFacts, grantsFor, grantShares } from './grants.ts';
import type { IdentityFacts } from './identify.ts';
import { COUNTS_LESS, COUNTS_MAX, countsLess, leastCounts, sharesOfReservations } from './limit-count.ts';
import { peopleFacts } from './oncall.ts';
import { SilentPolicy } from './programs.ts';
import { countersOf, earlierRefusals, refusalFacts, sharesOf } from './refusals.ts';
import { readActionState } from './seal.ts';
import type { JudgeInput } from './types.ts';

const NO_BUNDLE: Judgement = {
  verdict: {
    decision: 'refuse',
    basis: 'silence',
    bundle: null,
    policy: null,
    rule: null,
    reasons: ['no policy is in force'],
    mode: 'enforce',
    changes: null,
  },
  observed: null,
  plan: null,
  reservations: [],
  disclose: [],
  show: [],
  material: [],
  notify: [],
  outcomeWithinMs: 600_000,
  collectWithinMs: null,
  permitMs: 300_000,
  releaseAfterMs: 0,
  retainMs: null,
  effect: null,
  review: null,
  trace: [],
};

/** A judgement and its shares of limits. Seal nothing before `committed`. */
export type MadeJudgment = Judgment & { shares: readonly LimitShare[]; committed: Promise<void> };

/** A judgement, and what remains to be done until it holds. */
export interface PreparedJudgment {
  /** The judgement without any lock; null where it is only made under the limits' locks. */
  early: MadeJudgment | null;
  /** What the early judgement takes of limits, to be written with its record. */
  alongside(): Alongside[];
  /** The early judgement is sealed, with what it takes. */
  sealed(): void;
  /** The judgement that holds, with its reservations: the early one, if nothing changed meanwhile. */
  settle(): Promise<MadeJudgment>;
  /** Must be called once, whatever happened. */
  end(): void;
}

/** A judgement that takes nothing from any limit. */
export const settled = (made: MadeJudgment): PreparedJudgment => ({
  early: made,
  alongside: () => [],
  sealed: () => undefined,
  settle: () => Promise.resolve(made),
  end: () => undefined,
});

/**
 * One evaluation with freshly gathered facts. Limits are read and reserved in one transaction. With `beside`, they are read immediately,
 * concurrently to another wait, and reserved in one round trip if they have not changed since.
 */
export async function prepareJudgment(
  deps: EngineDeps,
  bundle: CompiledBundle | null,
  input: JudgeInput,
  look: Promise<Looked>,
  identity: IdentityFacts & Pick<Facts, 'execution'>,
  { reserves = true, beside = false }: { reserves?: boolean; beside?: boolean } = {},
): Promise<PreparedJudgment> {
  const now = deps.now();
  const facts: Facts = {
    now: now.toISOString(),
    limits: [],
    people: {},
    ...identity,
  };
  const { tenant, request } = input;
  const finding = async (): Promise<string | null> =>
    identity.conflict ?? freezeReasonIn(await look, request.surface, request.actor);
  const heard = asVouched(request, identity);
  const free = { shares: [], committed: Promise.resolve() };
  if (bundle === null)
    return settled({ judgement: NO_BUNDLE, facts: { ...facts, conflict: await finding() }, counted: [], ...free });
  const required = requiredFacts(bundle, heard);
  const { refusals, grants } = await look;
  const standing = grantsFor(grants.values(), bundle, heard, now.getTime());
  const sameness = refusals.length === 0 ? [] : samenessIn(bundle, heard);
  const earlier = await earlierRefusals(deps, tenant, refusals, { bundle, request }, sameness, now.getTime());
  const again = earlier.flatMap(({ fact }) => fact.ask ?? []);
  Object.assign(facts, await peopleFacts(deps, tenant, request, [...required.people, ...again]));
  const asking = deps.bundles.asking(bundle);
  const judge = async (limits: LimitFact[]): Promise<{ judgement: Judgement; facts: Facts }> => {
    const counting = refusalFacts(earlier, limits);
    const covering = grantFacts(standing, limits);
    const complete = {
      ...facts,
      conflict: await finding(),
      limits: limits.slice(0, required.limits.length),
      ...(counting.length === 0 ? {} : { refusals: counting }),
      ...(covering.length === 0 ? {} : { grants: covering }),
    };
    const { value, silence } = await asking.judged((by) =>
      evaluate(by, request, complete, { late: judgementBudget() }),
    );
    if (silence !== null) throw new SilentPolicy(silence);
    return { judgement: { ...value, trace: [] }, facts: complete };
  };
  const queries = [...required.limits, ...countersOf(earlier), ...countersOfGrants(standing)];
  const asked = advisersOf(bundle, heard);
  if (asked.length > 0 && (await finding()) === null) {
    // Only where something would be released or people asked, and before the limits are locked.
    const { judgement } = await judge(await deps.store.limits.usage(tenant, input.id, queries, now));
    if (judgement.verdict.decision !== 'refuse') {
      facts.advice = await adviceFacts(deps, bundle, { tenant, id: input.id, request, judgement, now });
    }
  }
  if (queries.length === 0) return settled({ ...(await judge([])), counted: [], ...free });
  const counted = required.limits.map(({ paths }) => paths);
  if (!reserves) {
    const judged = await judge(await deps.store.limits.usage(tenant, input.id, queries, now));
    // As long as for other actions, so that nobody recognises a drill by it.
    const shares = sharesOfReservations(judged.judgement.reservations, now.getTime());
    return settled({ ...judged, counted, ...free, shares: shares.map((share) => ({ ...share, amount: '0' })) });
  }
  const slow = asksPrograms(bundle);
  // Slow questions come before the limits are locked.
  if (slow) await judge(await deps.store.limits.usage(tenant, input.id, queries, now));
  const { vouched, isVouched, recorded } = createVoucher(deps, tenant, input.id);
  const takes = ({ judgement }: Pick<Judgment, 'judgement'>): Reservation[] => {
    const { reservations, verdict, grant } = judgement;
    const more =
      verdict.decision === 'refuse'
        ? []
        : [...sharesOf(earlier, now.getTime()), ...grantShares(standing, grant, now.getTime())];
    return [...reservations, ...more];
  };
  const stored = (made: Pick<Judgment, 'judgement' | 'facts'>, shares: LimitShare[]): VouchedJudgment =>
    vouched({ ...withoutValues(made, required.limits), shares });
  const isTooLittle = async (limits: readonly LimitFact[]): Promise<boolean> =>
    countsLess(limits, leastCounts(await look, queries, now.getTime()));

  const underLocks = async (): Promise<MadeJudgment> => {
    const decide = (): Promise<Committing<VouchedJudgment>> =>
      deps.store.limits.decide<VouchedJudgment>(...([tenant, input.id, queries, now] as const), async (limits) => {
        // Under the locks nothing more can be reserved of these limits.
        if (await isTooLittle(limits)) throw new CountedLess();
        const value = await judge(limits);
        const reservations = takes(value);
        return { reservations, value: stored(value, sharesOfReservations(reservations, now.getTime())) };
      });
    const decided = await counting(deps, tenant, decide);
    if (decided === null) return refusedByFault(deps, bundle, request, identity, COUNTS_LESS);
    if (decided.value.judgement === undefined && (await readActionState(deps, tenant, input.id)) !== null)
      throw judgedMeanwhile();
    if (!isVouched(decided.value)) {
      deps.log.error({ action: input.id, tenant }, 'somebody wrote a judgement into the database');
      const refused = refusedByFault(deps, bundle, request, identity, FORGED);
      return { ...refused, committed: decided.committed };
    }
    const { shares = [] } = decided.value;
    return { ...withValues(decided.value as StoredJudgment, heard), shares, committed: decided.committed };
  };

  const glance = beside && !slow ? await deps.store.limits.glance(tenant, input.id, queries, now) : null;
  const later = { early: null, settle: underLocks, alongside: () => [], sealed: () => undefined };
  if (glance === null) return { ...later, end: () => undefined };
  const { facts: limits, take, taken, alongside, end } = glance;
  try {
    // The count under the locks checks again, and refuses if it has to.
    if (await isTooLittle(limits)) return { ...later, end };
    const value = await judge(limits);
    const reservations = takes(value);
    const shares = sharesOfReservations(reservations, now.getTime());
    const early: MadeJudgment = { ...value, counted, shares, committed: free.committed };
    // Nobody asks again for a judgement whose record is written with it.
    const withRecord = { reservations, value: recorded() };
    return {
      early,
      end,
      alongside: () => [alongside(withRecord)],
      sealed: () => taken(withRecord),
      settle: async () => ((await take({ reservations, value: stored(value, shares) })) ? early : underLocks()),
    };
  } catch (error) {
    end();
    throw error;
  }
}

class CountedLess extends Error {}

/** Its record is sealed. */
const judgedMeanwhile = (): CountersignError =>
  new CountersignError('unavailable', 'the action was judged by somebody else meanwhile; ask again with the same key');

/** Null when the database still counts less than the records after several tries. */
async function counting<T>(
  { register }: Pick<EngineDeps, 'register'>,
  tenant: string,
  decide: () => Promise<T>,
): Promise<T | null> {
  for (let count = 1; ; count += 1) {
    try {
      return await decide();
    } catch (error) {
      if (!(error instanceof CountedLess)) throw error;
    }
    if (count === COUNTS_MAX) return null;
    await register.atOnce(() => register.current(tenant));
  }
}

const FORGED = 'what the database holds of its judgement is not what this engine wrote; nothing is released by it';

/** Refuses a request that cannot be judged. The facts say why. */
export function refusedByFault(
  deps: EngineDeps,
  bundle: CompiledBundle | null,
  request: ActionRequest,
  identity: IdentityFacts & Pick<Facts, 'execution'>,
  fault: string,
): MadeJudgment {
  const facts: Facts = { now: deps.now().toISOString(), limits: [], people: {}, ...identity, fault };
  const judgement = bundle === null ? NO_BUNDLE : evaluate(bundle, request, facts);
  return { judgement: { ...judgement, trace: [] }, facts, counted: [], shares: [], committed: Promise.resolve() };
}
