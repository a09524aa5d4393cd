/** What the requester's side can do with its action: answer a question, withdraw it, or collect a fresh permit. */
import { CountersignError } from '../contract/index.ts';
import { isCarriedOut } from '../engine/activation.ts';
import { workflowIdOf } from '../engine/ids.ts';
import { collectPermit } from '../engine/release.ts';
import { answerUpdate, cancelUpdate, collectedSignal } from '../workflows/messages.ts';
import type { Caller } from '../identity/index.ts';
import type { ActionState } from '../store/action-state.ts';
import { isRequester, notFound, visibleTo } from './access.ts';
import { recordRefusal } from './attempts.ts';
import type { GatewayDeps } from './deps.ts';
import { readAction, updateAction } from './stored-action.ts';
import type { Actions } from './types.ts';

export const requesterActions = (deps: GatewayDeps): Pick<Actions, 'answer' | 'cancel' | 'collect'> => ({
  collect: (caller, id) =>
    recordRefusal(deps, caller, id, 'api', async () => {
      const { state } = await readAction(deps, caller.tenant, id);
      if (!isRequester(caller, state)) throw notFound();
      if (isCarriedOut(state)) {
        throw new CountersignError('forbidden', 'what the engine carries out itself needs no permit');
      }
      const action = await collectPermit(deps, caller.tenant, id);
      // The workflow checks again when this permit expires. If it hears of no permit, it checks when the time to collect is over.
      await deps.client.workflow
        .getHandle(workflowIdOf(caller.tenant, id))
        .signal(collectedSignal)
        .catch((error: unknown) =>
          deps.log.warn({ err: error, action: id }, 'a workflow was not told of a fresh permit'),
        );
      return visibleTo(caller, state, action);
    }),

  answer: (caller, id, text) =>
    recordRefusal(deps, caller, id, 'api', async () => {
      const { state } = await readAction(deps, caller.tenant, id);
      if (!isRequester(caller, state)) throw notFound();
      const attestation = await deps.attestor.attest({
        kind: 'answer',
        tenant: caller.tenant,
        action: id,
        by: caller.id,
        via: 'api',
        reason: text,
      });
      return updateAction(deps, caller.tenant, id, answerUpdate.name, { attestation });
    }),

  cancel: (caller, id) =>
    recordRefusal(deps, caller, id, 'api', async () => {
      const { state } = await readAction(deps, caller.tenant, id);
      if (!isRequester(caller, state) && !mayTakeBack(caller, state)) {
        throw new CountersignError('forbidden', 'only the requester withdraws an action; as an approver, refuse it');
      }
      const attestation = await deps.attestor.attest({
        kind: 'cancel',
        tenant: caller.tenant,
        action: id,
        by: caller.id,
        via: 'api',
      });
      return updateAction(deps, caller.tenant, id, cancelUpdate.name, { attestation });
    }),
});

/** An approver may do so too, while an approved action is held (`release.after`). */
const mayTakeBack = (caller: Caller, { action, heldUntil, approval }: ActionState): boolean =>
  action.status === 'released' &&
  heldUntil != null &&
  caller.kind === 'person' &&
  (approval?.stages ?? []).some(({ approvers }) => approvers.includes(caller.id));
