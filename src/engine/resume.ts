/** Resumes an action whose workflow was terminated, reset or lost. The sealed records hold everything that a new workflow needs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/activity';
import { CountersignError, isUnfinished, type Status } from '../contract/index.ts';
import type { StoredAction } from '../store/index.ts';
import { sealDecision } from './decisions.ts';
import type { EngineDeps, Histories } from './deps.ts';
import { workflowIdOf } from './ids.ts';
import { judgedOf } from './judge.ts';
import { readLife, readPayload, type Life } from './life.ts';
import { dueOf, sealOutcome } from './outcome.ts';
import { release } from './release.ts';
import { sealReview } from './review.ts';
import { withPermit } from './seal.ts';
import type { ActionRef, Resumed, ResumeActionInput } from './types.ts';

/**
 * The state of an action, in the form that `judge` returns. Only the workflow with the action's id may ask, so that no second workflow
 * notifies people.
 */
export async function resume(deps: EngineDeps, input: ResumeActionInput): Promise<Resumed> {
  const { tenant, id } = input.action;
  const life = input.workflowId === workflowIdOf(tenant, id) ? await readLife(deps, tenant, id) : null;
  if (life === null) {
    throw ApplicationFailure.nonRetryable('there is no such action, or this workflow is not its own', 'not-found');
  }
  const payload = life.payload ?? (await readPayload(deps, tenant, id));
  const action = await withPermit(deps, life.state, life.sealedPermit);
  return {
    ...judgedOf(deps, life.state, action, payload?.request ?? {}),
    approval: life.state.approval,
    // Checked immediately, because something may have become due meanwhile.
    permitMs: 1,
  };
}

/** An action that changed lately may be between two steps of its workflow. */
const QUIET_MS = 30_000;
/** How many actions are checked concurrently. */
const CONCURRENT_MAX = 8;
/** Where many are open and none is amiss, one is looked at a time, and each is followed by a rest of so many times what it took. */
const RESTS = 9;
/** A batch has to end before its activity's time is over. In milliseconds. */
const REST_MAX_MS = 250;

export interface Swept {
  /** Begins the next batch; null at the end. */
  next: { tenant: string; id: string } | null;
  resumed: number;
}

/** Anything that is overdue this long was ignored by the workflow with the action's id, in milliseconds. */
const OVERDUE_MS = 60_000;

/** Whether an action's workflow still has something to do: the action's end, or the review of its release. */
function needsWorkflow({ state: { action, review } }: Life): boolean {
  return isUnfinished(action.status) || (review !== null && review.status !== 'done');
}

/**
 * Seals what is overdue for an action, because somebody else may have started the workflow with its id. Nothing is sealed before its sealed
 * time.
 */
async function settleOverdue(
  deps: EngineDeps,
  { tenant, id, status, expiresAt }: Pick<StoredAction, 'tenant' | 'id' | 'status' | 'expiresAt'>,
): Promise<void> {
  const action = { tenant, id };
  const late = deps.now().getTime() - OVERDUE_MS;
  if (status === 'released') {
    await settleReview(deps, action, late);
    const due = dueOf(await readLife(deps, tenant, id));
    if (due !== null && due < late) await sealOutcome(deps, { action, outcome: null });
  } else if (status === 'supervised' && expiresAt !== null && Date.parse(expiresAt) < late) {
    const { approval } = await sealDecision(deps, { action });
    if (approval?.status === 'approved') await release(deps, { action });
  } else if (!isUnfinished(status as Status)) await settleReview(deps, action, late);
}

/** Seals that the review of an emergency is overdue. */
async function settleReview(deps: EngineDeps, action: ActionRef, late: number): Promise<void> {
  const review = (await readLife(deps, action.tenant, action.id))?.state.review ?? null;
  if (review?.status === 'open' && review.dueAt < late) await sealReview(deps, { action });
}

/**
 * Restarts the workflows of open actions that lost theirs, and seals what is overdue for the others. Looks at `limit` actions of all
 * tenants at most, from `after` on: the first batch quickly, and of later ones whatever follows one that was lost. Otherwise a
 * hundred thousand open actions make every decision slower.
 */
export async function resumeLost(
  deps: EngineDeps & { histories: Histories },
  { after, limit }: { after: { tenant: string; id: string } | null; limit: number },
  rest: (ms: number) => Promise<unknown> = sleep,
): Promise<Swept> {
  const quiet = new Date(deps.now().getTime() - QUIET_MS);
  const open = await deps.store.actions.unfinished(quiet, after, limit);
  let resumed = 0;
  const work = open.values();
  const check = async (one: (typeof open)[number]): Promise<void> => {
    const { tenant, id } = one;
    await settleOverdue(deps, one);
    if (await deps.histories.running(tenant, id)) return;
    deps.log.warn({ action: id, tenant }, 'an open action had no workflow: it is taken up again from its records');
    await deps.histories.resume(tenant, id);
    resumed += 1;
  };
  const lane = async (): Promise<void> => {
    for (const one of work) await check(one);
  };
  const calmly = async (): Promise<void> => {
    for (const one of work) {
      const began = performance.now();
      await check(one);
      if (resumed > 0) return;
      await rest(Math.min(REST_MAX_MS, RESTS * (performance.now() - began)));
    }
  };
  if (after !== null) await calmly();
  await Promise.all(Array.from({ length: CONCURRENT_MAX }, lane));
  const last = open.length < limit ? undefined : open.at(-1);
  return { next: last === undefined ? null : { tenant: last.tenant, id: last.id }, resumed };
}

/** Starts a workflow for an action that still needs one and lost its own. @returns whether one was started */
export async function resumeIfLost(
  deps: Pick<EngineDeps, 'store' | 'signers'> & { histories: Histories },
  tenant: string,
  id: string,
): Promise<boolean> {
  const life = await readLife(deps, tenant, id);
  if (life === null) throw new CountersignError('not-found', 'there is no such action, or it is not yours to see');
  if (!needsWorkflow(life)) return false;
  if (await deps.histories.running(tenant, id)) return false;
  await deps.histories.resume(tenant, id);
  return true;
}
