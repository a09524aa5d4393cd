import type { Course } from './action-state.ts';
import { asChanged, amountOf, resourceOf } from './disclosed.ts';

/** What, how much and about what, in one line: as an approver changed it. */
export function summaryOf(course: Course): string {
  const disclosed = asChanged(course.disclosed, course.approval);
  const [amount, resource] = [amountOf(disclosed), resourceOf(disclosed)];
  return `${course.verb}${amount === null ? '' : `, ${amount}`}${resource === null ? '' : ` · ${resource}`}`;
}
