/** The parts of a request that its approvers do not see. */
import type { ActionRequest, Judgement } from '../contract/index.ts';
import { leafPaths } from '../policy/index.ts';
import { covers, discloseRequest } from '../sealing/index.ts';

/**
 * Paths that policy reads or means to show, and that approvers do not see, because they are neither disclosed nor shown, or too long. They
 * are sealed with the verdict, so that nobody can say later that they were seen.
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
