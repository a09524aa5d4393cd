/** The amounts that an action asked for and came to, read from its records one after the other. */
import { addDecimals, formatDecimal, parseDecimal, type Decimal } from '../canonical/index.ts';
import type { Json, JsonObject, RecordPayload, VerdictRecord } from '../contract/index.ts';
import { placesOf } from './currencies.ts';

/** Which fields of a request are its amount and its currency, as its policy says. */
export interface MoneyFields {
  amount: string;
  currency: string;
}

/** Where a policy says nothing. */
export const DEFAULT_FIELDS: MoneyFields = { amount: 'params.amount', currency: 'params.currency' };

/** Fields by the name of the policy. */
export type FieldsOfBundle = ReadonlyMap<string, MoneyFields>;

/** Stands for a value that policy does not disclose. */
export const UNDISCLOSED = 'undisclosed';

/** Each in the order in which they follow. */
export const STAGES = ['asked', 'approved', 'released', 'executed'] as const;
export type Stage = (typeof STAGES)[number];

/** Exact decimals with the places of their currency, {@link UNDISCLOSED}, or null where there is no amount or the stage was not reached. */
export type Money = Record<Stage, string | null> & {
  fields: MoneyFields;
  currency: string | null;
  /** The amount as it would be executed now. */
  now: string | null;
};

/** What a bundle says about amounts. The bundle was not checked, so malformed policies say nothing. */
export function fieldsOfBundle(source: Json): FieldsOfBundle {
  const policies = (source as { policies?: unknown } | null)?.policies;
  const fields = new Map<string, MoneyFields>();
  if (typeof policies !== 'object' || policies === null) return fields;
  for (const policy of Object.values(policies) as ({
    policy?: unknown;
    amount?: unknown;
    currency?: unknown;
  } | null)[]) {
    if (typeof policy?.policy !== 'string') continue;
    const { amount, currency } = policy;
    fields.set(policy.policy, {
      amount: typeof amount === 'string' ? amount : DEFAULT_FIELDS.amount,
      currency: typeof currency === 'string' ? currency : DEFAULT_FIELDS.currency,
    });
  }
  return fields;
}

/** An amount in its currency's places, exact: zeros are added, digits never computed. Null for what is no amount. */
export function exactAmount(value: Json | undefined, currency: string | null): string | null {
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  const text = typeof value === 'number' ? decimalText(value) : value;
  const [, whole, fraction = ''] = /^(-?\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined) return null;
  const places = fraction.padEnd(placesOf(currency) ?? 0, '0');
  return places === '' ? whole : `${whole}.${places}`;
}

/** A number without its exponent. */
function decimalText(value: number): string {
  const text = String(value);
  return text.includes('e') ? formatDecimal(parseDecimal(value)) : text;
}

const isCommitment = (value: Json | undefined): boolean => typeof value === 'string' && value.startsWith('sha256:');

function disclosedValue(record: VerdictRecord, path: string): Json | undefined {
  if (Object.hasOwn(record.disclosed, path)) return record.disclosed[path];
  return Object.hasOwn(record.commitments, path) ? UNDISCLOSED : undefined;
}

const amountAs = (value: Json | undefined, currency: string | null): string | null =>
  value === UNDISCLOSED || isCommitment(value) ? UNDISCLOSED : exactAmount(value, currency);

function textAs(value: Json | undefined): string | null {
  if (value === undefined || value === null) return null;
  return isCommitment(value) ? UNDISCLOSED : String(value as string);
}

/** The first verdict of an action. */
function begin(record: VerdictRecord, fields: MoneyFields): Money {
  const currency = textAs(disclosedValue(record, fields.currency));
  const asked = amountAs(disclosedValue(record, fields.amount), currency);
  const changes: JsonObject = record.verdict.changes ?? {};
  const now = Object.hasOwn(changes, fields.amount) ? amountAs(changes[fields.amount], currency) : asked;
  const approves = record.verdict.decision === 'approve' || record.verdict.decision === 'constrain';
  return { fields, currency, asked, approved: approves ? now : null, released: null, executed: null, now };
}

