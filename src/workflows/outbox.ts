import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  proxyActivities,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { Action } from '../contract/index.ts';
import { isSettled } from '../contract/status.ts';
import type { ApprovalEffect, ApprovalState } from '../approval/index.ts';
import type { LocalActivities, RemoteActivities } from '../activities/types.ts';
import type { Exclusive } from './exclusive.ts';
import { steppedSignal } from './messages.ts';
import type { TellResult, WebhookChange, TellInput } from '../notify/types.ts';

const { publish, callback, webhook } = proxyActivities<RemoteActivities>({
  startToCloseTimeout: '1 minute',
  // A week. An outage of Slack or of the caller's server delays messages, never decisions.
  scheduleToCloseTimeout: '7 days',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '2 minutes' },
});

/** The first try, in the task in which the workflow learned of the change. A slow Slack does not hold up the task: a longer call is scheduled. */
const { publishNow } = proxyLocalActivities<Pick<LocalActivities, 'publishNow'>>({
  startToCloseTimeout: '2 seconds',
  retry: { maximumAttempts: 1 },
});

/** True after an executor's report or silence. The reporter has the answer already, so nobody waits. */
const isReported = (status: Action['status']): boolean => isSettled(status) || status === 'unreported';

/** Notifies people. It begins immediately unless a caller, such as an approver, waits for the answer of this task. */
async function tell(input: TellInput, inTurn: Exclusive): Promise<TellResult> {
  if (input.publication === undefined || (input.was !== null && !isReported(input.action.status)))
    return publish(input);
  const announced = await inTurn(() => publishNow(input)).catch(() => null);
  return announced ?? publish(input);
}

/** Tells people, callbacks and webhooks about the action. The state is read when a notification begins. */
export interface Outbox {
  /** Notes that the action changed; what people read follows as soon as it can. */
  changed(effects?: ApprovalEffect[], review?: TellInput['review']): void;
  /** Tells the workflow of the action's plan about every change from here on. @param lost called where that workflow is gone */
  stepOf(planWorkflow: string, lost: () => Promise<void>): void;
  /** Resolves when every change so far was told, or given up. */
  drained(): Promise<void>;
}

export interface OutboxSource {
  action(): Action;
  approval(): ApprovalState | null;
  /** People that Slack could not reach. The action escalates immediately instead of waiting for them. */
  unreachable(people: string[], attested: string | undefined): void;
}

/** A change for a callback or webhook. */
interface Call {
  action: Action;
  at: string;
  news: WebhookChange;
}

/** Sends one call after the other. A call that fails for a week is given up, because the action itself can be read at any time. */
function createQueue(send: (call: Call, index: number) => Promise<void>) {
  const calls: Call[] = [];
  let sent = 0;
  return {
    add: (call: Call): void => void calls.push(call),
    isEmpty: (): boolean => sent === calls.length,
    run: async (): Promise<void> => {
      for (;;) {
        await condition(() => sent < calls.length);
        const call = calls[sent];
        if (call !== undefined) await send(call, sent).catch(() => undefined);
        sent += 1;
      }
    },
  };
}

/**
 * The only place that tells anybody about an action. At most one publication runs, always of the newest state, so that an older one
 * never overwrites a newer. Callbacks run concurrently, in their own order, so that neither waits for the other's outage.
 */
export function createOutbox(
  source: OutboxSource,
  tells: {
    people: boolean;
    quiet?: boolean;
    callback: boolean;
    joined: boolean;
    endpoints?: readonly string[] | undefined;
    /**
     * The queue of the workflow's steps. Two local activities that overlap may end in one order, and replay in the other. Older histories
     * leave it out.
     */
    inTurn?: Exclusive | undefined;
  },
): Outbox {
  const inTurn: Exclusive = tells.inTurn ?? ((step) => step());
  const tellsPeople = tells.people && tells.quiet !== true;
  let revision = 0;
  let announced = 0;
  let effects: ApprovalEffect[] = [];
  let review: TellInput['review'] = null;
  let toldStatus: Action['status'] | null = null;
  const endpoints = tells.endpoints ?? [];
  const callbacks = createQueue(({ action, news }, index) =>
    callback({ action, news, messageId: `${action.id}.${index}` }),
  );
  /** Each endpoint has its own order and its own outages. */
  const notifications = endpoints.map((target) =>
    createQueue(({ at, news, action }, index) => {
      const bare = { ...action, permit: null };
      return webhook({ action: bare, at, news, target, messageId: `${action.id}.${target}.${index}` });
    }),
  );
  /** The last status that webhooks got. */
  let last: Action['status'] | null = null;

  const tellPeople = async (): Promise<void> => {
    for (;;) {
      await condition(() => announced < revision);
      const now = revision;
      const batch = effects;
      effects = [];
      const reviewed = review;
      review = null;
      const { status } = source.action();
      const was = toldStatus;
      toldStatus = status;
      try {
        const result = await tell(
          {
            action: source.action(),
            approval: source.approval(),
            effects: batch,
            was,
            review: reviewed,
            comesAgain: true,
            ...(tells.joined ? { publication: `${workflowInfo().runId}.${now}` } : {}),
          },
          inTurn,
        );
        if (result.later !== undefined) {
          // Told later together with others, or as soon as there is more to tell.
          effects = [...batch, ...effects];
          review ??= reviewed;
          toldStatus = was;
          await condition(() => revision > now, Math.max(1, result.later - Date.now()));
          continue;
        }
        // The activity announced the current state, which may be newer than the one that asked for it.
        toldStatus = result.told ?? status;
        if (result.unreachable.length > 0) source.unreachable(result.unreachable, result.attested);
      } catch {
        // Given up after a week; the API and the console still show and decide everything.
      }
      announced = now;
    }
  };
  let plan: { workflow: string; lost(): Promise<void> } | null = null;
  let stepped = 0;
  /** Concurrent changes become one notification. */
  const tellPlan = async (): Promise<void> => {
    for (;;) {
      await condition(() => plan !== null && stepped < revision);
      const now = revision;
      if (plan === null) continue;
      const { workflow, lost } = plan;
      const signalled = getExternalWorkflowHandle(workflow).signal(steppedSignal);
      await signalled.catch(lost).catch(() => undefined);
      stepped = now;
    }
  };
  const scope = new CancellationScope({ cancellable: false });
  if (tellsPeople) void scope.run(tellPeople);
  if (tells.callback) void scope.run(callbacks.run);
  for (const queue of notifications) void scope.run(queue.run);

  return {
    stepOf(workflow, lost) {
      plan = { workflow, lost };
      void scope.run(tellPlan);
    },
    changed(more = [], change = null) {
      revision += 1;
      effects.push(...more);
      review = change ?? review;
      if (!tells.callback && endpoints.length === 0) return;
      const action = source.action();
      const at = new Date().toISOString();
      const call = { action, at, news: { effects: more, review: change, was: last } };
      last = action.status;
      if (tells.callback) callbacks.add(call);
      // A release by policy alone is told only if nobody reports its outcome.
      if (tells.people || action.status === 'unreported') for (const queue of notifications) queue.add(call);
    },
    drained: () =>
      condition(
        () =>
          (!tellsPeople || announced === revision) &&
          (plan === null || stepped === revision) &&
          callbacks.isEmpty() &&
          notifications.every((queue) => queue.isEmpty()),
      ),
  };
}
