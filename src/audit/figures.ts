/** Figures of a period, from sums by groups of actions. The same groups give the same figures. */
import { addDecimals, formatDecimal, parseDecimal } from '../canonical/index.ts';
import { exactAmount } from '../export/index.ts';

/** Actions that share these values; a text is empty where there is no value. Amounts are exact decimals. */
export interface ActionGroup {
  surface: string;
  status: string;
  releaseBasis: string;
  approver: string;
  currency: string;
  n: number;
  undisclosed: number;
  delegated: number;
  changed: number;
  extended: number;
  asked: string;
  approved: string;
  released: string;
  executed: string;
}

export interface Counted {
  value: string;
  count: number;
}

/** Amounts of one currency: they are never added up across currencies. */
export interface CurrencyFigures {
  currency: string | null;
  actions: number;
  /** Amounts that policy does not disclose, and that are in no sum. */
  undisclosed: number;
  asked: string;
  approved: string;
  released: string;
  executed: string;
}

export interface SurfaceFigures {
  surface: string;
  actions: number;
  overrides: number;
  refused: number;
}

export interface ApproverFigures {
  approver: string;
  decided: number;
  overrides: number;
  refused: number;
  changed: number;
  /** What they let through, by currency. */
  released: { currency: string | null; amount: string }[];
}

export interface Figures {
  actions: number;
  overrides: number;
  breakGlass: number;
  refused: number;
  expired: number;
  delegated: number;
  changed: number;
  extended: number;
  statuses: Counted[];
  bases: Counted[];
  money: CurrencyFigures[];
  surfaces: SurfaceFigures[];
  approvers: ApproverFigures[];
}

const AMOUNTS = ['asked', 'approved', 'released', 'executed'] as const;

const plus = (a: string, b: string): string =>
  formatDecimal(addDecimals(parseDecimal(a, Infinity), parseDecimal(b, Infinity)));

export function figuresOf(groups: readonly ActionGroup[]): Figures {
  const count = (test: (group: ActionGroup) => boolean): number =>
    groups.filter(test).reduce((sum, { n }) => sum + n, 0);
  const sum = (name: 'delegated' | 'changed' | 'extended'): number => groups.reduce((all, one) => all + one[name], 0);
  return {
    actions: count(() => true),
    overrides: count(isOverride),
    breakGlass: count(({ releaseBasis }) => releaseBasis === 'break_glass'),
    refused: count(({ status }) => status === 'refused'),
    expired: count(({ status }) => status === 'expired'),
    delegated: sum('delegated'),
    changed: sum('changed'),
    extended: sum('extended'),
    statuses: counted(groups, ({ status }) => status),
    bases: counted(groups, ({ releaseBasis }) => releaseBasis),
    money: moneyOf(groups),
    surfaces: surfacesOf(groups),
    approvers: approversOf(groups),
  };
}

const isOverride = ({ releaseBasis }: ActionGroup): boolean => releaseBasis === 'override';

function by(groups: readonly ActionGroup[], keyOf: (group: ActionGroup) => string): [string, ActionGroup[]][] {
  const byKey = new Map<string, ActionGroup[]>();
  for (const group of groups) {
    const key = keyOf(group);
    byKey.set(key, [...(byKey.get(key) ?? []), group]);
  }
  return [...byKey];
}

const total = (groups: readonly ActionGroup[]): number => groups.reduce((sum, { n }) => sum + n, 0);

/** The most frequent first; groups with zero actions are left out. */
const counted = (groups: readonly ActionGroup[], valueOf: (group: ActionGroup) => string): Counted[] =>
  by(groups, valueOf)
    .filter(([value]) => value !== '')
    .map(([value, members]) => ({ value, count: total(members) }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));

/** With the places of its currency. */
const inPlaces = (amount: string, currency: string): string =>
  exactAmount(amount, currency === '' ? null : currency) ?? amount;

const moneyOf = (groups: readonly ActionGroup[]): CurrencyFigures[] =>
  by(groups, ({ currency }) => currency)
    .filter(([currency, members]) => currency !== '' || members.some(({ undisclosed }) => undisclosed > 0))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, members]) => {
      const [asked = '0', approved = '0', released = '0', executed = '0'] = AMOUNTS.map((name) =>
        inPlaces(members.map((group) => group[name]).reduce(plus, '0'), currency),
      );
      const undisclosed = members.reduce((sum, group) => sum + group.undisclosed, 0);
      return {
        currency: currency === '' ? null : currency,
        actions: total(members),
        undisclosed,
        asked,
        approved,
        released,
        executed,
      };
    });

const surfacesOf = (groups: readonly ActionGroup[]): SurfaceFigures[] =>
  by(groups, ({ surface }) => surface)
    .map(([surface, members]) => ({
      surface,
      actions: total(members),
      overrides: total(members.filter(isOverride)),
      refused: total(members.filter(({ status }) => status === 'refused')),
    }))
    .sort((a, b) => b.actions - a.actions || (a.surface < b.surface ? -1 : 1));

const approversOf = (groups: readonly ActionGroup[]): ApproverFigures[] =>
  by(groups, ({ approver }) => approver)
    .filter(([approver]) => approver !== '')
    .map(([approver, members]) => ({
      approver,
      decided: total(members),
      overrides: total(members.filter(isOverride)),
      refused: total(members.filter(({ status }) => status === 'refused')),
      changed: members.reduce((sum, { changed }) => sum + changed, 0),
      released: moneyOf(members).map(({ currency, released }) => ({ currency, amount: released })),
    }))
    .sort((a, b) => b.decided - a.decided || (a.approver < b.approver ? -1 : 1));
