/** `govern()`: from the question to the report, safe to be killed and begun again anywhere between. */
import { CountersignError, OutcomeUnknown, Skip } from './errors.ts';
import { sleep, type CallOptions } from './http.ts';
import type { Action, ActionRequest, JsonObject, Outcome, Redeemed, Verdict } from './types.ts';

/** The calls that one governed action is made of; a client has them all. */
export interface GovernCalls {
  request(request: ActionRequest, options: CallOptions & { idempotencyKey: string; wait?: number }): Promise<Action>;
  permit(id: string, options?: CallOptions): Promise<Action>;
  redeem(input: { permit: string; redeemer?: string }, options?: CallOptions): Promise<Redeemed>;
  report(id: string, outcome: Outcome, options?: CallOptions): Promise<Action>;
}

export interface GovernOptions<T> {
  /** One key for one intended effect, the same after every restart: `refund-ord_991`. */
  key: string;
  /**
   * The redeemer. By default every call has its own, so a permit taken by a process that died is never used again: nobody knows whether its
   * effect happened. Set one only if `execute` may safely run again, for example because it sends an idempotency key.
   */
  redeemer?: string;
  /** Milliseconds to wait for humans. Default: as long as policy lets them take. */
  timeout?: number;
  signal?: AbortSignal;
  /** The executor's own id of what was done, from the value that `execute` returned. */
  reference?: (value: T) => string | undefined;
  /** Told each time the engine says that a human is awaited. */
  onWaiting?: (action: Action) => void;
}

/** The released request and what comes with it. */
export interface Release {
  permit: string;
  /** The resource version that was judged: throw {@link Skip} where the state you find is another. */
  version: string | null;
  /** The changes of policy and approvers; the request already includes them. */
  changes: JsonObject | null;
  action: Action;
}

/** Acts on the request as released, and on nothing else. */
export type Execute<T> = (request: ActionRequest, release: Release) => T | Promise<T>;

export type Governed<T> =
  /** `execute` ran. Where `reported` is false the engine could not be told: reconcile it. */
  | {
      status: 'executed';
      decision: Verdict['decision'];
      value: T;
      request: ActionRequest;
      changes: JsonObject | null;
      reported: boolean;
      action: Action;
    }
  /** `execute` threw {@link Skip}: nothing happened. */
  | { status: 'skipped'; reason: string; reported: boolean; action: Action }
  /** Policy or a human said no. `final`: asking again cannot help. */
  | { status: 'refused'; final: boolean; reasons: string[]; action: Action | null; receipt: unknown }
  /** Nobody decided in time, or it was withdrawn, or nobody redeemed in time. Nothing happened. */
  | { status: 'expired' | 'cancelled' | 'lapsed'; action: Action }
  /** A human is still awaited after `timeout`. Call again with the same key. */
  | { status: 'waiting'; action: Action }
  /** An earlier call with this key came to its end. */
  | { status: 'already'; outcome: 'executed' | 'failed' | 'skipped'; action: Action }
  /** Another call, or one that died, redeemed and reported nothing yet: the effect may have happened. Do not repeat it; look, and reconcile. */
  | { status: 'begun'; redeemedAt: string | null; action: Action };

const POLL_SECONDS = 60;
/** A held action may be withdrawn meanwhile, so it is read again. */
const HELD_MAX_MS = 60_000;

export async function govern<T>(
  client: GovernCalls,
  request: ActionRequest,
  options: GovernOptions<T>,
  execute: Execute<T>,
): Promise<Governed<T>> {
  const calls = options.signal === undefined ? {} : { signal: options.signal };
  const redeemer = options.redeemer ?? crypto.randomUUID();
  const end = Date.now() + (options.timeout ?? Infinity);
  for (;;) {
    const asked = await askUntil(client, request, options, end);
    if ('status' in asked) return asked;
    const { action } = asked;
    const taken = await take(client, action, redeemer, calls, end);
    if (taken === 'again') {
      await sleep(100, options.signal);
      continue;
    }
    if ('status' in taken) return taken;
    return run(client, action, taken, options, execute);
  }
}

type Ended = Exclude<Governed<never>, { status: 'executed' | 'skipped' }>;

/**
 * Asks until the action is released, or has ended.
 *
 * @param end milliseconds since the epoch: from then on one that waits for people is `waiting`
 */
export async function askUntil(
  client: Pick<GovernCalls, 'request'>,
  request: ActionRequest,
  { key, signal, onWaiting }: Pick<GovernOptions<never>, 'key' | 'signal' | 'onWaiting'>,
  end: number,
): Promise<{ action: Action } | Ended> {
  // Do not hold the first answer, so that the caller learns immediately that a human is awaited.
  for (let wait = 0; ; wait = Math.max(0, Math.min(POLL_SECONDS, Math.ceil((end - Date.now()) / 1000)))) {
    const call = { idempotencyKey: key, wait };
    let action: Action;
    try {
      action = await client.request(request, signal === undefined ? call : { ...call, signal });
    } catch (error) {
      return refusalOf(error);
    }
    const ended = endOf(action);
    if (ended !== null) return ended;
    if (action.status === 'released') return { action };
    if (wait === 0) onWaiting?.(action);
    if (Date.now() >= end) return { status: 'waiting', action };
  }
}

