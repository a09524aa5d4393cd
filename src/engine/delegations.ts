import type { DecideEvent, DelegationUse } from '../approval/index.ts';
import { activeDelegation, type Delegation, type Directory } from '../identity/index.ts';
import { matchesSurface } from '../policy/surfaces.ts';
import type { InForce } from '../register/index.ts';
import type { EngineDeps } from './deps.ts';

/** The delegations that hold now, by their sealed records. Whom each covers is for identity/ to say. */
export async function delegationsInForce(
  deps: Pick<EngineDeps, 'register' | 'now'>,
  tenant: string,
): Promise<Delegation[]> {
  return delegationsOf(await deps.register.current(tenant), deps.now().getTime());
}

/** {@link delegationsInForce}, by a look that was made. @param now milliseconds since the epoch */
export const delegationsOf = ({ delegations }: Pick<InForce, 'delegations'>, now: number): Delegation[] =>
  [...delegations.values()].filter(
    ({ startsAt, endsAt, revokedAt }) => startsAt <= now && now < endsAt && (revokedAt === null || now < revokedAt),
  );

/** A decision that somebody makes, or would make. */
export interface Deciding {
  by: string;
  delegation: DelegationUse | null;
  surface: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * Whom a person decides for, and whether both of them still may decide: the facts that the approval reducer needs. The
 * gateway asks it to say who is asked, and the engine to admit a decision.
 */
export function standingOf(
  directory: Directory,
  delegations: readonly Delegation[],
  { by, delegation, surface, now }: Deciding,
): Required<Pick<DecideEvent, 'standsInFor' | 'standing'>> {
  const holds =
    delegation === null ||
    (directory.mayDecide(delegation.from) &&
      activeDelegation(delegations, { from: delegation.from, to: by, surface, now })?.id === delegation.id);
  return {
    standsInFor: delegations
      .filter(({ to, surfaces }) => to === by && surfaces.some((glob) => matchesSurface(glob, surface)))
      .map(({ from }) => from),
    standing: directory.mayDecide(by) && holds,
  };
}
