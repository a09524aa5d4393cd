/** What was asked, by whom, and whether they may. */
import { createHash, createHmac } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/activity';
import { canonicalBytes, hashOf } from '../canonical/index.ts';
import {
  actionRequestSchema,
  isCountersignError,
  type ActionRequest,
  type Actor,
  type RecordActor,
} from '../contract/index.ts';
import { mayAsk, spokenForBy, verifyAttestation, type Caller } from '../identity/index.ts';
import type { ActivityDeps } from './deps.ts';
import type { JudgeInput } from './types.ts';

/** Keyed by the idempotency key, which is stored nowhere: the mark says nothing to whoever reads the database. */
export function bodyMac(idempotencyKey: string, request: ActionRequest): string {
  return createHmac('sha256', idempotencyKey).update(canonicalBytes(request)).digest('base64url');
}

export const actionIdOf = (idempotencyKey: string): string =>
  `act_${createHash('sha256').update(idempotencyKey, 'utf8').digest('hex')}`;

export function recordActor(actor: Actor): RecordActor {
  return {
    id: actor.id,
    type: actor.type,
    ...(actor.onBehalfOf === undefined ? {} : { onBehalfOf: recordActor(actor.onBehalfOf) }),
  };
}

/** @throws ApplicationFailure, not to be tried again, when this is not what a governed action is started with. */
export function requestOf(input: JudgeInput): ActionRequest {
  const parsed = actionRequestSchema.safeParse(input.request);
  if (!parsed.success || actionIdOf(input.idempotencyKey) !== input.id) {
    throw ApplicationFailure.nonRetryable(
      'the input is not an action request whose workflow id is action/<tenant>/<sha256 of the idempotency key>',
      'invalid-request',
    );
  }
  return parsed.data;
}

export interface Asker {
  /** `key:…` or `user:…`; `unknown` where no valid token came. */
  requester: string;
  /** What about that is in conflict, or null. */
  conflict: string | null;
  /** Hash of the bundle in force when it was asked; null where the token does not say. */
  bundle: string | null;
  spokenFor: string[] | null;
}

/** Who is asking, and whether anything about that is in conflict. */
export async function identify(deps: ActivityDeps, input: JudgeInput): Promise<Asker> {
  const nobody = { requester: 'unknown', bundle: null, spokenFor: null };
  try {
    let caller: Caller;
    let bundle: string | null = null;
    if (input.token.split('.').length === 3 && !input.token.startsWith('csk_')) {
      const start = await verifyAttestation(input.token, deps.attestationKeys(), deps.now().getTime(), {
        kind: 'start',
        tenant: input.tenant,
        action: input.id,
      }).catch(() => null);
      if (start === null) caller = await deps.authenticate(input.token);
      else if (start.requestHash !== hashOf(input.request))
        return { ...nobody, conflict: 'the token was made for another request' };
      else {
        caller = start.caller;
        bundle = start.bundle;
      }
    } else caller = await deps.authenticate(input.token);
    if (caller.tenant !== input.tenant)
      return { requester: caller.id, bundle, spokenFor: null, conflict: 'the token belongs to another tenant' };
    const conflict = mayAsk(caller, input.request, deps.directory.current());
    return {
      requester: caller.id,
      bundle,
      spokenFor: spokenForBy(caller, input.request),
      conflict: conflict?.detail ?? null,
    };
  } catch (error) {
    if (isCountersignError(error) && error.code === 'unauthenticated')
      return { ...nobody, conflict: 'no valid token came with the request' };
    throw error;
  }
}
