import { ApplicationFailure } from '@temporalio/activity';
import {
  CountersignError,
  type Action,
  type ActionRequest,
  type Actor,
  type Facts,
  type Judgement,
  type LimitFact,
} from '../contract/index.ts';
import { evaluate, requiredFacts, type CompiledBundle } from '../policy/index.ts';
import type { NewPayload } from '../store/index.ts';
import { isEngineSurface } from './activation.ts';
import { identify, requestOf, type Asker } from './asked.ts';
import type { Course } from './course.ts';
import type { ActivityDeps } from './deps.ts';
import { draftVerdict } from './drafts.ts';
import { withoutValues, withValues, type Found, type Kept } from './facts.ts';
import { hooksOf } from './notify-webhook.ts';
import { keepReview } from './review.ts';
import { readCourse, sealStaged, stageCourse, type StagedCourse } from './seal.ts';
import type { Judged, JudgeInput } from './types.ts';

/** The people that policy names, as the directory has them now. */
export function peopleFacts(
  deps: Pick<ActivityDeps, 'directory'>,
  request: ActionRequest,
  refs: readonly string[],
): Facts['people'] {
  const directory = deps.directory.current();
  return Object.fromEntries([...new Set(refs)].sort().map((ref) => [ref, directory.resolve(ref, request.actor)]));
}

