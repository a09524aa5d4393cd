/** Asks for actions, and reads them. */
import { setImmediate } from 'node:timers/promises';
import { DeadlinePassed, within } from '../availability/index.ts';
import { CountersignError, isClosed, isOpen, isRefused, type Action } from '../contract/index.ts';
import { isCarriedOut } from '../engine/activation.ts';
import type { ActionState } from '../store/action-state.ts';
import { actionIdOf } from '../engine/ids.ts';
import { readActionState } from '../engine/seal.ts';
import type { Caller } from '../identity/index.ts';
import { visibleTo } from './access.ts';
import { delegationFor } from './approvers.ts';
import type { Arrive } from './arrive.ts';
import type { Asleep } from './asleep.ts';
import type { GatewayDeps } from './deps.ts';
import { claimedAction } from './permits.ts';
import { preparePublication } from './publication.ts';
import { createStarter } from './request.ts';
import { startToken } from './start-tokens.ts';
import { requesterActions } from './requester.ts';
import { readAction, type KnownAction } from './stored-action.ts';
import type { AboutAction, Actions, Answered, Policies } from './types.ts';
import { createWatches, type Watches } from './watches.ts';

/** The deadline of a verdict in milliseconds, even when a dependency hangs. */
const VERDICT_PATH_MS = 4900;
/** How long to wait for a released publication, in milliseconds. It is carried out immediately; later the caller has to look again. */
const CARRIED_OUT_MS = 10_000;

export function actions(deps: GatewayDeps, arrive: Arrive, asleep: Asleep): Actions & Pick<Policies, 'publishPolicy'> {
  const starter = createStarter(deps, asleep);
  const watches = createWatches(deps.hub, (tenant, id) => readAction(deps, tenant, id), deps.stopping);
  const waitForAction = (caller: Caller, id: string, waitMs: number): Promise<Action> =>
    watch(deps, watches, caller, id, waitMs);

  /** Waits up to `waitMs` where the action is parked. Adds the proof where it is refused. */
  const settled = async (caller: Caller, answered: Action, waitMs: number): Promise<Answered> => {
    const action = isOpen(answered.status) && waitMs > 0 ? await waitForAction(caller, answered.id, waitMs) : answered;
    const newest = action.records.at(-1);
    const refused = isRefused(action.status) && newest !== undefined;
    return { action, receipt: refused ? await deps.logReader.receipt(caller.tenant, newest) : null };
  };

  const request: Actions['request'] = async (caller, body, idempotencyKey, waitMs) =>
    settled(caller, await timely(starter.request(caller, starter.read(body, idempotencyKey))), waitMs);

  return {
    async submit(authorization, body, idempotencyKey, waitMs) {
      const ask = async (): Promise<{ caller: Caller; action: Action }> => {
        const arriving = arrive(authorization, (tenant) => starter.begin(tenant, idempotencyKey));
        const reading = whileAsked(() => {
          deps.store.payloads.prepare();
          return starter.read(body, idempotencyKey);
        });
        const { caller, begun } = await arriving;
        return { caller, action: await starter.request(caller, await reading, begun) };
      };
      const { caller, action } = await timely(deps.register.atOnce(ask));
      return settled(caller, action, waitMs);
    },
    request,
    action: waitForAction,
    newestRecord: (caller, about) => newestRecord(deps, caller, about),
    ...requesterActions(deps),
    startToken: (caller, input) => startToken(deps, caller, input),

    async publishPolicy(caller, input, idempotencyKey, waitMs) {
      const arrived = deps.now().getTime();
      const publication = await preparePublication(deps, caller, input, idempotencyKey);
      // The caller's wait began with the request, and trying out a candidate took part of it.
      const left = Math.max(0, waitMs - (deps.now().getTime() - arrived));
      const answered = await request(caller, publication, idempotencyKey, left);
      if (answered.action.status !== 'released') return answered;
      const action = await waitForAction(caller, answered.action.id, CARRIED_OUT_MS);
      return { ...answered, action };
    },
  };
}

/** Does the work once the question to the database is sent. An error of it is thrown where the result is awaited. */
function whileAsked<T>(work: () => T): Promise<T> {
  const done = setImmediate().then(work);
  done.catch(() => undefined);
  return done;
}

/** @throws CountersignError `unavailable` when the verdict takes longer than its deadline; `readyz` says what hangs. */
async function timely<T>(verdict: Promise<T>): Promise<T> {
  try {
    return await within(VERDICT_PATH_MS, verdict);
  } catch (cause) {
    if (!(cause instanceof DeadlinePassed)) throw cause;
    throw new CountersignError(
      'unavailable',
      'no verdict was sealed in time; nothing was released. send the same request with the same key again',
      { cause, extensions: { retryAfter: 1 } },
    );
  }
}

/** The action once there is nothing more to wait for, or after `waitMs` at the latest. */
async function watch(deps: GatewayDeps, watches: Watches, caller: Caller, id: string, waitMs: number): Promise<Action> {
  let shared: Promise<KnownAction> | null = null;
  for (const deadline = Date.now() + waitMs; ;) {
    const remaining = watches.over ? 0 : deadline - Date.now();
    const change = watches.next(caller.tenant, id, Math.max(0, remaining));
    try {
      const { state, action } = await (shared ?? readAction(deps, caller.tenant, id));
      const seen = await seenBy(deps, caller, state, action);
      // The engine carries this out itself and gives no permit, so only the end is worth waiting for.
      const open = isCarriedOut(state) ? !isClosed(action.status) : isOpen(action.status);
      if (remaining <= 0 || !open) return seen;
      shared = (await change.done)?.look ?? null;
    } finally {
      change.cancel();
    }
  }
}

function idOf(about: AboutAction): string {
  if ('action' in about) return about.action;
  return 'permit' in about ? claimedAction(about.permit) : actionIdOf(about.idempotencyKey);
}

async function newestRecord(deps: GatewayDeps, caller: Caller, about: AboutAction): Promise<string | null> {
  const stored = await readActionState(deps, caller.tenant, idOf(about));
  return stored?.state.action.records.at(-1) ?? null;
}

/** As {@link visibleTo}, and also for delegates of the current approvers. */
async function seenBy(deps: GatewayDeps, caller: Caller, state: ActionState, action: Action): Promise<Action> {
  const reversedBy = isOpen(action.status) ? [] : await deps.store.actions.reversing(action.tenant, action.id);
  const known = reversedBy.length === 0 ? action : { ...action, reversedBy };
  try {
    return visibleTo(caller, state, known);
  } catch (error) {
    const standsIn = caller.kind === 'person' && (await delegationFor(deps, caller, state)) !== null;
    if (standsIn) return { ...known, permit: null };
    throw error;
  }
}
