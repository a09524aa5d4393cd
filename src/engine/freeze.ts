import { actingIds, type Acting } from '../contract/acting.ts';
import { includesId } from '../contract/identifiers.ts';
import type { FreezeInForce } from '../register/index.ts';
import type { EngineDeps } from './deps.ts';

/**
 * What is stopped in a tenant, oldest first: what was sealed and not lifted by a sealed word, whatever a row says of it, and what a row
 * says whose record is still to come. A row can only add to what is stopped.
 */
export async function freezesOf(deps: Pick<EngineDeps, 'register'>, tenant: string): Promise<FreezeInForce[]> {
  const { freezes, lifted, freezeRows } = await deps.register.current(tenant);
  const unsealed = freezeRows.filter(({ id }) => !freezes.has(id) && !lifted.has(id));
  return [...freezes.values(), ...unsealed].sort((a, b) => (a.at < b.at ? -1 : 1));
}

/** Why nothing of this kind may be released now, or null. */
export async function frozen(
  deps: Pick<EngineDeps, 'register'>,
  tenant: string,
  surface: string,
  actor: Acting,
): Promise<string | null> {
  const actors = actingIds(actor);
  const freeze = (await freezesOf(deps, tenant)).find(
    ({ scope, value }) =>
      scope === 'tenant' ||
      (scope === 'surface' && value === surface) ||
      (scope === 'actor' && includesId(actors, value ?? '')),
  );
  return freeze === undefined
    ? null
    : `${freeze.scope === 'tenant' ? 'everything' : `the ${freeze.scope} \`${freeze.value}\``} is frozen: ${freeze.reason}`;
}
