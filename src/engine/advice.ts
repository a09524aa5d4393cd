/**
 * Advisers: the owner's reviewing services. They are asked within a moment before a verdict that would release or park, and the answers are
 * sealed.
 */
import type { ActionRequest, AdviceFact, JsonObject, Judgement } from '../contract/index.ts';
import { advisersOf, type CompiledBundle } from '../policy/index.ts';
import { discloseRequest } from '../sealing/index.ts';
import type { EngineDeps } from './deps.ts';

export interface Adviseable {
  tenant: string;
  id: string;
  request: ActionRequest;
  /** The judgement without advice. */
  judgement: Judgement;
  now: Date;
}

/**
 * Asks the advisers of all policies that cover a request. They see who asks for what, and those values that policy discloses or shows to
 * approvers.
 */
export async function adviceFacts(
  { advisers }: Pick<EngineDeps, 'advisers'>,
  bundle: CompiledBundle,
  { tenant, id, request, judgement, now }: Adviseable,
): Promise<AdviceFact[]> {
  const { decision, policy, rule } = judgement.verdict;
  const visible = [...judgement.disclose, ...judgement.show];
  // A dummy key: it makes commitments, which nobody reads here.
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
