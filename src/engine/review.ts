import { ENGINE_VIA } from '../contract/engine-names.ts';
import type { Action, OtherRecord } from '../contract/index.ts';
import type { ActionState, BreakGlassReview } from '../store/action-state.ts';
import { withAttestation } from '../sealing/index.ts';
import { admitTo } from './admit.ts';
import type { EngineDeps } from './deps.ts';
import { keepReview } from './keep-review.ts';
import { readLife, type Life } from './life.ts';
import { keepPeople } from './people.ts';
import { insist, nextHead, permitOf, sealNext, withPermit } from './seal.ts';
import type { Admitted, Refusal, SealReviewInput } from './types.ts';

/**
 * Seals a reviewer's finding about a break-glass release, or that nobody reviewed it in time. The release stands either way, because a
 * review is not a decision.
 */
export function sealReview(deps: EngineDeps, input: SealReviewInput): Promise<Action | { refusal: Refusal }> {
  const { tenant, id } = input.action;
  return insist(async () => {
    const life = await readLife(deps, tenant, id);
    if (life === null || life.state.review === null) throw new Error('a review of an action that has none');
    const before = life.state.review;
    const admitted =
      input.attestation === undefined
        ? null
        : await admitTo(deps, life, { attestation: input.attestation, kind: 'review' });
    if (admitted !== null && 'refusal' in admitted) return admitted;
    const now = deps.now();
    // There is no finding, and the review is not overdue, or that was sealed before.
    if (admitted === null && (before.status !== 'open' || now.getTime() < before.dueAt)) {
      return withPermit(deps, life.state, life.sealedPermit);
    }
    const word = admitted !== null && 'review' in admitted ? admitted : null;
    if (admitted !== null && word === null)
      return { refusal: { code: 'invalid-request', message: 'this is not a review message' } };
    const at = now.toISOString();
    const sealed = await sealWord(deps, life, before, word, at);
    return sealed;
  });
}

type AdmittedReview = Extract<Admitted, { review: unknown }>;

async function sealWord(
  deps: EngineDeps,
  { state, sealedPermit }: Life,
  before: BreakGlassReview,
  admitted: AdmittedReview | null,
  at: string,
): Promise<Action | null> {
  const word = admitted?.review ?? null;
  const review: BreakGlassReview = {
    ...before,
    status: word === null ? 'overdue' : 'done',
    result: word === null ? null : { by: word.by, right: word.right, reason: word.reason, at },
  };
  const bare: OtherRecord = {
    ...nextHead(state.action, 'review', at),
    type: 'review',
    by: word?.by ?? null,
    reason: word?.reason ?? null,
    body: {
      surface: state.surface,
      state: review.status,
      right: word?.right ?? null,
      via: word?.via ?? ENGINE_VIA,
      reviewers: review.reviewers,
      brokenBy: review.by ?? state.actor.id,
      given: review.reason ?? null,
      dueAt: new Date(review.dueAt).toISOString(),
      attestation: admitted?.evidence.attestation ?? null,
      slack: admitted?.evidence.slack == null ? null : { ...admitted.evidence.slack },
      shown: admitted?.evidence.shown == null ? null : { ...admitted.evidence.shown },
    },
  };
  const folded = await keepPeople(deps, bare);
  const record = word === null ? folded : await withAttestation(folded, deps.attestation());
  const { tenant, id } = state.action;
  const next: ActionState = { ...state, review, action: { ...state.action, updatedAt: at } };
  const payload = sealedPermit === null ? null : await deps.store.payloads.read(tenant, id);
  const permit = permitOf(payload?.actionKey ?? null, state.action, sealedPermit);
  const sealed = await sealNext(deps, next, [{ record }], permit);
  if (sealed !== null) await keepReview(deps, next);
  return sealed;
}
