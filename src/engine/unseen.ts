/** What an approver would decide without having seen it. */
import type { ActionRequest, Judgement } from '../contract/index.ts';
import { leafPaths } from '../policy/index.ts';
import { covers, discloseRequest } from '../sealing/index.ts';

/**
 * Paths of what policy goes by, or means to show, and those whom it asks do not see: neither disclosed nor shown, or too long in all to
 * be. Sealed with the verdict, so that nobody can say later that they were seen.
 */
export function unseenOf(
  request: ActionRequest,
  { disclose, show, material = [] }: Pick<Judgement, 'disclose' | 'show' | 'material'>,
  actionKey: Uint8Array,
): string[] {
  const visible = [...disclose, ...show];
  const { disclosed } = discloseRequest(request, visible, actionKey);
  const meant = [...visible, ...material];
  return leafPaths(request, ['resource', 'params', 'context']).filter(
    (path) => !Object.hasOwn(disclosed, path) && meant.some((above) => covers(above, path)),
  );
}
