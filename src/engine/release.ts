import type { Action, VerdictRecord } from '../contract/index.ts';
import { applyChanges, REFUSED_SINCE } from '../policy/index.ts';
import { discloseRequest } from '../sealing/index.ts';
import { approvalView } from '../approval/index.ts';
import { isEngineSurface } from './activation.ts';
import type { ActionState } from './action-state.ts';
import { judgeAgain, payloadOf } from './decisions.ts';
import type { EngineDeps } from './deps.ts';
import { draftRelease } from './judge.ts';
import { frozen } from './freeze.ts';
import { sealedFacts } from './facts.ts';
import { nextHead, readActionState, sealAction, withPermit } from './seal.ts';
import type { Released, ReleaseInput } from './types.ts';

/**
 * Releases a completed supervised override, unless policy has come to refuse it: a parked action is judged once more by the bundle
 * in force now, and the strictest of the two verdicts holds (contract section 5). Both are sealed.
 */
export async function release(deps: EngineDeps, input: ReleaseInput): Promise<Released> {
  const { tenant, id } = input.action;
  const stored = await readActionState(deps, tenant, id);
  if (stored === null) throw new Error('a release of an action that is not stored');
  if (stored.state.action.records.length > input.action.records.length) {
    return { action: await withPermit(deps, stored.state, stored.sealedPermit) };
  }
  const { request, actionKey } = await payloadOf(deps, input.action);
  const freeze = await frozen(deps, tenant, request.surface, request.actor);
  if (freeze !== null) return { frozen: freeze };

  // Policy's own changes, where one of several policies constrains, and the approvers' on top of them.
  const all = { ...input.action.verdict?.changes, ...input.changes };
  const changes = Object.keys(all).length === 0 ? null : all;
  const changed = changes === null ? request : applyChanges(request, changes);
  const bundle = await deps.bundles.inForce(tenant);
  const again = bundle === null ? null : await judgeAgain(deps, tenant, id, bundle, changed);
  const at = deps.now();
  const state: ActionState = {
    ...stored.state,
    approval: input.approval,
    action: { ...input.action, permit: null, approval: approvalView(input.approval), updatedAt: at.toISOString() },
  };
  if (again === null || again.judgement.verdict.decision === 'refuse') {
    const why = again?.judgement.verdict.reasons ?? ['no policy is in force'];
    const verdict = {
      ...(again?.judgement.verdict ?? { ...refusedBy(input.action), basis: 'silence' as const }),
      reasons: [REFUSED_SINCE, ...why],
    };
    const action: Action = { ...state.action, status: 'refused', verdict };
    const seq = input.action.records.length;
    const shown = discloseRequest(changed, again?.judgement.disclose ?? [], actionKey, seq);
    const record: VerdictRecord = {
      ...nextHead(input.action, 'verdict', at.toISOString()),
      surface: state.surface,
      verb: state.verb,
      actor: state.actor,
      verdict,
      observed: null,
      facts:
        again === null
          ? { now: at.toISOString(), limits: [], people: {}, conflict: null }
          : sealedFacts(again, changed, shown, actionKey, seq),
      plan: null,
      ...shown,
    };
    return { action: await sealAction(deps, { ...state, action }, [{ record, releaseReservations: true }], null) };
  }
  const seq = input.action.records.length;
  const shown = discloseRequest(changed, again.judgement.disclose, actionKey, seq);
  const { draft, permit } = await draftRelease(deps, {
    state,
    basis: input.basis,
    request: changed,
    changes,
    actionKey,
    rejudged: { verdict: again.judgement.verdict, facts: sealedFacts(again, changed, shown, actionKey, seq) },
    at,
  });
  return {
    action: await sealAction(
      deps,
      { ...state, action: { ...state.action, status: 'released' } },
      [draft],
      isEngineSurface(state.surface) ? null : permit,
    ),
  };
}

function refusedBy(action: Action): NonNullable<Action['verdict']> {
  return {
    mode: 'enforce',
    changes: null,
    ...action.verdict,
    bundle: null,
    policy: null,
    rule: null,
    decision: 'refuse',
    basis: 'silence',
    reasons: [],
  };
}
