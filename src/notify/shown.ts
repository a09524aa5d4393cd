/**
 * What people were shown before they decided, kept beside the request and deleted with it. A record holds only its hash: from the model the pure renderer makes the same blocks and text again, and so the same hash.
 */
import { hashOf } from '../canonical/index.ts';
import type { Json, JsonObject } from '../contract/index.ts';
import type { ApprovalMessage } from './approval-message.ts';
import type { NotifyDeps } from './deps.ts';

/** An action is returned and extended at most fifty times each, and every form that is opened may be one more. */
const MAX_SHOWN = 250;

/**
 * Keeps `message` before anybody sees it. A message without a question is not kept, and no message twice.
 *
 * @param action The one it is kept with.
 */
export async function keepShown(
  deps: Pick<NotifyDeps, 'store'>,
  message: ApprovalMessage,
  action = message.action,
): Promise<void> {
  if (message.ask !== null) await keepModel(deps, { tenant: message.tenant, action }, message as unknown as JsonObject);
}

/** Keeps any model of which a record may hold the hash. Returns its hash. */
export async function keepModel(
  deps: Pick<NotifyDeps, 'store'>,
  { tenant, action }: { tenant: string; action: string },
  model: JsonObject,
): Promise<string> {
  const hash = hashOf(model);
  await deps.store.payloads.update(tenant, action, (payload) => {
    const before = payload.shown ?? {};
    if (Object.hasOwn(before, hash)) return payload;
    const models = Object.fromEntries([...Object.entries(before), [hash, model as Json]].slice(-MAX_SHOWN));
    return { ...payload, shown: models };
  });
  return hash;
}

/** Everything that was shown of an action while it could be decided, oldest first; null when it was deleted. */
export async function shownOf(
  deps: Pick<NotifyDeps, 'store'>,
  tenant: string,
  action: string,
): Promise<JsonObject[] | null> {
  const stored = await deps.store.payloads.read(tenant, action);
  return stored === null ? null : Object.values(stored.payload.shown ?? {});
}
