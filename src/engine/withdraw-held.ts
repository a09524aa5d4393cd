/**
 * Withdraws an approved action that policy holds (`release.after`), until its permit is redeemed. Withdrawal and redemption both want to be
 * the next record of the action, so exactly one of them is sealed.
 */
import { ENGINE_VIA } from '../contract/engine-names.ts';
import type { DecisionRecord } from '../contract/index.ts';
import { withAttestation } from '../sealing/index.ts';
import { admitTo } from './admit.ts';
import type { EngineDeps } from './deps.ts';
import type { Life } from './life.ts';
import { nextHead, returnsOf, sealNext } from './seal.ts';
import type { Refusal, Sealed } from './types.ts';

/** Whether policy holds the released action, and nobody has begun it. */
export const isHeld = ({ state, release, redemption }: Life): boolean =>
  state.action.status === 'released' && release?.notBefore !== undefined && redemption === null;

/** Null if another record was sealed first. The caller then reads the records and decides again. */
export async function withdrawHeld(
  deps: EngineDeps,
  life: Life,
  attestation: string,
): Promise<Sealed | { refusal: Refusal } | null> {
  const admitted = await admitTo(deps, life, { attestation, kind: 'cancel' });
  if ('refusal' in admitted) return admitted;
  if (!('event' in admitted) || admitted.event.type !== 'cancel') {
    return { refusal: { code: 'invalid-request', message: 'this is not a cancel message' } };
  }
  const { state } = life;
  const at = deps.now().toISOString();
  const bare: DecisionRecord = {
    ...nextHead(state.action, 'decision', at),
    surface: state.surface,
    stage: state.approval?.stage ?? 0,
    decision: 'cancelled',
    by: admitted.event.by,
    via: ENGINE_VIA,
    delegation: null,
    reason: null,
    changes: null,
    until: null,
    added: null,
    ...admitted.evidence,
    ...returnsOf(life.verdict),
  };
  const record = await withAttestation(bare, deps.attestation());
  const next = {
    ...state,
    withdrawnBy: record.by,
    action: { ...state.action, status: 'cancelled' as const, updatedAt: at },
  };
  const action = await sealNext(deps, next, [{ record, releaseReservations: true }], null);
  return action === null ? null : { action, approval: state.approval, effects: [] };
}
