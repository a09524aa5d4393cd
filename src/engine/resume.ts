/** Resumes an action whose workflow was terminated, reset or lost. Its sealed records hold all that a new workflow needs. */
import { ApplicationFailure } from '@temporalio/activity';
import { CountersignError } from '../contract/index.ts';
import type { EngineDeps, Histories } from './deps.ts';
import { workflowIdOf } from './ids.ts';
import { judgedOf } from './judge.ts';
import { readLife, readPayload } from './life.ts';
import { withPermit } from './seal.ts';
import type { Resumed, ResumeActionInput } from './types.ts';

/**
 * How an action stands, as `judge` would have said it. Only for the workflow that is the action's own by its id, so that no second one
 * tells people of it.
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
/** Looked for at once. */
const AT_ONCE = 8;

export interface Swept {
  /** Begins the next batch; null at the end. */
  next: { tenant: string; id: string } | null;
  resumed: number;
}

/** Starts anew the workflows of open actions that have none, from `after` on, `limit` actions of all tenants at most. */
export async function resumeLost(
  deps: Pick<EngineDeps, 'store' | 'log' | 'now'> & { histories: Histories },
  { after, limit }: { after: { tenant: string; id: string } | null; limit: number },
): Promise<Swept> {
  const quiet = new Date(deps.now().getTime() - QUIET_MS);
  const open = await deps.store.actions.unfinished(quiet, after, limit);
  let resumed = 0;
  const work = open.values();
  const lane = async (): Promise<void> => {
    for (const { tenant, id } of work) {
      if (await deps.histories.running(tenant, id)) continue;
      deps.log.warn({ action: id, tenant }, 'an open action had no workflow: it is taken up again from its records');
      await deps.histories.resume(tenant, id);
      resumed += 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return { next: open.length < limit ? null : (open.at(-1) ?? null), resumed };
}

/** Starts the action's workflow anew where it is open and has none. @returns whether it was */
export async function resumeIfLost(
  deps: Pick<EngineDeps, 'store'> & { histories: Histories },
  tenant: string,
  id: string,
): Promise<boolean> {
  const row = await deps.store.actions.get(tenant, id);
  if (row === null) throw new CountersignError('not-found', 'there is no such action, or it is not yours to see');
  if (!['supervised', 'released', 'unreported'].includes(row.status)) return false;
  if (await deps.histories.running(tenant, id)) return false;
  await deps.histories.resume(tenant, id);
  return true;
}
