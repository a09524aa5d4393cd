/** Reads a stored action, and sends messages to its workflow. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { CountersignError, type Action } from '../contract/index.ts';
import type { ActionState } from '../store/action-state.ts';
import { createHistories } from '../engine/histories.ts';
import { workflowIdOf } from '../engine/ids.ts';
import { readKnown } from '../engine/life.ts';
import { resumeIfLost } from '../engine/resume.ts';
import { notFound } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import { fromTemporal, isUntaken } from './temporal-errors.ts';

/** How long to wait for an update's answer. After that the caller is told to look again. */
const UPDATE_MS = 15_000;

/** Pause before sending again to a workflow that did not take a message in, in milliseconds. */
const UNTAKEN_MS = 100;

/** An action's stored state, and the action with its permit. */
export interface KnownAction {
  state: ActionState;
  action: Action;
}

/**
 * @throws CountersignError `not-found`, also for a malformed id; `unavailable` for an action that was accepted but is not judged yet,
 * because `not-found` would be untrue
 */
export async function readAction(
  deps: Pick<GatewayDeps, 'store' | 'signers' | 'client'>,
  tenant: string,
  id: string,
): Promise<KnownAction> {
  if (!/^act_[0-9a-f]{64}$/.test(id)) throw notFound();
  const known = await readKnown(deps, tenant, id);
  if (known === null) {
    if (!(await isAccepted(deps, tenant, id))) throw notFound();
    throw new CountersignError(
      'unavailable',
      'the action is accepted but not judged yet, and nothing was released. look again in a moment',
      { extensions: { retryAfter: 1 } },
    );
  }
  return known;
}

/** Whether a workflow runs for an action that is not stored. */
async function isAccepted({ client }: Pick<GatewayDeps, 'client'>, tenant: string, id: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowIdOf(tenant, id)).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw fromTemporal(error);
  }
}

/** Sends an update to the action's workflow. @throws CountersignError the workflow's refusal, or `unavailable` */
export async function updateAction(
  deps: Pick<GatewayDeps, 'client' | 'store' | 'signers' | 'taskQueue'>,
  tenant: string,
  id: string,
  name: string,
  message: object,
): Promise<Action> {
  const end = Date.now() + UPDATE_MS;
  const send = async (): Promise<Action> => {
    for (;;) {
      try {
        return await deps.client.withDeadline(end, () =>
          deps.client.workflow
            .getHandle(workflowIdOf(tenant, id))
            .executeUpdate<Action, [object]>(name, { args: [message] }),
        );
      } catch (error) {
        // Temporal took nothing in, so sending it again cannot deliver it twice.
        if (!isUntaken(error) || Date.now() + UNTAKEN_MS > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, UNTAKEN_MS));
      }
    }
  };
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError) || !(await isResumed(deps, tenant, id))) throw fromTemporal(error);
  }
  try {
    return await send();
  } catch (error) {
    throw fromTemporal(error);
  }
}

/** A message to an open action whose workflow was lost resumes it immediately. */
async function isResumed(
  deps: Pick<GatewayDeps, 'client' | 'store' | 'signers' | 'taskQueue'>,
  tenant: string,
  id: string,
): Promise<boolean> {
  try {
    return await resumeIfLost({ ...deps, histories: createHistories(deps.client, deps.taskQueue) }, tenant, id);
  } catch (error) {
    throw fromTemporal(error);
  }
}
