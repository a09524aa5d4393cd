/** Tokens for starts through Temporal: for one tenant, one idempotency key and one request, and for minutes. */
import { decodeJwt } from 'jose';
import { checkKey, CountersignError, hashOfRequest, readRequest } from '../contract/index.ts';
import type { StartToken } from '../contract/views/index.ts';
import { actionIdOf, workflowIdOf } from '../engine/ids.ts';
import { checkConnector } from '../engine/measure.ts';
import { mayAsk, type Caller } from '../identity/index.ts';
import type { GatewayDeps } from './deps.ts';
import { checkCallback } from './request.ts';
import type { StartTokenInput } from './types.ts';

/**
 * A token for a caller who starts an action through Temporal. It states the requester, the request and the current bundle, just as the
 * gateway would have. A reader of the history can start nothing else with it.
 */
export async function startToken(deps: GatewayDeps, caller: Caller, input: StartTokenInput): Promise<StartToken> {
  const idempotencyKey = checkKey(input.idempotencyKey);
  const request = readRequest(input.request);
  checkCallback(request, deps.webhookTargets ?? 'public');
  checkConnector(deps, caller.tenant, request);
  const conflict = mayAsk(caller, request);
  if (conflict?.kind === 'surface') {
    throw new CountersignError('forbidden', `${conflict.detail}; ask for a key that does`);
  }
  const { tenant } = caller;
  const id = actionIdOf(idempotencyKey);
  const token = await deps.attestor.attest({
    kind: 'start',
    tenant,
    action: id,
    by: caller.id,
    via: 'api',
    requestHash: hashOfRequest(request),
    caller,
    bundle: await deps.bundles.inForce(tenant),
  });
  const { exp = 0 } = decodeJwt(token);
  return {
    token,
    expiresAt: new Date(exp * 1000).toISOString(),
    workflowId: workflowIdOf(tenant, id),
    taskQueue: deps.taskQueue,
  };
}
