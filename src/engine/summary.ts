import type { ActionState } from '../store/action-state.ts';
import { asChanged, amountOf, resourceOf } from './disclosed.ts';

/** What, how much and about what, in one line: as an approver changed it. */
export function summaryOf(state: ActionState): string {
  const disclosed = asChanged(state.disclosed, state.approval);
  const [amount, resource] = [amountOf(disclosed), resourceOf(disclosed)];
  return `${state.verb}${amount === null ? '' : `, ${amount}`}${resource === null ? '' : ` · ${resource}`}`;
}
