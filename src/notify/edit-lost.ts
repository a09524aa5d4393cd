/**
 * Edits messages that nobody else will: their process died, or was stopped until the action was over, and its last publication has been.
 * Whatever is posted here shows the current state; nothing is posted.
 */
import { PLAN_ID } from '../contract/index.ts';
import { readPlanLives } from '../engine/plans/read.ts';
import type { NotifyDeps } from './deps.ts';
import { keptPosts, showCurrent } from './kept-posts.ts';
import { messageNow, newerMessage, newerPlan } from './newer.ts';
import { NotifierUnavailable, type Notifier } from './notifier.ts';
import { showPlan } from './show-plan.ts';

/** A publication that takes no longer than this, in milliseconds, ends by itself. */
const QUIET_MS = 60_000;
const BATCH = 200;
const NOBODY = { channels: [], people: [], asked: [] };

export async function editLost(deps: NotifyDeps, quietMs = QUIET_MS): Promise<void> {
  const { store, log } = deps;
  const away = new Set<string>();
  for (const { tenant, action } of await store.slackPosts.left(quietMs, BATCH)) {
    const notifier = deps.notifier(tenant);
    if (notifier === null || away.has(tenant)) continue;
    try {
      await edit(deps, notifier, tenant, action);
    } catch (error) {
      if (error instanceof NotifierUnavailable) away.add(tenant);
      log.warn({ err: error, tenant, action }, 'messages that may be lost could not be edited; it is tried again');
    }
  }
}

async function edit(deps: NotifyDeps, notifier: Notifier, tenant: string, about: string): Promise<void> {
  const posts = keptPosts(deps, notifier, tenant, about);
  const known = await posts.known();
  if (PLAN_ID.test(about)) {
    const lives = await readPlanLives(deps, tenant, about);
    const message = lives === null ? null : await showPlan(deps, lives);
    if (lives === null || message === null) return posts.settle();
    await showCurrent(posts, known, message, {
      show: (plan, posted) => notifier.postPlan({ ...plan, audience: NOBODY }, posted, posts),
      newer: (before) => newerPlan(deps, before, lives),
    });
    return;
  }
  const message = await messageNow(deps, tenant, about);
  if (message === null) return posts.settle();
  await showCurrent(posts, known, message, {
    show: (one, posted) => notifier.post({ ...one, audience: NOBODY }, posted, posts),
    newer: (before) => newerMessage(deps, before),
  });
}
