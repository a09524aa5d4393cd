/** Reads the input of a workflow. Any program can start one, with any input. */
import type { ApplicationFailure } from '@temporalio/activity';
import { fromUtf8, isCanonicalError } from '../canonical/index.ts';
import {
  isCountersignError,
  readJson,
  readRequest,
  TENANT_NAME,
  type ActionRequest,
  type EncryptedActionInput,
  type GovernedActionInput,
} from '../contract/index.ts';
import type { EngineDeps } from './deps.ts';
import { checkConnector } from './measure.ts';
import { actionIdOf, workflowIdOf } from './ids.ts';
import type { JudgeInput, StartedInput } from './types.ts';
import { nonRetryable } from './failure.ts';

/** Refused without a retry, because it will never fit. */
const refusal = (message: string, code = 'invalid-request'): ApplicationFailure => nonRetryable(message, code);

/**
 * The input of an existing tenant and its request, decrypted if it came as a JWE.
 *
 * @throws ApplicationFailure that is not tried again, with the code of the contract
 */
export async function readStart(
  deps: Pick<EngineDeps, 'openStart' | 'register' | 'connectors'>,
  started: StartedInput,
): Promise<{ input: JudgeInput; request: ActionRequest }> {
  const { id, createdAt, workflowId } = started;
  const { idempotencyKey, tenant, token, request, arrivedInClear, mac } = await plain(deps, started);
  if (
    typeof idempotencyKey !== 'string' ||
    typeof tenant !== 'string' ||
    typeof token !== 'string' ||
    actionIdOf(idempotencyKey) !== id ||
    (workflowId !== undefined && workflowId !== workflowIdOf(tenant, id))
  ) {
    throw refusal(
      'the input is not `{ request, tenant, idempotencyKey, token }` of a workflow called action/<tenant>/<sha256 of the idempotency key>',
    );
  }
  // Checked before anything is read or created for the tenant, because writers to the namespace must not be able to create tenants, each
  // with a log and keys.
  if (!(await deps.register.hasTenant(tenant))) {
    throw refusal('there is no such tenant; an owner makes it with `countersign tenant add`', 'unauthenticated');
  }
  try {
    const read = readRequest(request);
    checkConnector(deps, tenant, read);
    const clear = arrivedInClear === true;
    return {
      request: read,
      input: {
        request: read,
        tenant,
        idempotencyKey,
        token,
        arrivedInClear: clear,
        id,
        createdAt,
        ...(typeof mac === 'string' ? { mac } : {}),
      },
    };
  } catch (error) {
    if (isCountersignError(error)) throw refusal(error.message, error.code);
    throw error;
  }
}

/**
 * The tenant and the action that a start names; it says nothing of who asks.
 *
 * @throws ApplicationFailure that is not tried again
 */
export async function namesOf(
  deps: Pick<EngineDeps, 'openStart'>,
  start: GovernedActionInput | EncryptedActionInput,
): Promise<{ tenant: string; id: string }> {
  const { tenant, idempotencyKey } = await plain(deps, start);
  if (
    typeof tenant === 'string' &&
    TENANT_NAME.test(tenant) &&
    typeof idempotencyKey === 'string' &&
    idempotencyKey !== ''
  ) {
    return { tenant, id: actionIdOf(idempotencyKey) };
  }
  throw refusal('the input is neither `{ request, tenant, idempotencyKey, token }` nor `{ jwe }`');
}

async function plain(
  deps: Pick<EngineDeps, 'openStart'>,
  started: StartedInput | GovernedActionInput | EncryptedActionInput,
): Promise<Record<string, unknown>> {
  if (!('jwe' in started) || started.jwe === undefined) return { ...started };
  const opened = typeof started.jwe === 'string' ? await deps.openStart(started.jwe) : null;
  if (opened === null) {
    throw refusal(
      '`jwe` is no JWE to a key of this stack; encrypt to the key with `use: enc` at /.well-known/jwks.json',
    );
  }
  try {
    const input = readJson('the input', fromUtf8(opened));
    // Nobody but the sender and the stack has seen it.
    if (typeof input === 'object' && input !== null) return { ...input, arrivedInClear: false };
  } catch (error) {
    if (!isCountersignError(error) && !isCanonicalError(error)) throw error;
    throw refusal(`what was encrypted is not the input: ${error.message}`);
  }
  throw refusal(
    'what was encrypted is not the input; encrypt the JSON of `{ request, tenant, idempotencyKey, token }`',
  );
}
