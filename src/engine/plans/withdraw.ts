/**
 * Withdraws a step of a plan that does not go on. A withdrawal and a redemption both want to be the next record of the action, so exactly
 * one of them is sealed, and a step that began is never called withdrawn.
 */
import { ENGINE_ID, ENGINE_VIA } from '../../contract/engine-names.ts';
import { reduce } from '../../approval/index.ts';
import { approvalView } from '../../approval/index.ts';
import type { Action, DecisionRecord } from '../../contract/index.ts';
import { withAttestation, type Signer } from '../../sealing/index.ts';
import type { EngineDeps } from '../deps.ts';
import { readLife } from '../life.ts';
import { insist, nextHead, returnsOf, sealNext } from '../seal.ts';
import { hashOfText } from '../words.ts';

export type WithdrawDeps = Pick<EngineDeps, 'store' | 'sequencer' | 'signers' | 'hub' | 'now'>;

/** Why, and who said so. */
export interface Withdrawal {
  reason: string;
  /** Directory id or key of who withdrew the plan; null where a step of it failed. */
  said: { by: string; attestation: string; signer: Signer } | null;
}

/** Returns the action afterwards. A step that began or ended stays unchanged. */
export function withdrawStep(deps: WithdrawDeps, tenant: string, id: string, why: Withdrawal): Promise<Action> {
  return insist(async () => {
    const life = await readLife(deps, tenant, id);
    if (life === null) throw new Error('a withdrawal of a step that is not stored');
    const { state, redemption, verdict } = life;
    const { status } = state.action;
    const open = status === 'evaluating' || status === 'supervised' || (status === 'released' && redemption === null);
    if (!open || state.step === undefined) return state.action;
    const now = deps.now();
    const by = why.said?.by ?? ENGINE_ID;
    const bare: DecisionRecord = {
      ...nextHead(state.action, 'decision', now.toISOString()),
      surface: state.surface,
      stage: state.approval?.stage ?? 0,
      decision: 'cancelled',
      by,
      via: ENGINE_VIA,
      delegation: null,
      reason: why.reason,
      changes: null,
      until: null,
      added: null,
      slack: null,
      shown: null,
      responsibility: null,
      assurance: null,
      attestation: why.said === null ? null : hashOfText(why.said.attestation),
      ...returnsOf(verdict),
    };
    const record = why.said === null ? bare : await withAttestation(bare, why.said.signer);
    const approval =
      state.approval === null ? null : reduce(state.approval, { type: 'cancel', by }, now.getTime()).state;
    const action: Action = {
      ...state.action,
      status: 'cancelled',
      approval: approval === null ? null : approvalView(approval),
      updatedAt: record.at,
    };
    const next = { ...state, approval, withdrawnBy: by, action };
    return sealNext(deps, next, [{ record, releaseReservations: true }], null);
  });
}
