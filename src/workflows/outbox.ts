import {
  CancellationScope,
  condition,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { Action } from '../contract/index.ts';
import type { ApprovalEffect, ApprovalState } from '../approval/index.ts';
import type { LocalActivities, RemoteActivities } from '../activities/types.ts';
import type { Published, WebhookChange, PublishInput } from '../notify/types.ts';

const { publish, callback, webhook } = proxyActivities<RemoteActivities>({
  startToCloseTimeout: '1 minute',
  // A week. An outage of Slack or of the caller's server delays messages, never decisions.
  scheduleToCloseTimeout: '7 days',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '2 minutes' },
});

/** The first try, from the task in which the workflow learned of it. Slack's slowness holds no task up: what takes longer is scheduled. */
const { publishNow } = proxyLocalActivities<Pick<LocalActivities, 'publishNow'>>({
  startToCloseTimeout: '2 seconds',
  retry: { maximumAttempts: 1 },
});

/** What an executor's report or its absence led to: whoever reported has their answer, and waits for nothing. */
const REPORTED: ReadonlySet<Action['status']> = new Set(['executed', 'failed', 'skipped', 'unreported', 'lapsed']);

/** Tells people, at once where nobody waits for the answer of this task; an approver who decided does. */
async function tell(input: PublishInput): Promise<Published> {
  if (input.publication === undefined || (input.was !== null && !REPORTED.has(input.action.status)))
    return publish(input);
  const told = await publishNow(input).catch(() => null);
  return told ?? publish(input);
}

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
  unreachable(people: string[], attested: string | undefined): void;
}

/**
 * The one writer of everything that is told about an action. At most one publication runs, always of the newest state, so that an older one
 * never overwrites a newer. Callbacks run beside it, in their own order, so that neither waits for the other's outage.
 */
export function createOutbox(
  source: OutboxSource,
  tells: { people: boolean; callback: boolean; joined: boolean; hooks?: readonly string[] | undefined },
): Outbox {
  let revision = 0;
  let published = 0;
  let effects: ApprovalEffect[] = [];
  let review: PublishInput['review'] = null;
  let toldStatus: Action['status'] | null = null;
  let called = 0;
  interface Call {
    action: Action;
    at: string;
    news: WebhookChange;
  }
  const calls: Call[] = [];
  const hooks = tells.hooks ?? [];
  const notifications: Call[] = [];
  const sent = hooks.map(() => 0);
  /** The status that webhooks were told of last. */
  let last: Action['status'] | null = null;

  const tellPeople = async (): Promise<void> => {
    for (;;) {
      await condition(() => published < revision);
      const now = revision;
      const batch = effects;
      effects = [];
      const reviewed = review;
      review = null;
      const { status } = source.action();
      const was = toldStatus;
      toldStatus = status;
      try {
        const result = await tell({
          action: source.action(),
          approval: source.approval(),
          effects: batch,
          was,
          review: reviewed,
          ...(tells.joined ? { publication: `${workflowInfo().runId}.${now}` } : {}),
        });
        // It told how the action stands by now, which may be more than was to be told.
        toldStatus = result.told ?? status;
        if (result.unreachable.length > 0) source.unreachable(result.unreachable, result.attested);
      } catch {
        // Given up after a week; the API and the console still show and decide everything.
      }
      published = now;
    }
  };
  const callBack = async (): Promise<void> => {
    for (;;) {
      await condition(() => called < calls.length);
      const call = calls[called];
      if (call !== undefined) {
        const { action, news } = call;
        try {
          await callback({ action, news, messageId: `${action.id}.${called}` });
        } catch {
          // Given up after a week; the action itself can be read at any time.
        }
      }
      called += 1;
    }
  };
  /** Each endpoint has its own order and its own outages. */
  const tellHook = async (target: string, index: number): Promise<void> => {
    for (let next = 0; ; next += 1) {
      await condition(() => next < notifications.length);
      const call = notifications[next];
      if (call !== undefined) {
        const { at, news } = call;
        const action = { ...call.action, permit: null };
        try {
          await webhook({ action, at, news, target, messageId: `${action.id}.${target}.${next}` });
        } catch {
          // Given up after a week.
        }
      }
      sent[index] = next + 1;
    }
  };
  const scope = new CancellationScope({ cancellable: false });
  if (tells.people) void scope.run(tellPeople);
  if (tells.callback) void scope.run(callBack);
  hooks.forEach((target, index) => void scope.run(() => tellHook(target, index)));

  return {
    changed(more = [], change = null) {
      revision += 1;
      effects.push(...more);
      review = change ?? review;
      if (!tells.callback && hooks.length === 0) return;
      const action = source.action();
      const at = new Date().toISOString();
      const call = { action, at, news: { effects: more, review: change, was: last } };
      last = action.status;
      if (tells.callback) calls.push(call);
      // A release by policy alone is told only if nobody reports its outcome.
      if (hooks.length > 0 && (tells.people || action.status === 'unreported')) notifications.push(call);
    },
    drained: () =>
      condition(
        () =>
          (!tells.people || published === revision) &&
          (!tells.callback || called === calls.length) &&
          sent.every((count) => count === notifications.length),
      ),
  };
}
