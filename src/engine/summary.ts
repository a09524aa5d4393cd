import type { ActionState } from '../store/action-state.ts';
import { asChanged, amountOf, resourceOf } from './disclosed.ts';

/** Verb, amount and resource in one line, with an approver's changes. */
export function summaryOf(state: ActionState): string {
  const disclosed = asChanged(state.disclosed, state.approval);
  const [amount, resource] = [amountOf(disclosed), resourceOf(disclosed)];
  return `${state.verb}${amount === null ? '' : `, ${amount}`}${resource === null ? '' : ` · ${resource}`}`;
}
