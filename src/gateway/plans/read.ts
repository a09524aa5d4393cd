/** Reads a plan for callers that may see it, and waits for its approvers. */
import { CountersignError, PLAN_ID, type Action } from '../../contract/index.ts';
import type { PlanView } from '../../contract/views/index.ts';
import { stepIdOf } from '../../engine/ids.ts';
import { stateAsAsked, type Life } from '../../engine/life.ts';
import { openPermit } from '../../engine/permit.ts';
import { readPlanLives, type PlanLives } from '../../engine/plans/read.ts';
import type { Caller } from '../../identity/index.ts';
import { isRequester, mayAudit, mayExecute, visibleTo } from '../access.ts';
import { delegationFor } from '../approvers.ts';
import type { GatewayDeps } from '../deps.ts';
import { planView } from './view.ts';

export const noPlan = (): CountersignError =>
  new CountersignError('not-found', 'there is no such plan, or it is not yours to see');

/** @throws CountersignError `not-found`, the same whether there is none or the caller may not see it */
export async function planFor(deps: GatewayDeps, caller: Caller, id: string): Promise<PlanLives> {
  const plan = PLAN_ID.test(id) ? await readPlanLives(deps, caller.tenant, id) : null;
  if (plan === null || !(await maySee(deps, caller, plan))) throw noPlan();
  return plan;
}

/**
 * The requester's side sees a plan if it may see every step. An approver of one step sees the others too, because each step is decided as
 * part of the whole.
 */
async function maySee(deps: GatewayDeps, caller: Caller, { lives }: PlanLives): Promise<boolean> {
  if (mayAudit(caller)) return true;
  const states = lives.flatMap((life) => (life === null ? [] : stateAsAsked(life)));
  if (caller.kind !== 'person') return states.every((state) => isRequester(caller, state));
  for (const state of states) {
    if (isRequester(caller, state) || sees(caller, state) || (await delegationFor(deps, caller, state)) !== null) {
      return true;
    }
  }
  return false;
}

function sees(caller: Caller, state: Life['state']): boolean {
  try {
    visibleTo(caller, state, state.action);
    return true;
  } catch {
    return false;
  }
}

/** The plan in the caller's eyes: only a caller that may execute a step gets its permit. */
export function viewFor(deps: GatewayDeps, caller: Caller, plan: PlanLives): PlanView {
  const seen = (life: Life): Action => {
    const { state, sealedPermit, payload } = life;
    const { tenant, id } = state.action;
    const holds = mayExecute(caller, stateAsAsked(life)) && payload !== null && sealedPermit !== null;
    return { ...state.action, permit: holds ? openPermit(payload.actionKey, tenant, id, sealedPermit) : null };
  };
  return planView(plan, seen, ({ verdict: { tenant, action, shares } }) =>
    shares === undefined ? [] : deps.register.shares.open(tenant, action, shares),
  );
}

/** How long to wait for an announcement before looking again anyway. Another process may judge a step. */
const LOOK_MS = 2000;

/**
 * Looks until `enough` says so, or `waitMs` are over.
 *
 * @param read begins after the watch for announcements, so that none is missed
 */
export async function untilSo<T>(
  deps: Pick<GatewayDeps, 'hub' | 'stopping'>,
  { tenant, plan, steps, waitMs }: { tenant: string; plan: string; steps: number; waitMs: number },
  read: () => Promise<T>,
  enough: (value: T) => boolean,
): Promise<T> {
  const end = Date.now() + waitMs;
  for (;;) {
    const next = nextAnnouncement(deps, tenant, plan, steps, Math.min(LOOK_MS, Math.max(0, end - Date.now())));
    try {
      const value = await read();
      if (enough(value) || Date.now() >= end || deps.stopping?.stopped === true) return value;
      await next.done;
    } finally {
      next.cancel();
    }
  }
}

/** The next announcement of any step. */
function nextAnnouncement(
  { hub }: Pick<GatewayDeps, 'hub'>,
  tenant: string,
  plan: string,
  steps: number,
  ms: number,
): { done: Promise<void>; cancel(): void } {
  let cancel = (): void => undefined;
  const done = new Promise<void>((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      for (const off of offs) off();
      resolve();
    };
    const timer = setTimeout(finish, ms);
    const offs = Array.from({ length: steps }, (_, index) => hub.on(tenant, stepIdOf(plan, index), finish));
    cancel = finish;
  });
  return { done, cancel: () => cancel() };
}
