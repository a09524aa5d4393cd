/** The owner's own reviewers: asked before a verdict that would release or park, within a moment; what they say is sealed. */
import type { ActionRequest, AdviceFact, JsonObject, Judgement } from '../contract/index.ts';
import { advisersOf, type CompiledBundle } from '../policy/index.ts';
import { discloseRequest } from '../sealing/index.ts';
import type { EngineDeps } from './deps.ts';

export interface Adviseable {
  tenant: string;
  id: string;
  request: ActionRequest;
  /** As it would be without advice. */
  judgement: Judgement;
  now: Date;
}

/**
 * What the advisers of all policies that cover a request say to it. They see who asks for what, and of its values those that policy discloses
 * or shows to approvers.
 */
export async function adviceFacts(
  { advisers }: Pick<EngineDeps, 'advisers'>,
  bundle: CompiledBundle,
  { tenant, id, request, judgement, now }: Adviseable,
): Promise<AdviceFact[]> {
  const { decision, policy, rule } = judgement.verdict;
  const visible = [...judgement.disclose, ...judgement.show];
  // The key is for commitments, which nobody reads here.
  const { disclosed } = discloseRequest(request, visible, new Uint8Array(32));
  const { surface, action, actor } = request;
  const data = {
    tenant,
    action: id,
    surface,
    verb: action,
    actor: JSON.parse(JSON.stringify(actor)) as JsonObject,
    values: disclosed,
    would: { decision, policy, rule },
  };
  return Promise.all(
    advisersOf(bundle, request).map(async ({ policy: by, ask }) => {
      const messageId = `${id}.advice.${by}.${ask}`;
      const body = { type: 'advice.asked', timestamp: now.toISOString(), data: { ...data, adviser: ask } };
      return { policy: by, ask, ...(await advisers.ask(tenant, ask, { messageId, body })) };
    }),
  );
}
