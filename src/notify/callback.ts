import type { ActionRequest } from '../contract/index.ts';
import type { NotifyDeps } from './deps.ts';
import { asJson, eventsOf, outward } from './events.ts';
import { happened, lifeWhen } from './happened.ts';
import type { CallbackInput } from './types.ts';

/** Tells the requester's server the state of its action and what happened. It never sends the permit. */
export async function callback(deps: NotifyDeps, input: CallbackInput): Promise<void> {
  const [payload, life] = await Promise.all([
    deps.store.payloads.read(input.action.tenant, input.action.id),
    lifeWhen(deps, input.action),
  ]);
  const url = (payload?.payload as { request: ActionRequest } | undefined)?.request.callback;
  if (url === undefined || life === null) return;
  const { action, approval } = life.state;
  const { status } = action;
  const events =
    input.news === undefined
      ? []
      : eventsOf(life.state, { ...input.news, effects: happened(input.news.effects, approval), status }).map((event) =>
          asJson(event),
        );
  try {
    await deps.webhooks.send({
      url,
      messageId: input.messageId,
      body: {
        type: `action.${status}`,
        timestamp: action.updatedAt,
        data: { ...outward(action, life.state.disclosed), events },
      },
    });
  } catch (error) {
    // Never with the URL, which may hold a secret.
    deps.log.warn({ action: action.id, tenant: action.tenant }, 'a callback could not be sent');
    throw error;
  }
}
