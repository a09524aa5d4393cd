import { createHash } from 'node:crypto';
import {
  actingIds,
  isCountersignError,
  type Action,
  type ActionRequest,
  type DecisionRecord,
  type Facts,
  type Json,
  type JsonObject,
} from '../contract/index.ts';
import { applyChanges, asVouched, evaluate, readPath, requiredFacts } from '../policy/index.ts';
import { matchesSurface } from '../policy/surfaces.ts';
import { activeDelegation, verifyAttestation, type AttestationOf } from '../identity/index.ts';
import { approvalView } from '../approval/index.ts';
import type { Payload } from './action-state.ts';
import { delegationsInForce } from './delegations.ts';
import { judgementBudget } from './budget.ts';
import type { EngineDeps } from './deps.ts';
import type { Judgment } from './facts.ts';
import { sealedIdentities, weighAgain } from './identify.ts';
import { peopleFacts } from './judge.ts';
import { admitAssertion, decidedMembers } from './passkey.ts';
import { nextHead, readActionState, sealAction } from './seal.ts';
import { sealedChanges } from './sealed-changes.ts';
import type { SealDecisionInput, Admitted, AdmitInput } from './types.ts';

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;

/**
 * Judges a parked action's request once more: after an approver changed it, and at its release. Its own reservations are not
 * counted against it, and none are made.
 */
export async function judgeAgain(
  deps: EngineDeps,
  tenant: string,
  id: string,
  bundleHash: string,
  request: ActionRequest,
): Promise<Judgment | null> {
  const bundle = await deps.bundles.compiled(tenant, bundleHash);
  if (bundle === null) return null;
  const now = deps.now();
  const identity = weighAgain(deps, await sealedIdentities(deps, tenant, id), request);
  const required = requiredFacts(bundle, asVouched(request, identity.identities));
  const facts: Facts = {
    now: now.toISOString(),
    limits: await deps.store.limits.usage(tenant, id, required.limits, now),
    people: peopleFacts(deps, request, required.people),
    ...identity,
    // The glass is broken when the action is asked, or not at all.
    ...(request.context?.urgency === 'emergency' ? { spokenFor: [] } : {}),
  };
  return {
    judgement: evaluate(bundle, request, facts, { late: judgementBudget() }),
    facts,
    counted: required.limits.map(({ paths }) => paths),
  };
}

/** The request that was asked; a parked action's payload is never erased before it closed. */
export async function payloadOf(
  deps: Pick<EngineDeps, 'store'>,
  action: Action,
): Promise<Payload & { actionKey: Uint8Array }> {
  const stored = await deps.store.payloads.read(action.tenant, action.id);
  if (stored === null) throw new Error('the payload of an open action is not in the store');
  return { ...(stored.payload as unknown as Payload), actionKey: stored.actionKey };
}

/** Checks who said it, and that they still may. What the reducer can see for itself is left to it. */
export async function admit(deps: EngineDeps, input: AdmitInput): Promise<Admitted> {
  const { action, attestation } = input;
  try {
    const claims = await verifyAttestation(attestation, deps.attestationKeys(), deps.now().getTime(), {
      kind: input.kind,
      tenant: action.tenant,
      action: action.id,
    });
    const evidence = {
      slack: null,
      shown: null,
      responsibility: null,
      assurance: null,
      attestation: sha256(attestation),
    };
    switch (claims.kind) {
      case 'cancel':
        return { event: { type: 'cancel', by: claims.by }, evidence: { ...evidence, slack: claims.slack } };
      case 'answer':
        return {
          event: { type: 'answer', by: claims.by, text: claims.reason },
          evidence: { ...evidence, slack: claims.slack },
        };
      case 'review':
        return await admitReview(deps, action, claims as AttestationOf<'review'>, evidence);
      case 'reconcile':
        return { reconcile: { by: claims.by, status: claims.status, reason: claims.reason } };
      default:
        return await admitDecision(deps, action, claims as AttestationOf<'decide'>, evidence);
    }
  } catch (error) {
    if (!isCountersignError(error) || error.status >= 500) throw error;
    deps.log.warn(
      { action: action.id, tenant: action.tenant, code: error.code },
      'a message that does not count was refused',
    );
    await deps.store.attempts.add({
      tenant: action.tenant,
      action: action.id,
      by: 'unknown',
      door: 'temporal',
      code: error.code,
      at: deps.now().toISOString(),
    });
    return { refusal: { code: error.code, message: error.message } };
  }
}

/** A reviewer is one that policy names, still active, and never one of those who acted. */
async function admitReview(
  deps: EngineDeps,
  action: Action,
  claims: AttestationOf<'review'>,
  evidence: Extract<Admitted, { evidence: unknown }>['evidence'],
): Promise<Admitted> {
  const stored = await readActionState(deps, action.tenant, action.id);
  const review = stored?.state.review ?? null;
  if (stored === null || review === null || review.status === 'done') {
    return { refusal: { code: 'not-open', message: 'this action has no open review' } };
  }
  if (actingIds(stored.state.actor).includes(claims.by)) {
    return { refusal: { code: 'own-request', message: 'you acted yourself; somebody else must review it' } };
  }
  if (!review.reviewers.includes(claims.by) || !deps.directory.current().active(claims.by)) {
    return { refusal: { code: 'not-an-approver', message: 'you are not one of the reviewers that policy names' } };
  }
  const { by, right, reason, via, slack, shown } = claims;
  return { review: { by, right, reason, via }, evidence: { ...evidence, slack, shown } };
}