/** Why nothing of this kind may be released now, or null. */
export async function frozen(
  deps: Pick<ActivityDeps, 'store'>,
  tenant: string,
  surface: string,
  actor: Actor,
): Promise<string | null> {
  const actors: string[] = [];
  for (let at: Actor | undefined = actor; at !== undefined; at = at.onBehalfOf) actors.push(at.id);
  const freeze = (await deps.store.freezes.active(tenant)).find(
    ({ scope, value }) =>
      scope === 'tenant' ||
      (scope === 'surface' && value === surface) ||
      (scope === 'actor' && actors.includes(value ?? '')),
  );
  return freeze === undefined
    ? null
    : `${freeze.scope === 'tenant' ? 'everything' : `the ${freeze.scope} \`${freeze.value}\``} is frozen: ${freeze.reason}`;
}

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
  notify: [],
  outcomeWithinMs: 600_000,
  permitMs: 300_000,
  retainMs: null,
  review: null,
  trace: [],
};

/** What an action is judged on before any limit is asked. */
interface Basis {
  request: ActionRequest;
  asker: Asker;
  bundle: CompiledBundle | null;
  /** When it was judged. */
  now: Date;
  /** Why nothing is released whatever policy says, or null. */
  finding: Promise<string | null>;
}

async function basisOf(deps: ActivityDeps, input: JudgeInput): Promise<Basis> {
  const request = requestOf(input);
  // Side by side: somebody waits for the answer. What is asked here is asked before a limit's locks are, so it never waits for them.
  const freeze = frozen(deps, input.tenant, request.surface, request.actor);
  freeze.catch(() => undefined);
  const asker = await identify(deps, input);
  if (asker.requester === 'unknown' && (await deps.store.apiKeys.list(input.tenant)).length === 0) {
    // Whoever can write to the namespace must not be able to make tenants, each with its log and its keys.
    throw ApplicationFailure.nonRetryable(
      'there is no such tenant, or no valid token came with the request',
      'unauthenticated',
    );
  }
  const hash = asker.bundle ?? (await deps.bundles.inForce(input.tenant));
  const bundle = hash === null ? null : await deps.bundles.compiled(input.tenant, hash);
  const finding = asker.conflict === null ? freeze : Promise.resolve(asker.conflict);
  return { request, asker, bundle, now: deps.now(), finding };
}

/** The limits that a judgement asks, and the judgement for what they say. */
function questionOf(deps: ActivityDeps, { request, asker, bundle, now, finding }: Basis) {
  const required = bundle === null ? { people: [], limits: [] } : requiredFacts(bundle, request);
  const { spokenFor } = asker;
  const judgeBy = async (limits: LimitFact[]): Promise<Kept> => {
    const facts: Facts = {
      now: now.toISOString(),
      limits,
      people: peopleFacts(deps, request, required.people),
      conflict: await finding,
      ...(spokenFor === null ? {} : { spokenFor }),
    };
    if (bundle === null) return { judgement: NO_BUNDLE, facts };
    return { judgement: { ...evaluate(bundle, request, facts), trace: [] }, facts };
  };
  return { limits: required.limits, judgeBy };
}

/**
 * A verdict made ready in memory before anything of it may be written: judged by the limits as they were read without a lock. It holds
 * where, under their locks, they still say the same and the action's payload is new; else it is made anew.
 */
export interface Foreseen {
  basis: Basis;
  found: Found;
  /** `found` as it is kept with its reservations. */
  kept: Kept;
  payload: NewPayload;
  staged: StagedCourse;
}

/** Makes a verdict ready. Writes nothing. */
export async function foresee(deps: ActivityDeps, input: JudgeInput): Promise<Foreseen> {
  const basis = await basisOf(deps, input);
  const { request, asker, now } = basis;
  const { limits, judgeBy } = questionOf(deps, basis);
  const value = await judgeBy(await deps.store.limits.usage(input.tenant, input.id, limits, now));
  const kept = withoutValues(value, limits);
  const found = limits.length === 0 ? { ...value, counted: [] } : withValues(kept, request);
  const payload = deps.store.payloads.draw(input.tenant, input.id, { request } as never);
  const { actionKey } = payload;
  const drafted = await draftVerdict(deps, { input, request, requester: asker.requester, found, actionKey });
  return { basis, found, kept, payload, staged: await stageCourse(deps, drafted) };
}

/** One evaluation; limits are read and reserved in one transaction. What was foreseen is the answer where it still holds. */
async function decide(
  deps: ActivityDeps,
  { tenant, id }: JudgeInput,
  basis: Basis,
  foreseen: Foreseen | null,
): Promise<{ found: Found; committed: Promise<void> }> {
  const { limits, judgeBy } = questionOf(deps, basis);
  if (limits.length === 0) {
    return { found: foreseen?.found ?? { ...(await judgeBy([])), counted: [] }, committed: Promise.resolve() };
  }
  const expected =
    foreseen === null
      ? undefined
      : {
          facts: foreseen.kept.facts.limits,
          reservations: foreseen.found.judgement.reservations,
          value: foreseen.kept as never,
        };
  const decided = await deps.store.limits.decide(
    tenant,
    id,
    limits,
    basis.now,
    async (facts) => {
      const value = await judgeBy(facts);
      return { reservations: value.judgement.reservations, value: withoutValues(value, limits) as never };
    },
    expected,
  );
  const kept = decided.value as unknown as Kept;
  const { committed } = decided;
  return { found: kept === foreseen?.kept ? foreseen.found : withValues(kept, basis.request), committed };
}

function judgedOf(deps: ActivityDeps, course: Course, action: Action): Judged {
  const hooks = hooksOf(action.tenant, course.notify, deps.endpoints);
  const { plan, openedAt, outcomeWithinMs, announced, review } = course;
  return {
    action,
    plan: course.approval === null ? null : plan,
    openedAt,
    outcomeWithinMs,
    announced,
    review: review === null ? null : { openedAt, dueAt: review.dueAt },
    activates: isEngineSurface(course.surface),
    ...(hooks.length === 0 ? {} : { hooks }),
  };
}

/**
 * Judges an action and seals the verdict; what is approved is released in the same append.
 *
 * Durable writes, in order: the payload under its own key; the reservations with the judgement, where a limit is asked; verdict,
 * release, permit and course in one transaction of the log. A crash after any of them leads, by running this again, to the same
 * answer: each write is found and used, never made twice.
 */
export async function judge(deps: ActivityDeps, input: JudgeInput, foreseen: Foreseen | null = null): Promise<Judged> {
  const { tenant, id } = input;
  const basis = foreseen?.basis ?? (await basisOf(deps, input));
  const { request, asker } = basis;
  const drawn = foreseen?.payload ?? deps.store.payloads.draw(tenant, id, { request } as never);
  const [{ found, committed }, payload] = await Promise.all([
    decide(deps, input, basis, foreseen),
    deps.store.payloads.create(tenant, id, drawn),
  ]);
  if (payload === null) return judgedBefore(deps, input);
  const { actionKey } = payload;
  const staged =
    foreseen !== null && found === foreseen.found && actionKey === foreseen.payload.actionKey
      ? foreseen.staged
      : await stageCourse(
          deps,
          await draftVerdict(deps, { input, request, requester: asker.requester, found, actionKey }),
        );
  await committed;
  const sealed = await sealStaged(deps, staged);
  await keepReview(deps, { ...sealed.course, action: sealed.action });
  return judgedOf(deps, sealed.course, sealed.action);
}

/** The answer of an action that was judged, and whose payload was erased since. */
async function judgedBefore(deps: ActivityDeps, { tenant, id }: JudgeInput): Promise<Judged> {
  const stored = await readCourse(deps, tenant, id);
  if (stored === null) throw new CountersignError('unavailable', 'the action could not be stored; try again');
  await keepReview(deps, stored.course);
  return judgedOf(deps, stored.course, stored.course.action);
}
