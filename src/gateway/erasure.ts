import { within } from '../availability/index.ts';
import { CountersignError, type Action } from '../contract/index.ts';
import type { Caller } from '../identity/index.ts';
import { eraseAction } from '../engine/erase.ts';
import { mayAudit, notFound } from './access.ts';
import { wake } from './asleep.ts';
import type { GatewayDeps } from './deps.ts';
import { createHistories } from '../engine/histories.ts';

/** How long a workflow may take to wake, in milliseconds. */
const WAKING_MS = 5000;

/**
 * Deletes payload, key and history of a closed action, on request of an owner or auditor. Sealed records stay, and one says who asked for
 * the deletion and why. The same request again gets the same answer.
 */
export async function erase(deps: GatewayDeps, caller: Caller, id: string, reason: string): Promise<Action> {
  if (!mayAudit(caller)) throw new CountersignError('forbidden', 'only an owner or an auditor erases an action');
  if (!/^act_[0-9a-f]{64}$/.test(id)) throw notFound();
  // A workflow that was left asleep ends with its first task, and is open until then.
  await within(WAKING_MS, wake(deps.client, caller.tenant, id)).catch(() => undefined);
  const input = { tenant: caller.tenant, id, by: caller.id, reason, cause: 'request' as const };
  return eraseAction({ ...deps, histories: createHistories(deps.client, deps.taskQueue) }, input);
}
