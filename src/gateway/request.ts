import {
  checkKey,
  CountersignError,
  hashOfRequest,
  isCountersignError,
  readRequest,
  type Action,
  type ActionRequest,
} from '../contract/index.ts';
import { mayAsk, type Caller } from '../identity/index.ts';
import { bundleInForce } from '../engine/compiled-bundles.ts';
import { actionIdOf, workflowIdOf, bodyMac } from '../engine/ids.ts';
import { checkConnector } from '../engine/measure.ts';
import { actionStateOf, readActionState, withPermit, type StoredState } from '../engine/seal.ts';
import { notFound, visibleTo } from './access.ts';
import { wake, type Asleep } from './asleep.ts';
import { recordRefusal } from './attempts.ts';
import type { GovernedActionInput } from '../contract/governed-action.ts';
import { faultOfTarget, type WebhookTargets } from '../notify/webhook-target.ts';
import type { GatewayDeps } from './deps.ts';
import { startAction } from './start-workflow.ts';
import { waitForAnnouncement } from './wait.ts';
import type { Judged } from '../engine/types.ts';

/** How long a request waits for its sealed verdict before it is told to ask again. */
const VERDICT_MS = 3500;

/** How often, and how far apart in milliseconds, to look for a verdict that another process may be sealing. */
const SOON_TRIES = 3;
const SOON_MS = 60;

/** The caller's idempotency key. @throws CountersignError as {@link checkKey} */
export function checkIdempotencyKey(key: string | undefined): string {
  return checkKey(key ?? '');
}

/** Checked now, so the caller learns of it before the first callback fails. @throws CountersignError `invalid-request` */
export function checkCallback({ callback }: ActionRequest, targets: WebhookTargets): void {
  const fault = callback === undefined ? null : faultOfTarget(new URL(callback), targets);
  if (fault === null) return;
  throw new CountersignError('invalid-request', `the callback cannot be used: ${fault}`, {
    errors: [{ pointer: '/callback', detail: fault }],
  });
}

/** A request as it was read: nothing of it depends on who asks. */
export interface ReadRequest {
  request: ActionRequest;
  idempotencyKey: string;
  id: string;
  hash: string;
  /** Recognises the same body under the same key. */
  mac: string;
}

/** What a request starts from: the stored action if there is one, and the current bundle. */
interface Beginning {
  row: StoredState | null;
  bundle: string | null;
}

