/** What the finance tests have in common: groups, windows, exact amounts, medians. */
import { addDecimals, compareDecimals, formatDecimal, parseDecimal, type Decimal } from '../canonical/index.ts';
import type { AuditedAction } from './types.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** An action whose amount policy discloses. */
export interface Priced extends AuditedAction {
  amount: string;
  currency: string;
}

export const isPriced = <T extends AuditedAction>(action: T): action is T & Pick<Priced, 'amount' | 'currency'> =>
  action.amount !== null && action.currency !== null;

/** An action that a person decided. */
export interface HumanDecided extends AuditedAction {
  approver: string;
  decidedAt: string;
  waitMs: number;
}

export const isDecided = (action: AuditedAction): action is HumanDecided =>
  action.approver !== null && action.decidedAt !== null && action.waitMs !== null;

/** A person's yes that let it through, now or until it was withdrawn. */
export const isOverride = ({ releaseBasis }: AuditedAction): boolean => releaseBasis === 'override';

/** Groups by key, each in the given order; members without a key are left out. */
export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === null) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** One key of several parts. */
export const keyOf = (...parts: readonly (string | null)[]): string => JSON.stringify(parts);

export const timeOf = (text: string): number => Date.parse(text);

/** Runs of neighbours. None of them is requested later than `windowMs` after the first of its run. */
export function runs<T extends AuditedAction>(actions: readonly T[], windowMs: number): T[][] {
  const groups: T[][] = [];
  let begun = -Infinity;
  for (const action of actions) {
    const at = timeOf(action.askedAt);
    const run = groups.at(-1);
    if (run !== undefined && at - begun <= windowMs) run.push(action);
    else {
      groups.push([action]);
      begun = at;
    }
  }
  return groups;
}

export const decimalOf = (text: string): Decimal => parseDecimal(text, Infinity);

export const isAbove = (amount: string, bound: string): boolean =>
  compareDecimals(decimalOf(amount), decimalOf(bound)) > 0;

export function sumOf(amounts: readonly string[]): string {
  return formatDecimal(amounts.map(decimalOf).reduce(addDecimals, { units: 0n, scale: 0 }));
}

/** A share of a bound, as a floating-point number: it is only compared. */
export const shareOf = (amount: string, bound: string): number => Number(amount) / Number(bound);

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

export const idsOf = (actions: readonly AuditedAction[]): string[] => actions.map(({ action }) => action);

export const round = (value: number, places = 2): number => Number(value.toFixed(places));
