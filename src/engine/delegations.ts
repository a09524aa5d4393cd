import type { DecideEvent, DelegationUse } from '../approval/index.ts';
import { activeDelegation, type Delegation, type Directory } from '../identity/index.ts';
import { matchesSurface } from '../policy/surfaces.ts';
import type { InForce } from '../register/index.ts';
import type { EngineDeps } from './deps.ts';

/** Current delegations, by their sealed records. `identity/` says whom each covers. */
export async function delegationsInForce(
  deps: Pick<EngineDeps, 'register' | 'now'>,
  tenant: string,
): Promise<Delegation[]> {
  return delegationsOf(await deps.register.current(tenant), deps.now().getTime());
}

/** {@link delegationsInForce}, from records that are read already. @param now milliseconds since the epoch */
export const delegationsOf = ({ delegations }: Pick<InForce, 'delegations'>, now: number): Delegation[] =>
  [...delegations.values()].filter(
    ({ startsAt, endsAt, revokedAt }) => startsAt <= now && now < endsAt && (revokedAt === null || now < revokedAt),
  );

/** A decision that a person makes or could make. */
export interface Deciding {
  by: string;
  delegation: DelegationUse | null;
  surface: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * The facts that the approval reducer needs about a person: whom they decide for, and whether both may still decide. The gateway uses it to
 * say who is asked, and the engine to admit a decision.
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
