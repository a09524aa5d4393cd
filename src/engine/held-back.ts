/** Judging beside a start that is not acknowledged yet: everything is read, and nothing is left behind. */
import type { Connector } from './connectors.ts';
import type { EngineDeps } from './deps.ts';

/**
 * Makes every write, and every question to a service outside of the stack, wait for `acknowledged`. They fail if it rejects. So a crash leaves nothing behind of an action that nobody knows of.
 * The sequencer's `hold` is left as it is: nothing that it writes is there before it commits, and it waits for `acknowledged` by itself.
 */
export function heldBack(deps: EngineDeps, acknowledged: Promise<void>): EngineDeps {
  const after =
    <Args extends unknown[], T>(work: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T> => {
      await acknowledged;
      return work(...args);
    };
  const { store, sequencer, connectors, advisers, oncall } = deps;
  const { limits, payloads, people } = store;
  const measuring = (connector: Connector): Connector => ({
    timeoutMs: connector.timeoutMs,
    measure: after((request) => connector.measure(request)),
    execute: after((run) => connector.execute(run)),
  });
  return {
    ...deps,
    store: {
      ...store,
      limits: {
        ...limits,
        async glance(...args) {
          const glance = await limits.glance(...args);
          return glance === null ? null : { ...glance, take: after((decided) => glance.take(decided)) };
        },
        async decide(...args) {
          await acknowledged;
          return limits.decide(...args);
        },
        release: after((...args) => limits.release(...args)),
      },
      payloads: {
        ...payloads,
        draft(...args) {
          const draft = payloads.draft(...args);
          return { ...draft, store: after(() => draft.store()) };
        },
        create: after((...args) => payloads.create(...args)),
        update: after((...args) => payloads.update(...args)),
        erase: after((...args) => payloads.erase(...args)),
      },
      people: { ...people, keep: after((...args) => people.keep(...args)) },
    },
    sequencer: { ...sequencer, append: after((...args) => sequencer.append(...args)) },
    connectors: {
      find(...args) {
        const connector = connectors.find(...args);
        return connector === null ? null : measuring(connector);
      },
    },
    advisers: { ask: after((...args) => advisers.ask(...args)) },
    oncall: { ask: after((...args) => oncall.ask(...args)) },
  };
}
