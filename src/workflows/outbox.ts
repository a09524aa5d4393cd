import { CancellationScope, condition, proxyActivities } from '@temporalio/workflow';
import type { Action } from '../contract/index.ts';
import type { ApprovalEffect, ApprovalState } from '../approval/index.ts';
import type { PublishInput, RemoteActivities } from '../activities/types.ts';

const { publish, callback } = proxyActivities<RemoteActivities>({
  startToCloseTimeout: '1 minute',
  // A week: an outage of Slack or of the caller's server delays what people read, never what was decided.
  scheduleToCloseTimeout: '7 days',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '2 minutes' },
});

/** What is to be told, as it stands when the telling begins. */
export interface Outbox {
  /** Notes that the action changed; what people read follows as soon as it can. */
  changed(effects?: ApprovalEffect[], review?: PublishInput['review']): void;
  /** Resolves when everything noted so far was told or given up. */
  drained(): Promise<void>;
}

export interface OutboxSource {
  action(): Action;
  approval(): ApprovalState | null;
  /** People that Slack could not reach: escalated at once, not waited for. */
  unreachable(people: string[]): void;
}

/**
 * One writer for everything that is told about an action: at most one publication runs, always of the newest state, so that an
 * older one can never overwrite a newer. Callbacks go beside it, in their own order, so that neither waits for the other's outage.
 */
export function createOutbox(source: OutboxSource, tells: { people: boolean; callback: boolean }): Outbox {
  let revision = 0;
  let published = 0;
  let effects: ApprovalEffect[] = [];
  let review: PublishInput['review'] = null;
  let told: Action['status'] | null = null;
  let called = 0;
  const calls: Action[] = [];

  const tellPeople = async (): Promise<void> => {
    for (;;) {
      await condition(() => published < revision);
      const now = revision;
      const batch = effects;
      effects = [];
      const reviewed = review;
      review = null;
      const { status } = source.action();
      const was = told;
      told = status;
      try {
        const result = await publish({
          action: source.action(),
          approval: source.approval(),
          effects: batch,
          was,
          review: reviewed,
        });
        if (result.unreachable.length > 0) source.unreachable(result.unreachable);
      } catch {
        // Given up after a week; the API and the console still show and decide everything.
      }
      published = now;
    }
  };
  const callBack = async (): Promise<void> => {
    for (;;) {
      await condition(() => called < calls.length);
      const action = calls[called];
      if (action !== undefined) {
        try {
          await callback({ action, messageId: `${action.id}.${called}` });
        } catch {
          // Given up after a week; the action itself can be read at any time.
        }
      }
      called += 1;
    }
  };
  const scope = new CancellationScope({ cancellable: false });
  if (tells.people) void scope.run(tellPeople);
  if (tells.callback) void scope.run(callBack);

  return {
    changed(more = [], news = null) {
      revision += 1;
      effects.push(...more);
      review = news ?? review;
      if (tells.callback) calls.push(source.action());
    },
    drained: () =>
      condition(() => (!tells.people || published === revision) && (!tells.callback || called === calls.length)),
  };
}
