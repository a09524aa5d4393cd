/**
 * AuthZEN's Access Request and Approval Profile: a caller sends a denial back, and humans decide about it. A task is an action, and
 * its approval is that action's release. The caller repeats its question with the approval, which redeems the permit.
 */
import {
  CountersignError,
  isCountersignError,
  readRequest,
  type AccessTask,
  type Action,
  type ApprovalReference,
  type ErrorCode,
  type Status,
  type TaskStatus,
} from '../contract/index.ts';
import type { Caller } from '../identity/index.ts';
import type { ActionState } from '../store/action-state.ts';
import { mayExecute, notFound } from './access.ts';
import type { AccessRequests } from './authzen-types.ts';
import { questionKey, mapInForce } from './authzen-parts.ts';
import { readDenial } from './denial-binding.ts';
import type { GatewayDeps } from './deps.ts';
import { approvalIdOf } from './redeem-approval.ts';
import { readAction } from './stored-action.ts';
import type { Actions } from './types.ts';

export function accessRequests(deps: GatewayDeps, asking: Pick<Actions, 'request' | 'cancel'>): AccessRequests {
  const offered = (): void => {
    if (deps.accessRequests === true) return;
    throw new CountersignError('not-found', 'this stack takes no access requests; POST /v1/actions asks for an action');
  };
  const task = async (caller: Caller, id: string): Promise<AccessTask> => {
    const { state, action } = await readAction(deps, caller.tenant, id);
    if (!mayExecute(caller, state)) throw notFound();
    return taskOf(action, state);
  };
  return {
    async requestAccess(caller, input, idempotencyKey) {
      offered();
      const { denial, ...question } = input;
      const mapped = await mapInForce(deps, caller, question);
      if ('unclear' in mapped) throw new CountersignError('not-requestable', `${mapped.unclear}; evaluate it first`);
      const request = readRequest(mapped.request);
      const { binding_token: token, expires_at: expiresAt } = denial;
      const { jti } = await readDenial(deps, caller, { token, expiresAt, request });
      const { action } = await inTheirWords({ 'idempotency-key-reused': 'duplicate-request' }, () =>
        asking.request(caller, request, questionKey(caller, 'access request', idempotencyKey ?? jti), 0),
      );
      return task(caller, action.id);
    },
    accessTask(caller, id) {
      offered();
      return inTheirWords({ 'not-found': 'unknown-task' }, () => task(caller, id));
    },
    async cancelAccess(caller, id) {
      offered();
      return inTheirWords({ 'not-found': 'unknown-task', 'not-open': 'invalid-task-state' }, async () => {
        await task(caller, id);
        await asking.cancel(caller, id);
        return task(caller, id);
      });
    },
  };
}

/** The same failure under the code that the profile has for it. */
async function inTheirWords<T>(codes: Partial<Record<ErrorCode, ErrorCode>>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = isCountersignError(error) ? codes[error.code] : undefined;
    if (code === undefined || !isCountersignError(error)) throw error;
    throw new CountersignError(code, error.message, { cause: error });
  }
}

/** A released action stays approved, however it ended. The next question learns whether its permit was redeemed. */
const STATUS: Readonly<Record<Status, TaskStatus>> = {
  evaluating: 'pending',
  supervised: 'pending',
  released: 'approved',
  executed: 'approved',
  failed: 'approved',
  skipped: 'approved',
  unreported: 'approved',
  lapsed: 'approved',
  refused: 'denied',
  expired: 'expired',
  cancelled: 'cancelled',
};

function taskOf(action: Action, state: ActionState): AccessTask {
  const status = STATUS[action.status];
  const { approval } = action;
  const stage = status === 'pending' ? approval?.stages[approval.stage] : undefined;
  return {
    id: action.id,
    status,
    progress:
      stage === undefined || approval === null
        ? undefined
        : { current_step: approval.stage + 1, total_steps: approval.stages.length, step_name: stage.name },
    expiresAt: status === 'pending' ? (approval?.expiresAt ?? null) : null,
    approval: status === 'approved' ? approvalOf(action, state) : null,
  };
}

function approvalOf({ id, approval, createdAt }: Action, { collectUntil }: ActionState): ApprovalReference {
  const last = approval?.stages.flatMap(({ decisions }) => decisions).at(-1);
  return {
    id: approvalIdOf(id),
    ...(last === undefined ? {} : { approved_at: last.at }),
    approved_until: collectUntil ?? createdAt,
  };
}
