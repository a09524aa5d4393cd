import type { Action, OtherRecord } from '../contract/index.ts';
import { type ActionState, type BreakGlassReview } from './action-state.ts';
import { openPermit } from './permit.ts';
import type { EngineDeps } from './deps.ts';
import { nextHead, readActionState, sealAction } from './seal.ts';
import { summaryOf } from './summary.ts';
import type { SealReviewInput } from './types.ts';

/**
 * Seals what a reviewer found of a break-glass release, or that the review came due and nobody had looked. The release stands either
 * way: a review is a look back, not a decision.
 */
export async function sealReview(deps: EngineDeps, input: SealReviewInput): Promise<Action> {
  const { tenant, id } = input.action;
  const stored = await readActionState(deps, tenant, id);
  if (stored === null || stored.state.review === null) throw new Error('a review of an action that has none');
  const at = deps.now().toISOString();
  const { result } = input;
  const review: BreakGlassReview = {
    ...stored.state.review,
    status: result === null ? 'overdue' : 'done',
    result: result === null ? null : { by: result.by, right: result.right, reason: result.reason, at },
  };
  const record: OtherRecord = {
    ...nextHead(input.action, 'review', at),
    type: 'review',
    by: result?.by ?? null,
    reason: result?.reason ?? null,
    body: {
      surface: stored.state.surface,
      state: review.status,
      right: result?.right ?? null,
      via: result?.via ?? 'engine',
      reviewers: review.reviewers,
      brokenBy: review.by ?? stored.state.actor.id,
      given: review.reason ?? null,
      dueAt: new Date(review.dueAt).toISOString(),
      attestation: input.evidence?.attestation ?? null,
      slack: input.evidence?.slack == null ? null : { ...input.evidence.slack },
      shown: input.evidence?.shown === undefined || input.evidence.shown === null ? null : { ...input.evidence.shown },
    },
  };
  const action: Action = { ...input.action, updatedAt: at };
  const next: ActionState = { ...stored.state, review, action };
  const permit = await permitOf(deps, tenant, id, stored.sealedPermit);
  const sealed = await sealAction(deps, next, [{ record }], permit);
  await keepReview(deps, next);
  return sealed;
}

/** The list of reviews, from which people see what is open and overdue. */
export async function keepReview(deps: Pick<EngineDeps, 'store'>, state: ActionState): Promise<void> {
  const { review, action } = state;
  if (review === null) return;
  await deps.store.reviews.put({
    id: action.id,
    tenant: action.tenant,
    action: action.id,
    openedAt: new Date(state.openedAt).toISOString(),
    by: review.by ?? state.actor.id,
    dueAt: new Date(review.dueAt).toISOString(),
    status: review.status,
    view: {
      surface: state.surface,
      verb: state.verb,
      actor: state.actor.id,
      policy: action.verdict?.policy ?? null,
      rule: action.verdict?.rule ?? null,
      what: summaryOf(state),
      reason: review.reason ?? null,
      reviewers: review.reviewers,
      result: review.result,
    },
  });
}

async function permitOf(
  deps: Pick<EngineDeps, 'store'>,
  tenant: string,
  id: string,
  sealed: string | null,
): Promise<{ sealed: string; clear: string } | null> {
  const payload = sealed === null ? null : await deps.store.payloads.read(tenant, id);
  return sealed === null || payload === null
    ? null
    : { sealed, clear: openPermit(payload.actionKey, tenant, id, sealed) };
}
