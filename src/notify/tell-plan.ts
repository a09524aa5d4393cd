import { ApplicationFailure } from '@temporalio/activity';
import { readPlanLives } from '../engine/plans/read.ts';
import type { NotifyDeps } from './deps.ts';
import { keptPosts, showCurrent } from './kept-posts.ts';
import { newerPlan } from './newer.ts';
import { displayName } from './message.ts';
import { NotifierUnavailable, type Notifier, type PostedMessage } from './notifier.ts';
import type { PlanMessage } from './plan-message.ts';
import { showPlan } from './show-plan.ts';

export interface TellPlanInput {
  tenant: string;
  plan: string;
  /** The number from which on steps joined the plan. People who read its message before are told that they are asked again. */
  joined?: number;
}

/** Brings the message about a plan up to date. A plan that never asked anybody has no message. */
export async function tellPlan(deps: NotifyDeps, { tenant, plan, joined }: TellPlanInput): Promise<void> {
  const notifier = deps.notifier(tenant);
  if (notifier === null) return;
  const lives = await readPlanLives(deps, tenant, plan);
  const message = lives === null ? null : await showPlan(deps, lives);
  if (lives === null || message === null) return;
  const posts = keptPosts(deps, notifier, tenant, plan);
  try {
    const posted = await posts.known();
    if (message.ask === null && posted.length === 0) return await posts.settle();
    if (joined !== undefined) return await tellJoined(deps, notifier, message, posted, joined);
    const { unreachable } = await showCurrent(posts, posted, message, {
      show: (one, all) => notifier.postPlan(one, all, posts),
      newer: (before) => newerPlan(deps, before, lives),
    });
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

/** An edited message notifies nobody, so a line is added to its thread. If no earlier step asked people, the message is new and notifies by itself. */
async function tellJoined(
  { directory }: NotifyDeps,
  notifier: Notifier,
  { tenant, plan, steps, expiresAt, audience }: PlanMessage,
  posted: readonly PostedMessage[],
  joined: number,
): Promise<void> {
  const asked = steps.some(({ index, message }) => index < joined && message.stages.length > 0);
  if (!asked || !steps.some(({ index, standing }) => index >= joined && standing === 'open')) return;
  const known = directory.current(tenant);
  const people = [...new Set([...audience.people, ...(audience.asked ?? [])])];
  await notifier.thread(posted, {
    id: `${plan}.${joined}`,
    kind: 'asked',
    by: null,
    detail: people.map((person) => displayName(known, person)).join(', '),
    until: expiresAt,
    people,
  });
}
