/** Checks from the attestation and the sealed records who sent a message, and whether they still may. */
import { UNKNOWN_CALLER } from '../contract/engine-names.ts';
import { actingIds, isCountersignError, presenceOf, type Json, type JsonObject } from '../contract/index.ts';
import { applyChanges } from '../policy/index.ts';
import { type AttestationOf } from '../identity/index.ts';
import { originalOf, type KnownPayload } from './approval-of-records.ts';
import { delegationsOf, standingOf } from './delegations.ts';
import type { EngineDeps } from './deps.ts';
import { checkWhole, hidesRecords } from './hidden.ts';
import { judgeAgain } from './judge-again.ts';
import { readLife, readPayload, type Life } from './life.ts';
import { admitAssertion, decidedMembers } from './passkey.ts';
import type { Admitted, AdmitInput, DecisionEvidence, Refusal } from './types.ts';
import { hashOfText } from './words.ts';

/**
 * Checks a message before its workflow accepts it. Sealing checks it again; this check only spares the workflow bad messages. Refused
 * attempts are stored.
 */
export async function admit(deps: EngineDeps, input: AdmitInput): Promise<Admitted> {
  const { tenant, id } = input.action;
  const life = await readLife(deps, tenant, id);
  if (life === null) return { refusal: { code: 'not-found', message: 'there is no such action' } };
  return admitTo(deps, life, input);
}

/** {@link admit}, to an action whose records are at hand. */
export async function admitTo(
  deps: EngineDeps,
  life: Life,
  { attestation, kind }: Pick<AdmitInput, 'attestation' | 'kind'>,
): Promise<Admitted> {
  const { tenant, id } = life.state.action;
  try {
    const claims = await deps.attestor.verify(attestation, deps.now().getTime(), {
      kind,
      tenant,
      action: id,
    });
    const evidence: DecisionEvidence = {
      slack: null,
      shown: null,
      responsibility: null,
      assurance: null,
      attestation: hashOfText(attestation),
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
        return await admitReview(deps, life, claims, evidence);
      case 'reconcile':
        return { reconcile: { by: claims.by, status: claims.status, reason: claims.reason } };
      case 'decide':
        return await admitDecision(deps, life, claims, evidence);
    }
  } catch (error) {
    if (!isCountersignError(error) || error.status >= 500) throw error;
    deps.log.warn({ action: id, tenant, code: error.code }, 'a message that does not count was refused');
    await deps.store.attempts.add({
      tenant,
      action: id,
      by: UNKNOWN_CALLER,
      door: 'temporal',
      code: error.code,
      at: deps.now().toISOString(),
    });
    return { refusal: { code: error.code, message: error.message } };
  }
}

const refused = (code: string, message: string): { refusal: Refusal } => ({ refusal: { code, message } });

/** A reviewer is one that policy names, still active, and never one of those who acted. */
async function admitReview(
  deps: EngineDeps,
  { state }: Life,
  claims: AttestationOf<'review'>,
  evidence: DecisionEvidence,
): Promise<Admitted> {
  const { review } = state;
  if (review === null || review.status === 'done') return refused('not-open', 'this action has no open review');
  if (actingIds(state.actor).includes(claims.by)) {
    return refused('own-request', 'you acted yourself; somebody else must review it');
  }
  const directory = await deps.directory.fresh(state.action.tenant);
  if (!review.reviewers.includes(claims.by) || !directory.mayDecide(claims.by)) {
    return refused('not-an-approver', 'you are not one of the reviewers that policy names');
  }
  const { by, right, reason, via, slack, shown } = claims;
  return { review: { by, right, reason, via }, evidence: { ...evidence, slack, shown } };
}

async function admitDecision(
  deps: EngineDeps,
  life: Life,
  claims: AttestationOf<'decide'>,
  evidence: DecisionEvidence,
): Promise<Admitted> {
  const { action, surface } = life.state;
  const { tenant, id } = action;
  if (claims.requestHash !== null && claims.requestHash !== action.requestHash) {
    return refused('conflict', 'the decision was made about another request; look at the action again');
  }
  const { unseen = [], plan } = life.verdict;
  if (
    claims.decision === 'approve' &&
    unseen.length > 0 &&
    plan?.blind !== true &&
    claims.shown?.opening === undefined
  ) {
    return refused('not-shown-whole', 'an approval counts once everything was read; open the whole, and decide then');
  }
  const payload = life.payload ?? (await readPayload(deps, tenant, id));
  if (payload === null) return refused('not-open', 'what was asked was erased; nothing is left to decide');
  const { request } = payload;
  const directory = await deps.directory.fresh(tenant);
  const { delegation } = claims;
  const now = deps.now();
  const looked = await deps.register.current(tenant);
  // A record that was sealed since is found when this decision is sealed.
  if (hidesRecords(looked, life)) await checkWhole(deps, life, looked);
  const delegations = delegationsOf(looked, now.getTime());
  const changes = claims.changes as Record<string, Json> | null;
  if (changes !== null && claims.decision === 'approve') {
    const bundle = await deps.bundles.inForce(tenant);
    const again = await judgeAgain(deps, life.verdict, bundle ?? '', applyChanges(request, changes));
    if (again === null || again.judgement.verdict.decision === 'refuse') {
      const why = again?.judgement.verdict.reasons.join('; ') ?? 'no policy is in force';
      return refused('change-not-allowed', `policy refuses the request as you changed it: ${why}`);
    }
  }
  const assured = claims.assurance === null ? null : await admitPasskey(deps, life, claims, payload);
  const stage = claims.stage ?? assured?.stage ?? null;
  return {
    event: {
      type: 'decide',
      by: claims.by,
      decision: claims.decision,
      ...(stage === null ? {} : { stage }),
      reason: claims.reason,
      changes,
      original: originalOf(request, changes),
      until: claims.until === null ? null : Date.parse(claims.until),
      via: claims.via,
      presence: presenceOf(claims.via, assured !== null),
      assured: assured !== null,
      delegation,
      ...standingOf(directory, delegations, { by: claims.by, delegation, surface, now: now.getTime() }),
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

/** A decision with an assertion counts only if that verifies, even if no stage requires one. */
async function admitPasskey(
  deps: EngineDeps,
  { state }: Life,
  claims: AttestationOf<'decide'>,
  payload: NonNullable<KnownPayload>,
): Promise<{ stage: number; assurance: JsonObject }> {
  const decided = decidedMembers(state, state.action, claims, payload);
  return {
    stage: decided.stage,
    assurance: await admitAssertion(deps, state.action, decided, claims.assurance ?? {}),
  };
}
