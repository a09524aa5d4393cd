import { decodeJwt } from 'jose';
import {
  isSettled,
  isCountersignError,
  type Action,
  type OtherRecord,
  type OutcomeInput,
  type OutcomeRecord,
} from '../contract/index.ts';
import { commitment, saltFor, verifyPermit } from '../sealing/index.ts';
import { verifyAttestation } from '../identity/index.ts';
import type { ActionState } from './action-state.ts';
import type { EngineDeps } from './deps.ts';
import { nextHead, readActionState, sealAction, withPermit } from './seal.ts';
import type { ReconcileInput, SealOutcomeInput, Refusal } from './types.ts';

/** That the permit is ours and of this action. Its expiry bounds execution, not the report of it. */
async function checkPermit(deps: EngineDeps, action: Action, permit: string): Promise<Refusal | null> {
  try {
    const iat = decodeJwt(permit).iat ?? 0;
    const claims = await verifyPermit(permit, deps.signers(action.tenant).allPermitKeys, { now: iat });
    if (claims.act === action.id && claims.tenant === action.tenant) return null;
    return {
      code: 'permit-invalid',
      message: 'the permit belongs to another action; report with the permit that was redeemed',
    };
  } catch (error) {
    if (isCountersignError(error) && error.status >= 500) throw error;
    return {
      code: 'permit-invalid',
      message: 'the permit is not one of ours; report with the permit that was redeemed',
    };
  }
}

async function reporter(deps: EngineDeps, action: Action, attestation: string | undefined): Promise<string | null> {
  if (attestation === undefined) return null;
  const claims = await verifyAttestation(attestation, deps.attestationKeys(), deps.now().getTime(), {
    kind: 'outcome',
    tenant: action.tenant,
    action: action.id,
  }).catch(() => null);
  return claims?.by ?? null;
}

/**
 * Seals what the executor reported, or that it never did. The same report again is the same answer; another one is refused. A late
 * report of an unreported action still counts: the truth is worth more than the deadline.
 */
export async function sealOutcome(deps: EngineDeps, input: SealOutcomeInput): Promise<Action | { refusal: Refusal }> {
  const { outcome } = input;
  const { tenant, id } = input.action;
  const stored = await readActionState(deps, tenant, id);
  if (stored === null) throw new Error('an outcome of an action that is not stored');
  const { state, sealedPermit } = stored;
  if (outcome !== null) {
    const invalid = await checkPermit(deps, input.action, outcome.permit);
    if (invalid !== null) return { refusal: invalid };
  }
  const payload = await deps.store.payloads.read(tenant, id);
  const detail =
    outcome?.detail === undefined || payload === null
      ? null
      : commitment(saltFor(payload.actionKey, 'outcome.detail'), 'outcome.detail', outcome.detail);
  if (detail !== null && payload !== null && !isSettled(state.action.status)) {
    // The record only commits to it: kept, so that it can be opened, and deleted with the rest.
    await deps.store.payloads.update(tenant, id, (kept) => ({ ...kept, detail: outcome?.detail ?? null }));
  }
  const told = { status: outcome?.status ?? 'unreported', reference: outcome?.reference ?? null, detail };

  const current = state.action.status;
  if (isSettled(current)) {
    const same =
      state.outcome !== null &&
      Object.entries(told).every(([key, value]) => state.outcome?.[key as keyof typeof told] === value);
    if (same || outcome === null) return withPermit(deps, state, sealedPermit);
    return {
      refusal: {
        code: 'outcome-already-reported',
        message: `this action was already settled as ${current}; nothing was changed`,
      },
    };
  }
  if (current !== 'released' && current !== 'unreported') {
    return { refusal: { code: 'not-open', message: `there is nothing to report: this action is ${current}` } };
  }
  const at = deps.now().toISOString();
  const record: OutcomeRecord = {
    ...nextHead(input.action, 'outcome', at),
    surface: state.surface,
    ...told,
    status: outcome?.status ?? 'unreported',
    by: await reporter(deps, input.action, outcome?.attestation),
  };
  const next: ActionState = {
    ...state,
    outcome: outcome === null ? null : told,
    action: { ...input.action, status: record.status, updatedAt: at },
  };
  const undone = outcome !== null && didNothing(outcome);
  return sealAction(deps, next, [{ record, releaseReservations: undone }], permitOf(input.action, sealedPermit));
}

const didNothing = (outcome: OutcomeInput): boolean => outcome.status !== 'executed';

function permitOf(action: Action, sealed: string | null): { sealed: string; clear: string } | null {
  return sealed === null || action.permit === null ? null : { sealed, clear: action.permit };
}

/** Seals an owner's settlement of an unreported action: as a reconciliation, never as a report. */
export async function reconcile(deps: EngineDeps, input: ReconcileInput): Promise<Action> {
  const { tenant, id } = input.action;
  const stored = await readActionState(deps, tenant, id);
  if (stored === null) throw new Error('a reconciliation of an action that is not stored');
  const at = deps.now().toISOString();
  const record: OtherRecord = {
    ...nextHead(input.action, 'reconcile', at),
    type: 'reconcile',
    by: input.by,
    reason: input.reason,
    body: { surface: stored.state.surface, status: input.status },
  };
  const next: ActionState = { ...stored.state, action: { ...input.action, status: input.status, updatedAt: at } };
  return sealAction(
    deps,
    next,
    [{ record, releaseReservations: input.status !== 'executed' }],
    permitOf(input.action, stored.sealedPermit),
  );
}
