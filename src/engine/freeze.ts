import { includesId } from '../contract/identifiers.ts';
import type { Actor } from '../contract/request.ts';
import type { EngineDeps } from './deps.ts';

/** Why nothing of this kind may be released now, or null. */
export async function frozen(
  deps: Pick<EngineDeps, 'store'>,
  tenant: string,
  surface: string,
  actor: Actor,
): Promise<string | null> {
  const actors: string[] = [];
  for (let at: Actor | undefined = actor; at !== undefined; at = at.onBehalfOf) actors.push(at.id);
  const freeze = (await deps.store.freezes.active(tenant)).find(
    ({ scope, value }) =>
      scope === 'tenant' ||
      (scope === 'surface' && value === surface) ||
      (scope === 'actor' && includesId(actors, value ?? '')),
  );
  return freeze === undefined
    ? null
    : `${freeze.scope === 'tenant' ? 'everything' : `the ${freeze.scope} \`${freeze.value}\``} is frozen: ${freeze.reason}`;
}
