/** The part of a plan that each of its steps seals. */
import { hashOf } from '../../canonical/index.ts';
import type { Action, PlanFailure, PlanOrder, PlanStep } from '../../contract/index.ts';

/** A step's plan as its action shows it. */
export const planOf = ({ plan, index, of }: PlanStep): NonNullable<Action['plan']> => ({ plan, index, of });

/** The rules of a plan, which hold for all of its steps. */
export interface PlanRules {
  order: PlanOrder;
  onFailure: PlanFailure;
  title: string | null;
  /** More steps may follow. */
  open?: true | undefined;
}

/** The rules that a step is sealed with. */
export const rulesIn = ({ order, onFailure, title, open }: PlanRules): PlanRules => ({
  order,
  onFailure,
  title,
  ...(open === true ? { open } : {}),
});

/**
 * The hash over a whole plan: its tenant, id and rules, and the request hash of every step in order. Anybody with the verdicts of all steps
 * can compute it, and so notices a step that was added, removed, moved or changed. A step that joins an open plan is sealed with the hash
 * over all steps up to those that came with it.
 */
export const wholeOf = (tenant: string, plan: string, rules: PlanRules, requestHashes: readonly string[]): string =>
  hashOf({
    kind: 'countersign.plan/v1',
    tenant,
    plan,
    order: rules.order,
    onFailure: rules.onFailure,
    title: rules.title,
    ...(rules.open === true ? { open: true } : {}),
    steps: [...requestHashes],
  });
