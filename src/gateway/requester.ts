/** What the requester's side does with an action that is parked: answers a question, or withdraws it. */
import { CountersignError } from '../contract/index.ts';
import { answerUpdate, cancelUpdate } from '../workflows/messages.ts';
import { isRequester, notFound } from './access.ts';
import { recordRefusal } from './attempts.ts';
import type { GatewayDeps } from './deps.ts';
import { readAction, updateAction } from './stored-action.ts';
import type { Actions } from './types.ts';

export const requesterActions = (deps: GatewayDeps): Pick<Actions, 'answer' | 'cancel'> => ({
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
      if (!isRequester(caller, state)) {
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
