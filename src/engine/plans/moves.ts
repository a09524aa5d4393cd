/** Which step of a plan comes next, from the status of all steps. Pure, so every process comes to the same answer. */
import type { PlanRules } from './step.ts';

/** The status of one step, by its sealed records. */
export type StepStanding =
  /** No verdict is sealed. */
  | 'unjudged'
  /** People are asked. */
  | 'open'
  /** Approved by policy or by people, and waiting for its turn. */
  | 'ready'
  /** It has a permit that nobody redeemed. */
  | 'released'
  /** Its permit is redeemed; nobody reported yet. */
  | 'begun'
  | 'executed'
  /** A person refused it, and the others continue without it. */
  | 'taken-out'
  /** Refused by policy, failed, skipped, unreported, lapsed, expired or withdrawn. */
  | 'failed';

/** What follows for the steps, by their index. */
export interface Moves {
  release: number[];
  withdraw: number[];
  /** The step because of which the others are withdrawn; null where none are. */
  because: number | null;
}

const UNSETTLED: readonly StepStanding[] = ['open', 'ready', 'released'];

/**
 * What to do now. Nothing is released before every step has its verdict. A plan that policy refuses in part begins only if its requester
 * wanted that (`onFailure: continue`).
 */
export function nextMoves(
  { order, onFailure }: Pick<PlanRules, 'order' | 'onFailure'>,
  steps: readonly StepStanding[],
): Moves {
  const at = (standings: readonly StepStanding[]): number[] =>
    steps.flatMap((standing, index) => (standings.includes(standing) ? [index] : []));
  const nothing: Moves = { release: [], withdraw: [], because: null };
  const failed = steps.indexOf('failed');
  if (failed !== -1 && onFailure === 'withdraw') return { ...nothing, withdraw: at(UNSETTLED), because: failed };
  if (steps.includes('unjudged')) return nothing;
  if (order === 'any') return { ...nothing, release: at(['ready']) };
  // The first step that is neither done nor out of the plan is next.
  const next = steps.findIndex((standing) => !['executed', 'taken-out', 'failed'].includes(standing));
  return steps[next] === 'ready' ? { ...nothing, release: [next] } : nothing;
}

/** Whether nothing more can follow for any step. */
export const isOver = (steps: readonly StepStanding[]): boolean =>
  steps.every((standing) => standing === 'executed' || standing === 'taken-out' || standing === 'failed');
