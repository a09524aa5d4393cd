/** The message of an action or plan that changed while an older one was shown. The row is a hint; the message is read from the records. */
import { readLife } from '../engine/life.ts';
import { readPlanLives, type PlanLives } from '../engine/plans/read.ts';
import { inClear } from '../store/action-state.ts';
import type { ApprovalMessage } from './approval-message.ts';
import type { NotifyDeps } from './deps.ts';
import { revisionOf } from './message.ts';
import type { PlanMessage } from './plan-message.ts';
import { showAction } from './show.ts';
import { showPlan } from './show-plan.ts';
import { keepShown } from './shown.ts';

/** The message of an action as its records say now, stored as shown; null where there is no such action, or a plan announces it. */
export async function messageNow(deps: NotifyDeps, tenant: string, action: string): Promise<ApprovalMessage | null> {
  const life = await readLife(deps, tenant, action);
  if (life === null || life.verdict.step !== undefined) return null;
  const state = inClear(life.state);
  const message = await showAction(deps, state, state.approval);
  await keepShown(deps, message);
  return message;
}

/** The message as it is now; null where `before` still is. */
export async function newerMessage(deps: NotifyDeps, before: ApprovalMessage): Promise<ApprovalMessage | null> {
  const { tenant, action, revision } = before;
  const stored = await deps.store.actions.get(tenant, action);
  if (stored === null || revisionOf(stored.view, null) <= revision) return null;
  const message = await messageNow(deps, tenant, action);
  return message !== null && message.revision > revision ? message : null;
}

/** As {@link newerMessage}, for a plan with these steps. */
export async function newerPlan(deps: NotifyDeps, before: PlanMessage, steps: PlanLives): Promise<PlanMessage | null> {
  const ids = steps.lives.flatMap((life) => (life == null ? [] : [life.state.action.id]));
  const stored = await deps.store.actions.some(before.tenant, ids);
  if (stored.reduce((sum, { view }) => sum + revisionOf(view, null), 0) <= before.revision) return null;
  const lives = await readPlanLives(deps, before.tenant, before.plan);
  const message = lives === null ? null : await showPlan(deps, lives);
  return message !== null && message.revision > before.revision ? message : null;
}
