import { ENGINE_ID, UNKNOWN_CALLER } from '../contract/engine-names.ts';
import { hashOf } from '../canonical/index.ts';
import {
  CountersignError,
  type Action,
  type ActionRequest,
  type Status,
  type VerdictRecord,
} from '../contract/index.ts';
import { applyChanges, asVouched, samenessIn } from '../policy/index.ts';
import { discloseRequest, requestHash } from '../sealing/index.ts';
import { approvalView, openApproval } from '../approval/index.ts';
import { isCarriedOut, isEngineSurface } from './activation.ts';
import { judgeWithFacts, refusedByFault, type MadeJudgment } from './judgement.ts';
import { openedDrill } from './drills.ts';
import { measured } from './measure.ts';
import { type ActionState } from '../store/action-state.ts';
import { draftRelease } from './draft-release.ts';
import type { EngineDeps } from './deps.ts';
import { releaseBasisOf } from '../contract/record.ts';
import { sealedFacts } from './facts.ts';
import { hooksOf } from './hooks.ts';
import { identify } from './identify.ts';
import { limitsLeft } from './limits-left.ts';
import { keepPeople } from './people.ts';
import { keepReview } from './keep-review.ts';
import { hiddenChanges, sealVerdict } from './sealed-verdict.ts';
import { nextHead, readActionState, sealOrFind, type RecordDraft } from './seal.ts';
import type { PermitForms } from './permit.ts';
import { readStart } from './start-input.ts';
import type { Judged, JudgeInput, StartedInput } from './types.ts';
import { freezeReasonIn } from './freeze.ts';
import { sealedEffect } from './refusals.ts';
import { bodyMac, planWorkflowIdOf, recordActor } from './ids.ts';
import { planOf } from './plans/step.ts';
import { unseenOf } from './unseen.ts';
import { nonRetryable } from './failure.ts';
import { lastingFault } from './fault.ts';

/** What the workflow has to know of a stored action. */
export function judgedOf(
  deps: Pick<EngineDeps, 'endpoints'>,
  state: ActionState,
  action: Action,
  { callback, execution }: Pick<ActionRequest, 'callback' | 'execution'>,
): Judged {
  const hooks = hooksOf(action.tenant, state.notify, deps.endpoints);
  const { plan, openedAt, outcomeWithinMs, permitMs, announced, review } = state;
  return {
    action,
    plan: state.approval === null ? null : plan,
    openedAt,
    outcomeWithinMs,
    permitMs,
    announced,
    callback: callback !== undefined,
    review: review === null || review.status === 'done' ? null : { openedAt, dueAt: review.dueAt },
    activates: isEngineSurface(state.surface),
    ...(state.releaseAfterMs === undefined ? {} : { held: true }),
    ...(hooks.length === 0 ? {} : { hooks }),
    ...(execution === undefined ? {} : { executes: true }),
    ...(state.step === undefined
      ? {}
      : { planWorkflow: planWorkflowIdOf(action.tenant, state.step.plan), quiet: true }),
  };
}

/**
 * Judges an action and seals the verdict; what is approved is released in the same append.
 *
 * Durable writes, in order: the payload under its own key; the reservations with the judgement, where a limit is asked; verdict,
 * release, permit and state in one transaction of the log. A crash after any of them leads, by running this again, to the same
 * answer: each write is found and used, never made twice.
 */
export async function judge(deps: EngineDeps, started: StartedInput): Promise<Judged> {
  const { input, request } = await readStart(deps, started);
  try {
    return await judgeAndSeal(deps, input, request, null);
  } catch (error) {
    const fault = lastingFault(error);
    if (fault === null) throw error;
    deps.log.error({ err: error, action: input.id, tenant: input.tenant }, 'an action is refused: it cannot be judged');
    return judgeAndSeal(deps, input, request, fault);
  }
}

/** A step of a plan that policy approves keeps evaluating: it gets its permit in its turn. */
function firstStatus(supervised: boolean, approved: boolean, isStep: boolean): Status {
  if (supervised) return 'supervised';
  if (!approved) return 'refused';
  return isStep ? 'evaluating' : 'released';
}

