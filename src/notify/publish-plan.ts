import { ApplicationFailure } from '@temporalio/activity';
import { readPlanLives } from '../engine/plans/read.ts';
import type { SlackMessage } from '../store/index.ts';
import type { NotifyDeps } from './deps.ts';
import { NotifierUnavailable, type PostedMessage } from './notifier.ts';
import { showPlan } from './show-plan.ts';

/** Makes the message about a plan show how its steps now stand. A plan that asks nobody, and never did, is told to nobody. */
export async function publishPlan(deps: NotifyDeps, { tenant, plan }: { tenant: string; plan: string }): Promise<void> {
  const notifier = deps.notifier(tenant);
  if (notifier === null) return;
  const lives = await readPlanLives(deps, tenant, plan);
  const message = lives === null ? null : await showPlan(deps, lives);
  if (message === null) return;
  const posted = (await deps.store.slackMessages.list(tenant, plan)) as (PostedMessage & SlackMessage)[];
  if (message.ask === null && posted.length === 0) return;
  try {
    const { unreachable } = await notifier.publishPlan(message, posted, (done) =>
      deps.store.slackMessages.put({ tenant, action: plan, ...done }),
    );
    if (unreachable.length > 0) deps.log.warn({ plan, unreachable }, 'somebody cannot be told of a plan');
  } catch (error) {
    if (!(error instanceof NotifierUnavailable)) throw error;
    throw ApplicationFailure.create({
      message: error.message,
      type: 'unavailable',
      nextRetryDelay: error.retryAfterMs,
    });
  }
}
