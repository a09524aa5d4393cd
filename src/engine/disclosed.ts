/** What policy discloses of a request, as people read it. */
import type { ApprovalState } from '../approval/index.ts';
import type { JsonObject } from '../contract/index.ts';

export { amountOf, labelOf, moneyText, resourceOf, textOf } from '../export/values.ts';

/** Disclosed values as they would be executed now: with what approvers changed. */
export function asChanged(disclosed: JsonObject, approval: ApprovalState | null): JsonObject {
  const changed = Object.entries(approval?.changes ?? {}).filter(([path]) => path in disclosed);
  return { ...disclosed, ...Object.fromEntries(changed) };
}