/** @param lasting why this request is refused without being judged; null to judge it. */
async function judgeAndSeal(
  deps: EngineDeps,
  input: JudgeInput,
  request: ActionRequest,
  lasting: string | null,
): Promise<Judged> {
  // These queries run concurrently, because a caller waits. They start before the limits' locks are taken, so they never wait behind them.
  const look = deps.register.current(input.tenant);
  look.catch(() => undefined);
  const { requester, bundle: pinned, step, facts: known } = await identify(deps, input);
  const hash = pinned ?? (await deps.bundles.inForce(input.tenant));
  const bundle = hash === null ? null : await deps.bundles.compiled(input.tenant, hash);
  const covered = bundle !== null && bundle.surfaces.covering(request.surface).length > 0;
  const tried =
    request.execution === undefined ||
    lasting !== null ||
    !covered ||
    (known.conflict ?? freezeReasonIn(await look, request.surface, request.actor)) !== null
      ? { execution: undefined, fault: null }
      : await measured(deps, input.tenant, request);
  const drill = deps.register.drills.find(await look, input.tenant, input.id);
  const fault = lasting ?? tried.fault;
  const identity = { ...known, ...(tried.execution === undefined ? {} : { execution: tried.execution }) };
  const asked = { by: requester ?? UNKNOWN_CALLER, mac: macOf(input, request) };
  const [{ judgement, facts, counted, shares, committed }, payload] = await Promise.all([
    fault === null
      ? judgedOrDrilled(deps, bundle, input, look, identity, drill !== null)
      : refusedByFault(deps, bundle, request, identity, fault),
    deps.store.payloads.create(input.tenant, input.id, { request, asked }),
  ]);
  if (payload === null) return judgedBefore(deps, input);
  const { actionKey } = payload;
  const { verdict, plan } = judgement;
  const at = deps.now();
  const openedAt = Date.parse(facts.now);
  const disclosure = discloseRequest(request, judgement.disclose, actionKey);
  const { disclosed, commitments } = disclosure;
  const supervised = verdict.decision === 'supervise' && plan !== null;
  const approved = verdict.decision === 'approve' || verdict.decision === 'constrain';
  // A step gets its permit in its turn.
  const releases = approved && step === null;
  const sameness = bundle === null || !supervised ? [] : samenessIn(bundle, asVouched(request, identity));
  const effect = sealedEffect(deps, input.tenant, judgement.effect, sameness, supervised);
  const approval = supervised ? openApproval(plan, openedAt) : null;
  const unseen = supervised ? unseenOf(request, judgement, actionKey) : [];
  const action: Action = {
    id: input.id,
    tenant: input.tenant,
    status: firstStatus(supervised, approved, step !== null),
    requestHash: requestHash(request, actionKey),
    verdict,
    approval: approval === null ? null : approvalView(approval),
    permit: null,
    records: [],
    createdAt: input.createdAt,
    updatedAt: at.toISOString(),
    ...(step === null ? {} : { plan: planOf(step) }),
    ...(request.reverses === undefined ? {} : { reverses: request.reverses }),
  };
  const actor = recordActor(request.actor, identity.identities);
  const inRecord = sealVerdict(verdict, judgement.disclose, actionKey, { seq: 0 });
  const hidden = hiddenChanges(verdict, inRecord);
  const record = await keepPeople<VerdictRecord>(deps, {
    ...nextHead(action, 'verdict', at.toISOString()),
    surface: request.surface,
    verb: request.action,
    actor,
    verdict: inRecord,
    observed:
      judgement.observed &&
      sealVerdict(judgement.observed, judgement.disclose, actionKey, { seq: 0, place: 'observed' }),
    facts: sealedFacts({ facts, counted }, request, disclosure, actionKey, 0),
    plan,
    disclosed,
    commitments,
    ...(request.reverses === undefined ? {} : { reverses: request.reverses }),
    ...(step === null ? {} : { step }),
    ...(effect === null ? {} : { effect }),
    ...(unseen.length === 0 ? {} : { unseen }),
    ...(shares.length === 0 ? {} : { shares: deps.register.shares.seal(input.tenant, input.id, shares) }),
  });
  const state: ActionState = {
    action,
    surface: request.surface,
    verb: request.action,
    actor,
    ...(step === null ? {} : { step }),
    requester: asked.by,
    bodyMac: asked.mac,
    disclosed,
    withheld: Object.keys(commitments).length,
    ...(judgement.show.length > 0 ? { show: judgement.show } : {}),
    ...(unseen.length > 0 ? { unseen } : {}),
    limits: limitsLeft(judgement, facts),
    notify: judgement.notify,
    plan,
    approval,
    openedAt,
    outcomeWithinMs: judgement.outcomeWithinMs,
    collectWithinMs: judgement.collectWithinMs,
    permitMs: judgement.permitMs,
    effect: judgement.effect,
    ...(judgement.releaseAfterMs > 0 ? { releaseAfterMs: judgement.releaseAfterMs } : {}),
    retainMs: judgement.retainMs,
    announced: supervised || judgement.review !== null || judgement.grant !== undefined,
    review:
      judgement.review === null
        ? null
        : {
            reviewers: judgement.review.approvers,
            refs: judgement.review.refs,
            dueAt: openedAt + judgement.review.withinMs,
            status: 'open',
            result: null,
            by: judgement.review.by,
            reason: judgement.review.reason,
          },
    outcome: null,
    ...(facts.execution === undefined ? {} : { execution: facts.execution }),
    ...(facts.provenance === undefined ? {} : { provenance: facts.provenance }),
    ...(facts.oncall === undefined ? {} : { oncall: facts.oncall }),
    ...(facts.advice === undefined ? {} : { advice: facts.advice }),
  };
  // An earlier attempt may have reserved something, which is given back.
  const drafts: RecordDraft[] = [{ record, ...(fault === null ? {} : { releaseReservations: true }) }];
  if (drill !== null && !supervised) {
    const ending = { end: 'void' as const, by: ENGINE_ID, surface: request.surface, at: at.toISOString() };
    drafts.push({ record: openedDrill({ ...action, records: [hashOf(record)] }, drill, ending) });
  }
  let permit: PermitForms | null = null;
  if (releases) {
    const changed = verdict.changes === null ? request : applyChanges(request, verdict.changes);
    action.redeemedAt = null;
    const release = await draftRelease(deps, {
      state: { ...state, action: { ...action, records: [hashOf(record)] } },
      collectWithinMs: judgement.collectWithinMs ?? null,
      afterMs: judgement.releaseAfterMs,
      offline: judgement.offline === true,
      basis: releaseBasisOf(verdict),
      request: changed,
      changes: verdict.changes,
      actionKey,
      rejudged: null,
      at,
    });
    drafts.push(release.draft);
    Object.assign(state, release.until);
    // An action that the engine carries out itself needs no external permit.
    permit = isCarriedOut(request) ? null : release.permit;
  }
  // Stored before the record that commits to them.
  if (hidden !== null) {
    await deps.store.payloads.update(input.tenant, input.id, (stored) => ({ ...stored, changes: hidden }));
  }
  await committed;
  const sealed = await sealOrFind(deps, state, drafts, permit);
  sameRequest(sealed.state, input, request);
  await keepReview(deps, { ...sealed.state, action: sealed.action });
  return judgedOf(deps, sealed.state, sealed.action, request);
}

