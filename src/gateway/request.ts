import { createHash } from 'node:crypto';
import { hashOf } from '../canonical/index.ts';
import {
  checkKey,
  CountersignError,
  isCountersignError,
  readRequest,
  type Action,
  type ActionRequest,
} from '../contract/index.ts';
import { mayAsk, type Caller } from '../identity/index.ts';
import { actionIdOf, workflowIdOf, bodyMac } from '../engine/ids.ts';
import { readActionState, withPermit, type StoredState } from '../engine/seal.ts';
import { visible } from './access.ts';
import { recordRefusal } from './attempts.ts';
import { verdictUpdate } from '../workflows/messages.ts';
import { GOVERNED_ACTION, type GovernedActionInput } from '../contract/governed-action.ts';
import { faultOfTarget, type WebhookTargets } from '../notify/webhook-target.ts';
import type { GatewayDeps } from './deps.ts';
import { isAlreadyStarted } from './temporal-errors.ts';
import { waitForNews } from './wait.ts';

/** How long a request waits for its sealed verdict before it is told to ask again. */
const VERDICT_MS = 4000;

/** The caller's key for one action, as its door has read it. @throws CountersignError as {@link checkKey} */
export function checkIdempotencyKey(key: string | undefined): string {
  return checkKey(key ?? '');
}

/** Said at once and not only when the first callback fails. @throws CountersignError `invalid-request` */
function checkCallback({ callback }: ActionRequest, targets: WebhookTargets): void {
  const fault = callback === undefined ? null : faultOfTarget(new URL(callback), targets);
  if (fault === null) return;
  throw new CountersignError('invalid-request', `the callback cannot be used: ${fault}`, {
    errors: [{ pointer: '/callback', detail: fault }],
  });
}

/** What a request is answered from, or begins with: the action where it is stored already, and the bundle in force. */
interface Beginning {
  row: StoredState | null;
  bundle: string | null;
}

/** Credentials whose tenant is remembered. */
const KEPT_TENANTS = 1000;