/** What the next record of the action makes of it. Null before its first verdict. */
export function moneyAfter(
  money: Money | null,
  record: RecordPayload,
  fieldsOf: (verdict: VerdictRecord) => MoneyFields,
): Money | null {
  if (record.type === 'verdict') {
    if (money === null) return begin(record, fieldsOf(record));
    return record.verdict.decision === 'refuse' ? { ...money, approved: null } : money;
  }
  if (money === null) return null;
  switch (record.type) {
    case 'decision': {
      if (['refuse', 'expired', 'cancelled'].includes(record.decision)) return { ...money, approved: null };
      if (record.decision !== 'approve') return money;
      const change = record.changes?.[money.fields.amount];
      const now = change === undefined ? money.now : amountAs(change.to, money.currency);
      return { ...money, now, approved: now };
    }
    case 'release':
      return { ...money, approved: money.approved ?? money.now, released: money.now };
    case 'outcome':
      return record.status === 'executed' ? { ...money, executed: money.now } : money;
    case 'drill':
      // A drill: nobody asked for it.
      return { ...money, asked: null, approved: null, now: null };
    case 'reconcile':
      return { ...money, executed: record.body['status'] === 'executed' ? money.now : null };
    default:
      return money;
  }
}

/** The stage that a record brings an action to, for the column in which its amount stands; each amount stands once. */
export function stagesOf(record: RecordPayload): Stage[] {
  switch (record.type) {
    case 'verdict':
      if (record.seq !== 0) return [];
      return record.verdict.decision === 'supervise' ? ['asked'] : ['asked', 'approved'];
    case 'decision':
      return record.decision === 'approve' ? ['approved'] : [];
    case 'release':
      return ['released'];
    case 'outcome':
    case 'reconcile':
      return ['executed'];
    default:
      return [];
  }
}

/** A sum of one currency, and how many amounts are not in it because policy does not disclose them. */
export interface Sum {
  sum: string;
  undisclosed: number;
}
export type MoneyTotal = Record<Stage, Sum> & { currency: string | null };

interface Running {
  sum: Decimal;
  undisclosed: number;
}

/** How many currencies are listed separately, so that made-up names cannot fill a page. */
const CURRENCIES_MAX = 200;
const OTHERS = 'other currencies';

/** Sums by currency, never across: exact, by decimal arithmetic. */
export class MoneyTotals {
  readonly #totals = new Map<string | null, Record<Stage, Running>>();

  add(money: Money | null): void {
    if (money === null || STAGES.every((stage) => money[stage] === null)) return;
    const known = this.#totals.has(money.currency) || this.#totals.size < CURRENCIES_MAX;
    const key = known ? money.currency : OTHERS;
    const total = this.#totals.get(key) ?? none();
    this.#totals.set(key, total);
    for (const stage of STAGES) {
      const amount = money[stage];
      if (amount === null) continue;
      // Amounts of several currencies are not added up.
      if (amount === UNDISCLOSED || key === OTHERS) total[stage].undisclosed += 1;
      else total[stage].sum = addDecimals(total[stage].sum, parseDecimal(amount, Infinity));
    }
  }

  /** By currency, in the order of its code. */
  list(): MoneyTotal[] {
    const text = (currency: string | null, { sum, undisclosed }: Running): Sum => ({
      sum: exactAmount(formatDecimal(sum), currency) ?? '0',
      undisclosed,
    });
    return [...this.#totals]
      .sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1))
      .map(([currency, total]) => ({
        currency,
        asked: text(currency, total.asked),
        approved: text(currency, total.approved),
        released: text(currency, total.released),
        executed: text(currency, total.executed),
      }));
  }
}

const zero = (): Running => ({ sum: { units: 0n, scale: 0 }, undisclosed: 0 });
const none = (): Record<Stage, Running> => ({ asked: zero(), approved: zero(), released: zero(), executed: zero() });
