/** `governed()` for workflow code: waits for people as long as policy lets them take, whatever the limits of the activity are. */
import {
  CancellationScope,
  condition,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
  type ActivityInterfaceFor,
  type ActivityOptions,
  type UntypedActivities,
} from '@temporalio/workflow';
import { DECIDED_SIGNAL, WAITED, type DesignatedCall, type WaitingActivities } from './waiting.ts';

/** The signal that a callback sends. Signal it by hand to make everything that waits in a workflow look immediately. */
export const decidedSignal = defineSignal(DECIDED_SIGNAL);

/** Signals and calls so far. Each workflow has its own instance of this module. */
let signals = 0;
let calls = 0;

/**
 * Designated activities, as `proxyActivities()` makes them, that are scheduled only when they are released. Waiting holds nothing: the
 * history does not grow, and no slot is taken.
 *
 * ```ts
 * const { refund } = governed<typeof activities>({ startToCloseTimeout: '1 minute', retry: { maximumAttempts: 1 } });
 * await refund({ order, amount });
 * ```
 *
 * A refusal fails the call for good, as an `ActivityFailure` whose cause has policy's own sentence. Where the workflow is cancelled while
 * it waits, the action is withdrawn.
 */
export function governed<A = UntypedActivities>(options: ActivityOptions): ActivityInterfaceFor<A> {
  return new Proxy({} as ActivityInterfaceFor<A>, {
    get: (_target, activityType) =>
      typeof activityType === 'string'
        ? (...args: unknown[]) => runWhenReleased({ activityType, activityId: nextId(), args }, options)
        : undefined,
  });
}

const nextId = (): string => `${WAITED}${(calls += 1)}`;

async function runWhenReleased(what: DesignatedCall, options: ActivityOptions): Promise<unknown> {
  await released(what, options.taskQueue === undefined ? {} : { taskQueue: options.taskQueue });
  const { activityType, activityId, args } = what;
  const { [activityType]: run } = proxyActivities<UntypedActivities>({ ...options, activityId });
  return run?.(...args);
}

/** Looks until somebody decided; between two looks it waits for the activity's next retry, or for a signal. */
async function released(what: DesignatedCall, where: { taskQueue?: string }): Promise<void> {
  const { countersignDecision, countersignWithdraw } = proxyActivities<WaitingActivities>({
    ...where,
    startToCloseTimeout: '1 minute',
  });
  setHandler(decidedSignal, () => void (signals += 1));
  try {
    for (let decided = false; !decided;) {
      const seen = signals;
      const look = new CancellationScope();
      const looking = look.run(() => countersignDecision(what));
      decided = await Promise.race([looking.then(() => true), condition(() => signals !== seen).then(() => false)]);
      if (decided) return;
      look.cancel();
      // It may have been answered meanwhile.
      decided = await looking.then(() => true, notCancelled);
    }
  } catch (error) {
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => countersignWithdraw(what));
    throw error;
  }
}

function notCancelled(error: unknown): false {
  if (isCancellation(error)) return false;
  throw error;
}
