/** What is sealed of a plan in each of its steps. */
import { hashOf } from '../../canonical/index.ts';
import type { Action, PlanFailure, PlanOrder, PlanStep } from '../../contract/index.ts';

/** A step's plan as its action shows it. */
export const planOf = ({ plan, index, of }: PlanStep): NonNullable<Action['plan']> => ({ plan, index, of });

/** The rules of a plan, which hold for all of its steps. */
export interface PlanRules {
  order: PlanOrder;
  onFailure: PlanFailure;
  title: string | null;
}

/**
 * The hash over a whole plan: whose it is, its rules, and the request hash of every step in their order. Whoever holds the verdicts of all
 * steps makes it again, so a step that was put in, left out, moved or changed since is noticed.
 */
export const wholeOf = (tenant: string, plan: string, rules: PlanRules, requestHashes: readonly string[]): string =>
  hashOf({
    kind: 'countersign.plan/v1',
    tenant,
    plan,
    order: rules.order,
    onFailure: rules.onFailure,
    title: rules.title,
    steps: [...requestHashes],
  });