async function admitDecision(
  deps: EngineDeps,
  action: Action,
  claims: AttestationOf<'decide'>,
  evidence: Extract<Admitted, { evidence: unknown }>['evidence'],
): Promise<Admitted> {
  if (claims.requestHash !== null && claims.requestHash !== action.requestHash) {
    return {
      refusal: { code: 'conflict', message: 'the decision was made about another request; look at the action again' },
    };
  }
  const payload = await payloadOf(deps, action);
  const { request } = payload;
  const directory = deps.directory.current();
  const { delegation } = claims;
  const now = deps.now();
  const delegations = await delegationsInForce(deps, action.tenant);
  const delegated =
    delegation === null ||
    (directory.active(delegation.from) &&
      activeDelegation(delegations, {
        from: delegation.from,
        to: claims.by,
        surface: request.surface,
        now: now.getTime(),
      })?.id === delegation.id);
  const changes = claims.changes as Record<string, Json> | null;
  const original: Record<string, Json> = {};
  for (const path of Object.keys(changes ?? {})) original[path] = (readPath(request, path) ?? null) as Json;
  if (changes !== null && claims.decision === 'approve') {
    const bundle = await deps.bundles.inForce(action.tenant);
    const again = await judgeAgain(deps, action.tenant, action.id, bundle ?? '', applyChanges(request, changes));
    if (again === null || again.judgement.verdict.decision === 'refuse') {
      const why = again?.judgement.verdict.reasons.join('; ') ?? 'no policy is in force';
      return {
        refusal: { code: 'change-not-allowed', message: `policy refuses the request as you changed it: ${why}` },
      };
    }
  }
  const assured = claims.assurance === null ? null : await admitPasskey(deps, action, claims, payload);
  const stage = claims.stage ?? assured?.stage ?? null;
  return {
    event: {
      type: 'decide',
      by: claims.by,
      decision: claims.decision,
      ...(stage === null ? {} : { stage }),
      reason: claims.reason,
      changes,
      original,
      until: claims.until === null ? null : Date.parse(claims.until),
      via: claims.via,
      assured: assured !== null,
      delegation,
      standsInFor: delegations
        .filter(
          ({ to, surfaces }) => to === claims.by && surfaces.some((glob) => matchesSurface(glob, request.surface)),
        )
        .map(({ from }) => from),
      standing: directory.active(claims.by) && delegated,
    },
    evidence: {
      ...evidence,
      slack: claims.slack,
      shown: claims.shown,
      responsibility: claims.responsibility,
      assurance: assured?.assurance ?? null,
    },
  };
}

/** One that comes with an assertion counts only with it, also where no stage asks for any. */
async function admitPasskey(
  deps: EngineDeps,
  action: Action,
  claims: AttestationOf<'decide'>,
  payload: Awaited<ReturnType<typeof payloadOf>>,
): Promise<{ stage: number; assurance: JsonObject }> {
  const stored = await readActionState(deps, action.tenant, action.id);
  if (stored === null) throw new Error('a decision about an action that is not stored');
  const decided = decidedMembers(stored.state, action, claims, payload);
  return {
    stage: decided.stage,
    assurance: await admitAssertion(deps, action, decided, claims.assurance ?? {}),
  };
}

/** Before the record that commits to them: whoever holds the salts can open it only while somebody holds the values. */
async function keepChanges(deps: EngineDeps, { action, changes }: SealDecisionInput): Promise<void> {
  await deps.store.payloads.update(action.tenant, action.id, (payload) => {
    const decided = { ...(payload as unknown as Payload).decided, [action.records.length]: changes };
    return { ...payload, decided } as JsonObject;
  });
}

/** Seals what a human, the clock or the requester decided, with the state it leads to. */
export async function sealDecision(deps: EngineDeps, input: SealDecisionInput): Promise<Action> {
  const stored = await readActionState(deps, input.action.tenant, input.action.id);
  if (stored === null) throw new Error('a decision about an action that is not stored');
  const { state } = stored;
  const { approval } = input;
  const { actionKey, ...payload } = await payloadOf(deps, input.action);
  const { request } = payload;
  if (input.changes !== null) await keepChanges(deps, input);
  const at = deps.now().toISOString();
  const closed = input.decision === 'expired' || input.decision === 'cancelled' || approval.status === 'refused';
  const status =
    input.decision === 'expired'
      ? 'expired'
      : input.decision === 'cancelled'
        ? 'cancelled'
        : approval.status === 'refused'
          ? 'refused'
          : 'supervised';
  const action: Action = { ...input.action, status, approval: approvalView(approval), updatedAt: at };
  const record: DecisionRecord = {
    ...nextHead(input.action, 'decision', at),
    surface: state.surface,
    stage: input.stage,
    decision: input.decision,
    by: input.by,
    delegation: input.delegation,
    reason: input.reason,
    via: input.via,
    slack: input.evidence.slack,
    shown: input.evidence.shown,
    responsibility: input.evidence.responsibility,
    changes: sealedChanges(state, request, input.changes, actionKey, input.action.records.length),
    until: input.until === null ? null : new Date(input.until).toISOString(),
    added: input.added,
    assurance: input.evidence.assurance,
    attestation: input.evidence.attestation,
  };
  return sealAction(deps, { ...state, action, approval }, [{ record, releaseReservations: closed }], null);
}
