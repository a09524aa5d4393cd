/** Governs Temporal activities by name, with one line in the worker’s options. */
import { activityInfo } from '@temporalio/activity';
import { SimplePlugin } from '@temporalio/plugin';
import { Governor, type GovernorOptions } from './governor.ts';
import type { WaitingActivities } from './waiting.ts';

export { onlyGoverned, type GovernorOptions } from './governor.ts';
export { signalOnCallback, type CallbackOptions, type SignallingClient } from './callback.ts';
export type { Designation } from './designation.ts';

/**
 * The plugin of a worker: `plugins: [countersign({ url, key, actor, activities: { refund: { surface, action } } })]`.
 *
 * A designated activity asks before it runs. Approved, it runs with the released parameters; refused, it fails for good with policy’s own
 * sentence; while a human is awaited, it is retried.
 */
export function countersign(options: GovernorOptions): SimplePlugin {
  const governor = new Governor(options);
  const waiting: WaitingActivities = {
    countersignDecision: (what) => governor.decide(activityInfo(), what),
    countersignWithdraw: (what) => governor.withdraw(activityInfo(), what),
  };
  return new SimplePlugin({
    name: 'countersign',
    activities: waiting,
    workerInterceptors: {
      activity: [
        ({ info }) => ({
          inbound: {
            execute: (input, next) => governor.execute(info, input.args, (args) => next({ ...input, args })),
          },
        }),
      ],
    },
  });
}
