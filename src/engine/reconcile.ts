import type { Action, OtherRecord } from '../contract/index.ts';
import { withAttestation } from '../sealing/index.ts';
import type { ActionState } from '../store/action-state.ts';
import type { EngineDeps } from './deps.ts';
import { readLife } from './life.ts';
import { insist, nextHead, permitOf, returnsOf, sealNext } from './seal.ts';
import type { ReconcileInput, Refusal } from './types.ts';
import { hashOfText, refusalOf } from './words.ts';

/** Seals an owner's settlement of an unreported action. It is a reconciliation, never a report. */
export async function reconcile(deps: EngineDeps, input: ReconcileInput): Promise<Action | { refusal: Refusal }> {
  return insist(() => attempt(deps, input));
}

async function attempt(deps: EngineDeps, input: ReconcileInput): Promise<Action | { refusal: Refusal } | null> {
  const { tenant, id } = input.action;
  const life = await readLife(deps, tenant, id);
  if (life === null) throw new Error('a reconciliation of an action that is not stored');
  const { state } = life;
  const { action } = state;
  const attested = await deps.attestor
    .verify(input.attestation ?? '', deps.now().getTime(), {
      kind: 'reconcile',
      tenant,
      action: id,
    })
    .catch(refusalOf);
  if ('refusal' in attested) return attested;
  if (action.status !== 'unreported') {
    const message = `only an unreported action is reconciled; this one is ${action.status}`;
    return { refusal: { code: 'not-open', message } };
  }
  const { by, status, reason } = attested;
  const at = deps.now().toISOString();
  const bare: OtherRecord = {
    ...nextHead(action, 'reconcile', at),
    type: 'reconcile',
    by,
    reason,
    body: {
      surface: state.surface,
      status,
      attestation: hashOfText(input.attestation ?? ''),
      ...returnsOf(life.verdict, status !== 'executed'),
    },
  };
  const record = await withAttestation(bare, deps.attestation());
  const next: ActionState = { ...state, action: { ...action, status, updatedAt: at } };
  const payload = life.sealedPermit === null ? null : await deps.store.payloads.read(tenant, id);
  const permit = permitOf(payload?.actionKey ?? null, action, life.sealedPermit);
  return sealNext(deps, next, [{ record, releaseReservations: status !== 'executed' }], permit);
}
