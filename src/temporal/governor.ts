/** Wraps a designated activity: ask, wait by retrying, redeem, run the request as released, report. */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  Countersign,
  CountersignError,
  Skip,
  type Action,
  type ActionRequest,
  type Redeemed,
} from '@countersign/client';
import type { Info } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { callbackFor } from './callback.ts';
import { actionIdOf, argsOf, redeemerOf, requestOf, scheduledActivityKey, type Designation } from './designation.ts';
import { held, refused, unavailable, waiting } from './failures.ts';
import { WAITED, type DesignatedAction, type DesignatedCall } from './waiting.ts';

export interface GovernorOptions {
  /** Where the engine is. */
  url: string;
  /** The API key of this worker. */
  key: string;
  /** Who acts: the id of a service or agent, or an actor in full. */
  actor: string | ActionRequest['actor'];
  /** Designated activities by name. */
  activities: Record<string, Designation>;
  /** Longest pause between two checks of an action that waits for a human, in milliseconds. Default: 30 s. */
  longestPause?: number;
  /**
   * Where the engine reports that `governed()` need not wait any longer: the address of {@link signalOnCallback}. Without it, the
   * longest pause passes until a workflow notices.
   */
  callback?: string;
  fetch?: typeof globalThis.fetch;
}

const isWaiting = ({ status }: Action): boolean => status === 'supervised' || status === 'evaluating';

/** The name of the designated activity that was released and runs here. */
const running = new AsyncLocalStorage<string>();

export class Governor {
  readonly #options: GovernorOptions;
  readonly #client: Countersign;
  readonly #actor: ActionRequest['actor'];

  constructor(options: GovernorOptions) {
    this.#options = options;
    this.#client = new Countersign({ ...options, retryFor: 5000 });
    this.#actor =
      typeof options.actor === 'string'
        ? { id: options.actor, type: options.actor.startsWith('agent:') ? 'agent' : 'service' }
        : options.actor;
  }

  /** Runs an activity. A designated one runs only when released, with the released arguments. */
  async execute(info: Info, args: unknown[], run: (args: unknown[]) => Promise<unknown>): Promise<unknown> {
    const { activities, key: apiKey, longestPause = 30_000 } = this.#options;
    const designation = Object.hasOwn(activities, info.activityType) ? activities[info.activityType] : undefined;
    if (designation === undefined) return run(args);
    const asked = this.#request(designation, args, info);
    const key = scheduledActivityKey(info);
    // `governed()` waited already, so Temporal's limits bound the activity alone.
    const waited = info.activityId.startsWith(WAITED);
    try {
      if (!waited) requireRetries(info);
      if (!waited && info.attempt === 1) await this.#requirePatience(info, asked, longestPause);
      const action = await this.#ask(asked, key);
      if (isWaiting(action)) {
        throw waited
          ? refused('nobody has decided yet; let `governed()` wait for that', action)
          : waiting(action, info.attempt, longestPause);
      }
      const { permit, redeemed } = await this.#take(action, await redeemerOf(apiKey, key));
      // The callback address is not part of the released request.
      const { callback: _callback, ...given } = asked;
      const released = argsOf(designation, given, redeemed.request, args);
      return await this.#act(info, designation, action, permit, () =>
        running.run(info.activityType, () => run(released)),
      );
    } catch (error) {
      throw error instanceof CountersignError ? failureOf(error) : error;
    }
  }

  /** For `governed()`: asks for an activity that is to be scheduled, and is retried until it is decided. @returns our id and status */
  async decide(info: Info, { activityType, activityId, args }: DesignatedCall): Promise<DesignatedAction> {
    const designation = Object.hasOwn(this.#options.activities, activityType)
      ? this.#options.activities[activityType]
      : undefined;
    if (designation === undefined) {
      throw refused(`\`${activityType}\` is not designated in the plugin of this worker; name it in \`activities\``);
    }
    const asked = this.#request(designation, args, { ...info, activityId });
    try {
      const action = await this.#ask(asked, scheduledActivityKey({ ...info, activityId }));
      if (isWaiting(action)) throw waiting(action, info.attempt, this.#options.longestPause ?? 30_000);
      return { action: action.id, status: action.status };
    } catch (error) {
      throw error instanceof CountersignError ? failureOf(error) : error;
    }
  }

  /** For `governed()` in a workflow that is cancelled: nobody is asked any longer. */
  async withdraw(info: Info, { activityId }: DesignatedCall): Promise<void> {
    try {
      await this.#client.cancel(await actionIdOf(scheduledActivityKey({ ...info, activityId })));
    } catch (error) {
      // It was never asked, or somebody decided meanwhile.
      if (error instanceof CountersignError && ['not-found', 'not-open'].includes(error.code)) return;
      throw error instanceof CountersignError ? failureOf(error) : error;
    }
  }

  /** The same for one activity id, for every caller. */
  #request(designation: Designation, args: readonly unknown[], info: Info): ActionRequest {
    const request = requestOf(designation, this.#actor, args);
    const { callback } = this.#options;
    if (callback === undefined || !info.activityId.startsWith(WAITED)) return request;
    return { ...request, callback: callbackFor(callback, info) };
  }

  async #ask(asked: ActionRequest, key: string): Promise<Action> {
    const action = await this.#client.request(asked, { idempotencyKey: key });
    switch (action.status) {
      case 'evaluating':
      case 'supervised':
      case 'released':
        return action;
      case 'executed':
        throw refused('this activity ran before, and its result was lost with its worker', action, 'CountersignRan');
      case 'failed':
      case 'skipped':
        throw refused(`this activity ended before as ${action.status}`, action, 'CountersignRan');
      case 'unreported':
        throw refused(
          'this activity began before, and what became of it is not known; look',
          action,
          'CountersignBegun',
        );
      default:
        throw refused(action.verdict?.reasons.join('; ') || `the action is ${action.status}`, action);
    }
  }

  async #take(action: Action, redeemer: string): Promise<{ permit: string; redeemed: Redeemed }> {
    let { permit } = action;
    for (let fresh = permit === null; ; fresh = true) {
      try {
        if (fresh) permit = (await this.#client.permit(action.id)).permit;
        if (permit === null) throw refused('the action is no longer released', action);
        return { permit, redeemed: await this.#client.redeem({ permit, redeemer }) };
      } catch (error) {
        if (error instanceof CountersignError && error.code === 'permit-held') throw held(error);
        const late = error instanceof CountersignError && ['permit-expired', 'permit-invalid'].includes(error.code);
        if (fresh || !late) throw error;
      }
    }
  }

  /** Runs it and reports. A failure that Temporal will retry is not reported: the retries use the same permit. */
  async #act(
    info: Info,
    { reference }: Designation,
    action: Action,
    permit: string,
    run: () => Promise<unknown>,
  ): Promise<unknown> {
    let result: unknown;
    try {
      result = await run();
    } catch (error) {
      if (error instanceof Skip) {
        await this.#client.report(action.id, { permit, status: 'skipped', detail: error.message.slice(0, 2000) });
        throw refused(error.message, action, 'CountersignSkipped');
      }
      if (isLast(info, error)) {
        const detail = error instanceof Error ? error.name : 'it threw what is no error';
        await this.#client.report(action.id, { permit, status: 'failed', detail }).catch(ignoreUnreported);
      }
      throw error;
    }
    const id = reference?.(result as never);
    await this.#client
      .report(action.id, { permit, status: 'executed', ...(id === undefined ? {} : { reference: id }) })
      .catch(ignoreUnreported);
    return result;
  }

  /** Refuses without asking anybody when Temporal would give up before the approvers’ deadline. */
  async #requirePatience(info: Info, asked: ActionRequest, pause: number): Promise<void> {
    const { scheduleToCloseTimeoutMs: close, retryPolicy } = info;
    const attempts = retryPolicy?.maximumAttempts ?? 0;
    if (close === 0 && (attempts === 0 || !Number.isFinite(attempts))) return;
    const { plan } = (await this.#client.evaluate(asked)) as { plan: { expiresMs: number } | null };
    if (plan === null) return;
    if (close > 0 && close < plan.expiresMs) {
      throw refused(
        `\`scheduleToCloseTimeout\` is ${close / 1000} s, and people have ${plan.expiresMs / 1000} s to answer; make it longer, or leave it out`,
      );
    }
    // The first pauses are shorter than the longest; each check of a waiting action is an attempt.
    const looks = Math.ceil(plan.expiresMs / pause) + 10;
    if (attempts > 0 && attempts < looks) {
      throw refused(
        `\`maximumAttempts\` is ${attempts}, and waiting for people takes up to ${looks}; leave it out, and bound what fails by \`nonRetryableErrorTypes\``,
      );
    }
  }
}

