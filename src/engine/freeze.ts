import { actingIds, type Acting } from '../contract/acting.ts';
import { includesId } from '../contract/identifiers.ts';
import { matchesSurface } from '../policy/surfaces.ts';
import type { FreezeInForce, Looked } from '../register/index.ts';
import type { EngineDeps } from './deps.ts';

/**
 * The active freezes of a tenant, oldest first: those sealed and not lifted by a sealed record, whatever a row says, and those of rows
 * whose record is not sealed yet. A row can only add a freeze.
 */
export async function freezesOf(deps: Pick<EngineDeps, 'register'>, tenant: string): Promise<FreezeInForce[]> {
  return freezesIn(await deps.register.current(tenant));
}

function freezesIn({ freezes, lifted, freezeRows }: Looked): FreezeInForce[] {
  const unsealed = freezeRows.filter(({ id }) => !freezes.has(id) && !lifted.has(id));
  return [...freezes.values(), ...unsealed].sort((a, b) => (a.at < b.at ? -1 : 1));
}

/** Whether a freeze stops what this actor does on this surface. A surface may be a glob, as policies write them. */
export function freezeCovers(
  { scope, value }: Pick<FreezeInForce, 'scope' | 'value'>,
  surface: string,
  actor: Acting,
): boolean {
  if (scope === 'tenant') return true;
  if (value === null) return false;
  return scope === 'surface' ? matchesSurface(value, surface) : includesId(actingIds(actor), value);
}

/** Why nothing of this kind may be released now, or null. */
export async function freezeReason(
  deps: Pick<EngineDeps, 'register'>,
  tenant: string,
  surface: string,
  actor: Acting,
): Promise<string | null> {
  return freezeReasonIn(await deps.register.current(tenant), surface, actor);
}

/** {@link freezeReason}, from records that are read already. */
export function freezeReasonIn(looked: Looked, surface: string, actor: Acting): string | null {
  const freeze = freezesIn(looked).find((one) => freezeCovers(one, surface, actor));
  return freeze === undefined
    ? null
    : `${freeze.scope === 'tenant' ? 'everything' : `the ${freeze.scope} \`${freeze.value}\``} is frozen: ${freeze.reason}`;
}
