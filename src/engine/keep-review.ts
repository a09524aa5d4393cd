import type { ActionState } from '../store/action-state.ts';
import type { EngineDeps } from './deps.ts';
import { summaryOf } from './summary.ts';

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
