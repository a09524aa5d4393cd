/** Delegations: “while I am away until Friday, X decides for me”, bounded in time and by surface. Pure. */
import { matchesSurface } from '../policy/surfaces.ts';

/** A delegation: one person lets another decide for them. Times are milliseconds since the epoch. */
export interface Delegation {
  id: string;
  tenant: string;
  /** Directory id of the person who is away. */
  from: string;
  /** Directory id of the person who stands in. */
  to: string;
  /** Globs of surfaces it covers. */
  surfaces: readonly string[];
  startsAt: number;
  endsAt: number;
  /** When it was taken back, or null. */
  revokedAt: number | null;
}

/** The question: may `to` decide now, on this surface, for one of `from`? */
export interface DelegationQuestion {
  /** The approvers that are waited for; when left out, anybody. */
  from?: string | readonly string[] | undefined;
  to: string;
  surface: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * The delegation under which `to` may decide, or null: the one that ends first, then by id, so that everyone names the same one.
 *
 * No chains: a delegation passes on only its giver's own authority, so this function never follows a second one.
 */
export function activeDelegation(delegations: readonly Delegation[], question: DelegationQuestion): Delegation | null {
  const { to, surface, now } = question;
  const from = typeof question.from === 'string' ? [question.from] : question.from;
  const active = delegations.filter(
    (delegation) =>
      delegation.to === to &&
      delegation.from !== to &&
      (from === undefined || from.includes(delegation.from)) &&
      delegation.startsAt <= now &&
      now < delegation.endsAt &&
      (delegation.revokedAt === null || now < delegation.revokedAt) &&
      delegation.surfaces.some((glob) => matchesSurface(glob, surface)),
  );
  active.sort((a, b) => a.endsAt - b.endsAt || (a.id < b.id ? -1 : 1));
  return active[0] ?? null;
}
