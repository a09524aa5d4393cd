import type { ActionRequest } from '../contract/index.ts';
import type { NotifyDeps } from './deps.ts';
import { asJson, eventsOf, outward } from './events.ts';
import { readActionState } from '../engine/seal.ts';
import type { CallbackInput } from './types.ts';

/** Tells the requester's server how its action stands, and what happened to it. The permit never goes this way. */
export async function callback(deps: NotifyDeps, input: CallbackInput): Promise<void> {
  const { action } = input;
  const [payload, stored] = await Promise.all([
    deps.store.payloads.read(action.tenant, action.id),
    readActionState(deps, action.tenant, action.id),
  ]);
  const url = (payload?.payload as { request: ActionRequest } | undefined)?.request.callback;
  if (url === undefined || stored === null) return;
  const { status } = action;
  const events =
    input.news === undefined ? [] : eventsOf(stored.state, { ...input.news, status }).map((event) => asJson(event));
  try {
    await deps.webhooks.send({
      url,
      messageId: input.messageId,
      body: {
        type: `action.${status}`,
        timestamp: action.updatedAt,
        data: { ...outward(action, stored.state.disclosed), events },
      },
    });
  } catch (error) {
    // Never with its address, which may hold a secret.
    deps.log.warn({ action: action.id, tenant: action.tenant }, 'a callback could not be sent');
    throw error;
  }
}
