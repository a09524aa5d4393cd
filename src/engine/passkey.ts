/** What approvers sign with their passkey, and the check of that signature. */
import { hashOf } from '../canonical/index.ts';
import { CountersignError, type Action, type DecisionRecord, type Json, type JsonObject } from '../contract/index.ts';
import { nodeVerify } from '../keys/index.ts';
import { isEvidenceError } from '../ledger/index.ts';
import {
  ASSURANCE_KIND,
  passkeyChain,
  verifyPasskeyDecision,
  type DecidedMembers,
  type VerifiedAssertion,
} from '../sealing/index.ts';
import type { AttestationOf } from '../identity/index.ts';
import type { ActionState, Payload } from '../store/action-state.ts';
import type { EngineDeps } from './deps.ts';
import { sealedChanges } from './sealed-changes.ts';

/** A decision about a parked action, before it is sealed. */
export type PasskeyDecision = Pick<
  AttestationOf<'decide'>,
  'by' | 'via' | 'decision' | 'stage' | 'reason' | 'changes' | 'until' | 'shown' | 'responsibility' | 'delegation'
>;

/** The members that the decision's record will have, if it counts. */
export function decidedMembers(
  state: ActionState,
  action: Action,
  said: PasskeyDecision,
  { request, actionKey }: Payload & { actionKey: Uint8Array },
): DecidedMembers {
  const { tenant, id, requestHash } = action;
  const { decision, by, via, reason, shown, responsibility, delegation, until } = said;
  return {
    tenant,
    action: id,
    requestHash,
    surface: state.surface,
    stage: said.stage ?? action.approval?.stage ?? 0,
    decision,
    by,
    delegation,
    reason,
    via,
    shown,
    responsibility,
    changes: sealedChanges(
      state.disclosed,
      request,
      said.changes as Record<string, Json> | null,
      actionKey,
      action.records.length,
    ),
    until: until === null ? null : new Date(until).toISOString(),
  };
}

/** The newest record of an action. A signature counts only while this record is the newest. */
export function newestOf(action: Action): string {
  const newest = action.records.at(-1);
  if (newest === undefined) throw new Error('a parked action has no record');
  return newest;
}

/**
 * Verifies the assertion of a decision, in the same way as anybody can verify the sealed one, and stores its counter.
 *
 * @returns `assurance` of the decision's record.
 * @throws CountersignError `passkey-invalid`
 */
export async function admitAssertion(
  deps: Pick<EngineDeps, 'store' | 'register' | 'passkeys' | 'log'>,
  action: Action,
  decided: DecidedMembers,
  assertion: JsonObject,
): Promise<JsonObject> {
  const { tenant } = action;
  const { credential, authenticatorData, clientDataJSON, signature } = assertion;
  const { passkeys } = await deps.register.current(tenant);
  const known = typeof credential === 'string' ? passkeys.get(chainOf(credential)) : undefined;
  if (known === undefined || known.person !== decided.by || known.revokedAt !== null) {
    throw invalid('the passkey is none of yours, or was revoked; GET /v1/passkeys lists yours');
  }
  const { enrolment } = known;
  const assurance = {
    kind: ASSURANCE_KIND,
    enrolment: enrolment.hash,
    credential,
    after: newestOf(action),
    authenticatorData,
    clientDataJSON,
    signature,
  } as JsonObject;
  const verified = await verifiedBy({ ...decided, assurance }, enrolment);
  if (deps.passkeys === null || verified.enrolment.origin !== deps.passkeys.origin) {
    throw invalid(
      deps.passkeys === null
        ? 'this stack has no origin that passkeys count for; set COUNTERSIGN_ORIGIN, also for its workers'
        : `the passkey was enrolled at ${verified.enrolment.origin}, and this is ${deps.passkeys.origin}; enrol it here`,
    );
  }
  const { counter } = verified;
  if (!(await deps.store.passkeys.used(tenant, known.id, { counter, hash: hashOf(assurance) }))) {
    deps.log.error({ action: action.id, tenant, passkey: known.id }, 'a passkey’s signature counter went back');
    throw invalid(
      'its signature counter went back, so there may be a copy of your passkey; revoke it, enrol another and tell whoever runs this',
    );
  }
  return assurance;
}

async function verifiedBy(
  decided: DecidedMembers & Pick<DecisionRecord, 'assurance'>,
  enrolment: Parameters<typeof verifyPasskeyDecision>[1],
): Promise<VerifiedAssertion> {
  try {
    return await verifyPasskeyDecision(decided, enrolment, { verify: nodeVerify });
  } catch (error) {
    if (!isEvidenceError(error)) throw error;
    const next = 'ask for the options of your decision again, and sign those';
    throw new CountersignError('passkey-invalid', `${error.message}; ${next}`, {
      cause: error,
      extensions: { reason: error.reason },
    });
  }
}

function chainOf(credential: string): string {
  try {
    return passkeyChain(credential);
  } catch (error) {
    throw new CountersignError(
      'passkey-invalid',
      'the credential id is not base64url; send it as the browser gave it',
      {
        cause: error,
      },
    );
  }
}

const invalid = (message: string): CountersignError => new CountersignError('passkey-invalid', message);
