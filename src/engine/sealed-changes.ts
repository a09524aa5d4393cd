import type { ActionRequest, DecisionRecord, Json, JsonObject } from '../contract/index.ts';
import { readPath } from '../policy/index.ts';
import { commitment, saltFor, saltPath } from '../sealing/index.ts';

/**
 * Old and new values for the record: in clear where policy discloses the path, else as commitments under the action's key.
 *
 * @param disclosed of the verdict's record: the paths that policy discloses
 * @param seq of the decision's record: a value that is changed twice has different salts each time
 */
export function sealedChanges(
  disclosed: JsonObject,
  request: ActionRequest,
  changes: Record<string, Json> | null,
  actionKey: Uint8Array,
  seq: number,
): DecisionRecord['changes'] {
  if (changes === null) return null;
  // Each value has its salt, so that opening one does not help to guess the other.
  const show = (path: string, side: 'from' | 'to', value: Json): Json => {
    const at = `${path}#${side}`;
    return Object.hasOwn(disclosed, path) ? value : commitment(saltFor(actionKey, saltPath(at, seq)), at, value);
  };
  return Object.fromEntries(
    Object.entries(changes).map(([path, to]) => [
      path,
      { from: show(path, 'from', (readPath(request, path) ?? null) as Json), to: show(path, 'to', to) },
    ]),
  );
}
