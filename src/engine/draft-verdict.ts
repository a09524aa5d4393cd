/** A verdict as it will be sealed: its record, the release and the permit of what is approved, and the action's state after them. */
import { ENGINE_ID } from '../contract/engine-names.ts';
import type { Action, ActionRequest, JsonObject, PlanStep, Status, VerdictRecord } from '../contract/index.ts';
import { releaseBasisOf } from '../contract/record.ts';
import { approvalView, openApproval } from '../approval/index.ts';
import { applyChanges, asVouched, samenessIn, type CompiledBundle } from '../policy/index.ts';
import { discloseRequest, encodeRecord, requestHash } from '../sealing/index.ts';
import type { ActionState } from '../store/action-state.ts';
import { isCarriedOut } from './activation.ts';
import type { EngineDeps } from './deps.ts';
import { draftRelease } from './draft-release.ts';
import { openedDrill } from './drills.ts';
import { sealedFacts } from './facts.ts';
import { recordActor } from './ids.ts';
import type { MadeJudgment, prepareJudgment } from './judgement.ts';
import { limitsLeft } from './limits-left.ts';
import { keepPeople } from './people.ts';
import type { PermitForms } from './permit.ts';
import { planOf } from './plans/step.ts';
import { sealedEffect } from './refusals.ts';
import { nextHead, type RecordDraft } from './seal.ts';
import { hiddenChanges, sealVerdict } from './sealed-verdict.ts';
import type { JudgeInput } from './types.ts';
import { unseenOf } from './unseen.ts';

export interface VerdictDraftInput {
  input: JudgeInput;
  /** As it was read. */
  request: ActionRequest;
  /** The requester, and the keyed hash that identifies a repeated request. */
  asked: { by: string; mac: string };
  bundle: CompiledBundle | null;
  step: PlanStep | null;
  identity: Parameters<typeof prepareJudgment>[4];
  drill: Parameters<typeof openedDrill>[1] | null;
  /** Why it is refused without being judged; null where it was judged. */
  fault: string | null;
  made: MadeJudgment;
  actionKey: Uint8Array;
}

export interface VerdictDraft {
  state: ActionState;
  drafts: RecordDraft[];
  permit: PermitForms | null;
  /** What policy changed and does not disclose, to be kept before the record that commits to it. */
  hidden: JsonObject | null;
}

/** A step of a plan that policy approves keeps evaluating: it gets its permit in its turn. */
function firstStatus(supervised: boolean, approved: boolean, isStep: boolean): Status {
  if (supervised) return 'supervised';
  if (!approved) return 'refused';
  return isStep ? 'evaluating' : 'released';
}

export async function draftVerdict(
  deps: EngineDeps,
  { input, request, asked, bundle, step, identity, drill, fault, made, actionKey }: VerdictDraftInput,
): Promise<VerdictDraft> {
  const { judgement, facts, counted, shares } = made;
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
    ...(judgement.digestMs === undefined ? {} : { digestMs: judgement.digestMs }),
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
  const encoded = encodeRecord(record);
  const drafts: RecordDraft[] = [{ record, encoded, ...(fault === null ? {} : { releaseReservations: true }) }];
  if (drill !== null && !supervised) {
    const ending = { end: 'void' as const, by: ENGINE_ID, surface: request.surface, at: at.toISOString() };
    drafts.push({ record: openedDrill({ ...action, records: [encoded.hash] }, drill, ending) });
  }
  let permit: PermitForms | null = null;
  if (releases) {
    const changed = verdict.changes === null ? request : applyChanges(request, verdict.changes);
    action.redeemedAt = null;
    const release = await draftRelease(deps, {
      state: { ...state, action: { ...action, records: [encoded.hash] } },
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
    // An action that the engine executes itself needs no external permit.
    permit = isCarriedOut(request) ? null : release.permit;
  }
  return { state, drafts, permit, hidden };
}
