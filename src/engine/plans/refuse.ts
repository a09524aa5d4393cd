/** Refusals that follow from a plan. They name no policy, because none refused, so judging them again gives the same answer. */
import type { PlanStep, Verdict, VerdictRecord } from '../../contract/index.ts';
import { discloseRequest } from '../../sealing/index.ts';
import type { EngineDeps } from '../deps.ts';
import { readWholeLife } from '../life.ts';
import { insist, nextHead, returnsOf, sealNext } from '../seal.ts';

export const refusedForPlan = (why: string): Verdict => ({
  decision: 'refuse',
  basis: 'plan',
  bundle: null,
  policy: null,
  rule: null,
  reasons: [why],
  mode: 'enforce',
  changes: null,
});

const DIFFERS = 'its executor would do something else than the step that was reviewed in its plan';

/**
 * Refuses a step whose executor came with another request than the reviewed one, while nobody began it. The refusal and a redemption both
 * want to be the next record of the action, so exactly one of them is sealed.
 *
 * @param jti of the presented permit; an old permit says nothing about the current release
 * @returns the step; null for an action that is not a step, or is not waiting to begin
 */
export function refuseStep(
  deps: Pick<EngineDeps, 'store' | 'sequencer' | 'signers' | 'hub' | 'now'>,
  tenant: string,
  id: string,
  jti: string,
): Promise<PlanStep | null> {
  return insist<{ step: PlanStep | null }>(async () => {
    const life = await readWholeLife(deps, tenant, id);
    const step = life?.verdict.step;
    if (life === null || step === undefined || life.payload === null) return { step: null };
    const { state, verdict: first, payload, release, redemption } = life;
    if (state.action.status !== 'released' || redemption !== null || release?.permit.jti !== jti) return { step: null };
    const at = deps.now().toISOString();
    const seq = state.action.records.length;
    const verdict = refusedForPlan(DIFFERS);
    const record: VerdictRecord = {
      ...nextHead(state.action, 'verdict', at),
      surface: state.surface,
      verb: state.verb,
      actor: state.actor,
      verdict,
      observed: null,
      facts: { now: at, limits: [], people: {}, conflict: null },
      plan: null,
      ...discloseRequest(payload.request, Object.keys(first.disclosed), payload.actionKey, seq),
      ...returnsOf(first),
    };
    const action = { ...state.action, status: 'refused' as const, verdict, updatedAt: at };
    const sealed = await sealNext(deps, { ...state, action }, [{ record, releaseReservations: true }], null);
    return sealed === null ? null : { step };
  }).then(({ step }) => step);
}