/** How an action ended that is neither open nor released; null for one that is. */
function endOf(action: Action): Ended | null {
  switch (action.status) {
    case 'evaluating':
    case 'supervised':
      return null;
    case 'released':
      return null;
    case 'executed':
    case 'failed':
    case 'skipped':
      return { status: 'already', outcome: action.status, action };
    case 'refused':
      return { status: 'refused', final: false, reasons: action.verdict?.reasons ?? [], action, receipt: null };
    case 'expired':
    case 'cancelled':
    case 'lapsed':
      return { status: action.status, action };
    default:
      // `unreported`, or a status of a newer server: it may not be safe to begin.
      return { status: 'begun', redeemedAt: action.redeemedAt ?? null, action };
  }
}

/** The action in a refusing problem. @throws the error, where it is about something else */
function refusalOf(error: unknown): Ended {
  if (!(error instanceof CountersignError)) throw error;
  if (error.code === 'frozen') {
    return { status: 'refused', final: false, reasons: [error.message], action: null, receipt: null };
  }
  if (error.code !== 'action-refused') throw error;
  const action = (error.problem?.['action'] ?? null) as Action | null;
  if (action?.status === 'expired' || action?.status === 'cancelled' || action?.status === 'lapsed') {
    return { status: action.status, action };
  }
  return {
    status: 'refused',
    final: error.problem?.['final'] === true,
    reasons: action?.verdict?.reasons ?? [error.message],
    action,
    receipt: error.problem?.['receipt'] ?? null,
  };
}

/** Redeems, with a fresh permit where the first came too late. `again`: the action changed meanwhile, so read it again. */
async function take(
  client: GovernCalls,
  action: Action,
  redeemer: string,
  calls: { signal?: AbortSignal },
  end: number,
): Promise<{ permit: string; redeemed: Redeemed } | Ended | 'again'> {
  let { permit } = action;
  for (let fresh = permit === null; ; fresh = true) {
    try {
      if (fresh) permit = (await client.permit(action.id, calls)).permit;
      if (permit === null) return 'again';
      return { permit, redeemed: await client.redeem({ permit, redeemer }, calls) };
    } catch (error) {
      if (!(error instanceof CountersignError)) throw error;
      switch (error.code) {
        case 'permit-expired':
        case 'permit-invalid':
          // Another call may have taken a fresh permit, which makes this one invalid.
          if (fresh) throw error;
          continue;
        case 'permit-held': {
          // Approved, and held so that it can be withdrawn.
          const until = Date.parse(String(error.problem?.['notBefore']));
          if (!(until <= end)) return { status: 'waiting', action };
          await sleep(Math.min(HELD_MAX_MS, Math.max(0, until - Date.now()) + 100), calls.signal);
          return 'again';
        }
        case 'not-open':
          return 'again';
        case 'permit-already-redeemed': {
          const at = error.problem?.['redeemedAt'];
          return { status: 'begun', redeemedAt: typeof at === 'string' ? at : (action.redeemedAt ?? null), action };
        }
        default:
          return refusalOf(error);
      }
    }
  }
}

async function run<T>(
  client: GovernCalls,
  action: Action,
  { permit, redeemed }: { permit: string; redeemed: Redeemed },
  { reference, signal }: GovernOptions<T>,
  execute: Execute<T>,
): Promise<Governed<T>> {
  const { request, changes, version } = redeemed;
  const report = (outcome: Omit<Outcome, 'permit'>): Promise<Action | null> =>
    // The caller's signal does not stop the report. A failed report changes nothing about the effect.
    client.report(action.id, { ...outcome, permit }).catch((error: unknown) => {
      if (error instanceof CountersignError) return null;
      throw error;
    });
  let value: T;
  try {
    if (signal?.aborted === true) throw new Skip('the caller stopped before it began');
    value = await execute(request, { permit, version, changes, action });
  } catch (error) {
    if (error instanceof Skip) {
      const reported = await report({ status: 'skipped', detail: error.message.slice(0, 2000) });
      return { status: 'skipped', reason: error.message, reported: reported !== null, action: reported ?? action };
    }
    // The message of a foreign error may hold a secret, so only its name is reported.
    if (!(error instanceof OutcomeUnknown)) {
      await report({ status: 'failed', detail: error instanceof Error ? error.name : 'it threw what is no error' });
    }
    throw error;
  }
  const id = reference?.(value);
  const reported = await report({ status: 'executed', ...(id === undefined ? {} : { reference: id }) });
  return {
    status: 'executed',
    decision: action.verdict?.decision ?? 'approve',
    value,
    request,
    changes,
    reported: reported !== null,
    action: reported ?? action,
  };
}