/** Starts an action at most once for its key, and answers when its verdict is sealed. */
export function createStarter(deps: GatewayDeps, asleep: Asleep) {
  /** Identical requests that arrive together share one start. */
  const starting = new Map<string, { mac: string; answer: Promise<Action> }>();

  /** One statement, unless the log is being read for somebody else. */
  const begin = async (tenant: string, id: string): Promise<Beginning> => {
    const { looks, actions } = deps.store;
    const { looked, value } = await deps.register.currentBeside(tenant, {
      async together(range) {
        const { look, row } = await looks.withAction(tenant, range, id);
        return { look, value: row };
      },
      alone: () => actions.get(tenant, id),
    });
    return { row: value === null ? null : actionStateOf(value), bundle: bundleInForce(looked) };
  };

  const answered = async (caller: Caller, row: StoredState | null, mac: string): Promise<Action | null> => {
    if (row === null) return null;
    sameBody(row.state.bodyMac, mac);
    return visibleTo(caller, row.state, await withPermit(deps, row.state, row.sealedPermit));
  };

  const start = async (
    caller: Caller,
    { request, idempotencyKey, id, hash, mac }: ReadRequest,
    beginning: Promise<Beginning>,
  ): Promise<Action> => {
    const { tenant } = caller;
    const { row, bundle } = await beginning;
    const earlier = await answered(caller, row, mac);
    if (earlier !== null) return earlier;
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
        requestHash: hash,
        caller,
        bundle,
      }),
    };
    const wakesAt = deps.now().getTime() + deps.startDelayMs;
    const begun = started(input, id);
    const judging = judgedHere(input, { id, mac }, begun, wakesAt);
    if (await begun) {
      const judged = await judging;
      if (judged !== null) return judged.action;
    }
    return judgedElsewhere(caller, id, mac);
  };

  /**
   * Starts the workflow with its first task delayed. The start is durable immediately, and no worker is asked before the verdict is sealed.
   *
   * @returns false when it was started before.
   */
  const started = (input: GovernedActionInput, id: string): Promise<boolean> =>
    startAction(deps, workflowIdOf(input.tenant, id), input);

  /**
   * The verdict of what this process starts: made beside the start, and sealed behind its acknowledgment. Null where that failed, and the
   * workflow has to judge.
   *
   * @param wakesAt milliseconds since the epoch, not after its first task begins by itself
   */
  const judgedHere = async (
    input: GovernedActionInput,
    { id, mac }: Pick<ReadRequest, 'id' | 'mac'>,
    begun: Promise<boolean>,
    wakesAt: number,
  ): Promise<Judged | null> => {
    const acknowledged = begun.then((isOurs) => {
      if (!isOurs) throw new NotStartedHere();
    });
    acknowledged.catch(() => undefined);
    try {
      const judged = await deps.judging.begin({ ...input, id, mac, createdAt: deps.now().toISOString() }, acknowledged);
      if (needsWorkflow(judged, input, deps.startDelayMs)) void announcedAndWoken(judged, wakesAt);
      else asleep.leave(input.tenant, id, wakesAt);
      return judged;
    } catch (error) {
      if (!(await begun.catch(() => false))) return null;
      deps.log.warn({ err: error, action: id }, 'the process that was asked could not judge; the workflow does');
      return null;
    }
  };

  /** Never rejects. People hear of what waits for them before the workflow is woken: nobody else is about to tell them, and they need not wait for it. */
  const announcedAndWoken = async ({ action, quiet }: Judged, wakesAt: number): Promise<void> => {
    const hasTime = deps.now().getTime() + ANNOUNCED_MS < wakesAt;
    if (action.status === 'supervised' && quiet !== true && hasTime) await deps.telling?.begin(action);
    await wake(deps.client, action.tenant, action.id);
  };

  /** The verdict of an action that another process started, or could not judge: its workflow is woken for it. */
  const judgedElsewhere = async (caller: Caller, id: string, mac: string): Promise<Action> => {
    const { tenant } = caller;
    const change = waitForAnnouncement(deps, tenant, id, VERDICT_MS);
    try {
      // The process that started it may be judging right now. Waiting for that is cheaper than the workflow's first task.
      const early = await answeredSoon(caller, id, mac);
      if (early !== null) return early;
      void wake(deps.client, tenant, id);
      await change.done;
    } finally {
      change.cancel();
    }
    const now = await answered(caller, await readActionState(deps, tenant, id), mac);
    return now ?? evaluating(tenant, id, deps.now().toISOString());
  };

  const answeredSoon = async (caller: Caller, id: string, mac: string): Promise<Action | null> => {
    for (let tries = 0; tries < SOON_TRIES; tries += 1) {
      const action = await answered(caller, await readActionState(deps, caller.tenant, id), mac);
      if (action !== null) return action;
      const change = waitForAnnouncement(deps, caller.tenant, id, SOON_MS);
      await change.done;
    }
    return null;
  };

  return {
    /** What a request of this key starts from. */
    begin: (tenant: string, rawKey: string | undefined): Promise<Beginning> => begin(tenant, actionIdOf(rawKey ?? '')),

    /** @throws CountersignError as {@link checkIdempotencyKey}, {@link readRequest} and {@link checkCallback} */
    read(body: unknown, rawKey: string | undefined): ReadRequest {
      const idempotencyKey = checkIdempotencyKey(rawKey);
      const request = readRequest(body);
      checkCallback(request, deps.webhookTargets ?? 'public');
      return {
        request,
        idempotencyKey,
        id: actionIdOf(idempotencyKey),
        hash: hashOfRequest(request),
        mac: bodyMac(idempotencyKey, request),
      };
    },

    async request(caller: Caller, read: ReadRequest, beginning: Promise<Beginning> | null = null): Promise<Action> {
      const { request, id, mac } = read;
      checkConnector(deps, caller.tenant, request);
      if (mayAsk(caller, request)?.kind === 'surface') {
        const refusal = new CountersignError(
          'forbidden',
          `this credential does not reach the surface \`${request.surface}\`; ask for a key that does`,
        );
        return recordRefusal(deps, caller, id, 'api', () => Promise.reject(refusal));
      }
      await checkReversed(deps, caller, request);
      const key = `${caller.tenant}\n${caller.id}\n${id}`;
      const running = starting.get(key);
      if (running !== undefined) {
        sameBody(running.mac, mac);
        return running.answer;
      }
      const answer = start(caller, read, beginning ?? begin(caller.tenant, id));
      starting.set(key, { mac, answer });
      try {
        return await answer;
      } finally {
        starting.delete(key);
      }
    },
  };
}

/** Another process started the action, or nobody did: nothing of it is judged here. */
class NotStartedHere extends Error {}

/** The reversed action must exist, and the caller must be able to see it. @throws CountersignError `invalid-request` */
export async function checkReversed(deps: GatewayDeps, caller: Caller, { reverses }: ActionRequest): Promise<void> {
  if (reverses === undefined) return;
  const stored = await readActionState(deps, caller.tenant, reverses);
  try {
    if (stored === null) throw notFound();
    visibleTo(caller, stored.state, stored.state.action);
  } catch (error) {
    if (!isCountersignError(error) || error.code !== 'not-found') throw error;
    throw new CountersignError('invalid-request', 'the request takes back an action that is not there', {
      errors: [{ pointer: '/reverses', detail: error.message }],
    });
  }
}

/** The time that an announcement needs at most, in milliseconds: it is not begun shortly before the first task, which would make it, too. */
const ANNOUNCED_MS = 2000;

/** The delay of a workflow's first task is at most this part of the time after which it looks for silence. */
const DELAY_SHARE = 10;

/** Whether the workflow has anything to do before an outcome is reported or the delay is over. */
function needsWorkflow(
  { action, announced, hooks, activates, executes, review, outcomeWithinMs, permitMs = outcomeWithinMs }: Judged,
  { request }: GovernedActionInput,
  delayMs: number,
): boolean {
  if (action.status !== 'released' || activates || executes === true || review !== null) return true;
  if (Math.min(permitMs, outcomeWithinMs) < DELAY_SHARE * delayMs) return true;
  return announced || hooks !== undefined || request.callback !== undefined;
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