const NOBODY_ASKED = 'it was planted as a drill, and policy asks nobody about it; nothing of it happens';

/** A drill reserves nothing, and is refused where policy asks nobody. */
async function judgedOrDrilled(
  deps: EngineDeps,
  bundle: Parameters<typeof judgeWithFacts>[1],
  input: JudgeInput,
  look: Parameters<typeof judgeWithFacts>[3],
  identity: Parameters<typeof judgeWithFacts>[4],
  isDrill: boolean,
): Promise<MadeJudgment> {
  if (!isDrill) return judgeWithFacts(deps, bundle, input, look, identity);
  const made = await judgeWithFacts(deps, bundle, input, look, identity, { reserves: false });
  const { decision } = made.judgement.verdict;
  if (decision === 'supervise' || decision === 'refuse') return made;
  return refusedByFault(deps, bundle, input.request, identity, NOBODY_ASKED);
}
/** The keyed hash that recognises a repeated body; a step has that of its plan. It can only refuse. */
const macOf = ({ mac, idempotencyKey }: JudgeInput, request: ActionRequest): string =>
  mac ?? bodyMac(idempotencyKey, request);

/** A closed workflow can be started again under its id. With another request it is refused. */
function sameRequest(stored: ActionState, input: JudgeInput, request: ActionRequest): void {
  if (stored.bodyMac === macOf(input, request)) return;
  throw nonRetryable(
    'this idempotency key was used for another request; use a new key for a new action',
    'idempotency-key-reused',
  );
}

/** The answer of a judged action whose payload was erased since. */
async function judgedBefore(deps: EngineDeps, input: JudgeInput): Promise<Judged> {
  const judged = await findJudged(deps, input);
  if (judged === null) throw new CountersignError('unavailable', 'the action could not be stored; try again');
  return judged;
}

/**
 * The verdict that is sealed already, or null.
 *
 * @throws ApplicationFailure that is not retried, when the workflow was started again with another request.
 */
export async function findJudged(deps: EngineDeps, started: StartedInput): Promise<Judged | null> {
  const { input, request } = await readStart(deps, started);
  const stored = await readActionState(deps, input.tenant, input.id);
  if (stored === null) return null;
  sameRequest(stored.state, input, request);
  await keepReview(deps, stored.state);
  return judgedOf(deps, stored.state, stored.state.action, request);
}