/** Starts an action at most once for its key, and answers when its verdict is sealed. */
export function createStarter(deps: GatewayDeps) {
  /** Identical requests that arrive together share one start. */
  const starting = new Map<string, { mac: string; answer: Promise<Action> }>();
  /** The tenants of credentials as they were when last presented, by hash. */
  const tenants = new Map<string, string>();

  const begin = async (tenant: string, id: string): Promise<Beginning> => {
    const [row, bundle] = await Promise.all([readActionState(deps, tenant, id), deps.bundles.inForce(tenant)]);
    return { row, bundle };
  };

  const answered = async (caller: Caller, row: StoredState | null, mac: string): Promise<Action | null> => {
    if (row === null) return null;
    sameBody(row.state.bodyMac, mac);
    return visible(caller, row.state, await withPermit(deps, row.state, row.sealedPermit));
  };

  const start = async (
    caller: Caller,
    request: ActionRequest,
    idempotencyKey: string,
    id: string,
    mac: string,
    beginning: Promise<Beginning>,
  ): Promise<Action> => {
    const { tenant } = caller;
    const { row, bundle } = await beginning;
    const found = await answered(caller, row, mac);
    if (found !== null) return found;
    const judged = waitForNews(deps, tenant, id, VERDICT_MS);
    /** Whether this very call started it: then what was announced is this caller's own answer. */
    let mine = true;
    try {
      const input: GovernedActionInput = {
        request,
        tenant,
        idempotencyKey,
        token: await deps.attestor.attest({
          kind: 'start',
          tenant,
          action: id,
          by: caller.id,
          via: 'api',
          requestHash: hashOf(request),
          caller,
          bundle,
        }),
      };
      const started = await deps.client.workflow.start(GOVERNED_ACTION, {
        workflowId: workflowIdOf(tenant, id),
        taskQueue: deps.taskQueue,
        args: [input],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'FAIL',
        requestEagerStart: deps.judging !== null,
      });
      if (started.eagerlyStarted) {
        const createdAt = deps.now().toISOString();
        deps.judging?.begin(started.firstExecutionRunId, { ...input, id, createdAt });
      }
    } catch (error) {
      mine = false;
      if (!isAlreadyStarted(error)) {
        judged.cancel();
        // Our own word, such as that the key to attest with cannot sign.
        if (isCountersignError(error)) throw error;
        throw new CountersignError(
          'unavailable',
          'the workflow engine does not answer; nothing was released. send the same request with the same key again',
          {
            cause: error,
            extensions: { retryAfter: 1 },
          },
        );
      }
    }
    // Without a worker here, nobody tells this process of the verdict: ask the workflow itself.
    if (deps.judging === null) {
      void deps.client.workflow
        .getHandle(workflowIdOf(tenant, id))
        .executeUpdate(verdictUpdate)
        .then((action) => deps.hub.emit(action))
        .catch(() => undefined);
    }
    const announced = await judged.done;
    if (mine && announced !== null) return announced;
    const now = await answered(caller, await readActionState(deps, tenant, id), mac);
    return now ?? evaluating(tenant, id, deps.now().toISOString());
  };

  return {
    /**
     * Finds out who presents `authorization`, and meanwhile reads what the request begins with, for the tenant that the credential had
     * last. What was read counts only when it still has that tenant.
     */
    async arrive(
      authorization: string | undefined,
      rawKey: string | undefined,
    ): Promise<{ caller: Caller; beginning: Promise<Beginning> | null }> {
      const credential = createHash('sha256')
        .update(authorization ?? '')
        .digest('base64');
      const tenant = tenants.get(credential);
      const beginning = tenant === undefined ? null : begin(tenant, actionIdOf(rawKey ?? ''));
      beginning?.catch(() => undefined);
      const caller = await deps.authenticate(authorization);
      if (tenant === undefined) {
        const oldest = tenants.keys().next().value;
        if (tenants.size >= KEPT_TENANTS && oldest !== undefined) tenants.delete(oldest);
      }
      tenants.set(credential, caller.tenant);
      return { caller, beginning: tenant === caller.tenant ? beginning : null };
    },

    async request(
      caller: Caller,
      body: unknown,
      rawKey: string | undefined,
      beginning: Promise<Beginning> | null = null,
    ): Promise<Action> {
      const idempotencyKey = checkIdempotencyKey(rawKey);
      const request = readRequest(body);
      checkCallback(request, deps.webhookTargets ?? 'public');
      const id = actionIdOf(idempotencyKey);
      if (mayAsk(caller, request)?.kind === 'surface') {
        const refusal = new CountersignError(
          'forbidden',
          `this credential does not reach the surface \`${request.surface}\`; ask for a key that does`,
        );
        return recordRefusal(deps, caller, id, 'api', () => Promise.reject(refusal));
      }
      const mac = bodyMac(idempotencyKey, request);
      const key = `${caller.tenant}\n${caller.id}\n${id}`;
      const running = starting.get(key);
      if (running !== undefined) {
        sameBody(running.mac, mac);
        return running.answer;
      }
      const answer = start(caller, request, idempotencyKey, id, mac, beginning ?? begin(caller.tenant, id));
      starting.set(key, { mac, answer });
      try {
        return await answer;
      } finally {
        starting.delete(key);
      }
    },
  };
}

function sameBody(before: string, now: string): void {
  if (before !== now) {
    throw new CountersignError(
      'idempotency-key-reused',
      'this Idempotency-Key was used for another body; use a new key for a new action, the same body to repeat one',
    );
  }
}

function evaluating(tenant: string, id: string, now: string): Action {
  return {
    id,
    tenant,
    status: 'evaluating',
    requestHash: null,
    verdict: null,
    approval: null,
    permit: null,
    records: [],
    createdAt: now,
    updatedAt: now,
  };
}
