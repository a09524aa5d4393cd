/** Governs Temporal activities by name, with one line in the worker’s options. */
import { SimplePlugin } from '@temporalio/plugin';
import { Governor, type GovernorOptions } from './governor.ts';

export { onlyGoverned, type GovernorOptions } from './governor.ts';
export type { Designation } from './designation.ts';

/**
 * The plugin of a worker: `plugins: [countersign({ url, key, actor, activities: { refund: { surface, action } } })]`.
 *
 * A designated activity asks before it runs. Approved, it runs with the released parameters; refused, it fails for good with policy’s own
 * sentence; while a human is awaited, it is retried.
 */
export function countersign(options: GovernorOptions): SimplePlugin {
  const governor = new Governor(options);
  return new SimplePlugin({
    name: 'countersign',
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
