import { hashOf } from '../canonical/index.ts';
import { isCountersignError } from '../contract/index.ts';
import { mayAsk, spokenForBy, verifyAttestation, type Caller } from '../identity/index.ts';
import type { EngineDeps } from './deps.ts';
import type { JudgeInput } from './types.ts';

/** Who is asking, and whether anything about that is in conflict. */
export async function identify(
  deps: EngineDeps,
  input: JudgeInput,
): Promise<{ requester: string; conflict: string | null; bundle: string | null; spokenFor: string[] | null }> {
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