/** @throws ApplicationFailure where an activity could not wait for anybody */
function requireRetries({ isLocal, retryPolicy, activityType }: Info): void {
  if (isLocal) throw refused(`\`${activityType}\` is governed, and a local activity cannot wait; make it an activity`);
  if (retryPolicy?.maximumAttempts === 1) {
    throw refused(
      `\`${activityType}\` is governed, and with \`maximumAttempts: 1\` it cannot wait for a human; leave \`maximumAttempts\` out`,
    );
  }
}

/** Turns the result of asking or redeeming into a failure for Temporal. */
function failureOf(error: CountersignError): ApplicationFailure {
  if (error.code === 'action-refused') {
    const action = error.problem?.['action'] as Action | undefined;
    return refused(action?.verdict?.reasons.join('; ') || error.message, action ?? null);
  }
  if (error.status !== null && error.status < 500 && error.status !== 429 && error.code !== 'frozen') {
    return refused(error.message);
  }
  return unavailable(error);
}

/** True where Temporal will not try again. */
function isLast({ attempt, retryPolicy }: Info, error: unknown): boolean {
  // A cancelled effect may or may not have happened. Report nothing, so that it shows as unreported.
  if (error instanceof CancelledFailure) return false;
  const attempts = retryPolicy?.maximumAttempts ?? 0;
  if (attempts > 0 && attempt >= attempts) return true;
  const failure = error instanceof ApplicationFailure ? error : null;
  if (failure?.nonRetryable === true) return true;
  const type = failure?.type ?? (error instanceof Error ? error.name : '');
  return retryPolicy?.nonRetryableErrorTypes?.includes(type) === true;
}

/** The effect stands, reported or not; the engine shows it as unreported, and an owner reconciles. */
function ignoreUnreported(error: unknown): void {
  if (!(error instanceof CountersignError)) throw error;
}

/**
 * Wraps activities so that they refuse to run unreleased, even on a worker that was started without the plugin.
 *
 * @param names names of the designated activities; all by default
 */
export function onlyGoverned<T extends Record<string, (...args: never[]) => unknown>>(
  activities: T,
  names: readonly (keyof T & string)[] = Object.keys(activities),
): T {
  const wrapped = names.map((name) => [
    name,
    (...args: never[]) => {
      if (running.getStore() === name) return activities[name]?.(...args);
      throw refused(
        `\`${name}\` is governed, and this worker runs without the plugin; add it to the worker’s \`plugins\``,
      );
    },
  ]);
  return { ...activities, ...(Object.fromEntries(wrapped) as Partial<T>) };
}
