/** What policy discloses of a request, as people read it. */
import type { Json, JsonObject } from '../contract/index.ts';
import { UNDISCLOSED } from './money.ts';
import { placesOf } from './currencies.ts';

/** `params.amount` reads `amount`. */
export const labelOf = (path: string): string =>
  path.replace(/^(params|resource|context)\./, '').replaceAll(/[._-]+/g, ' ');

export const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** `order ord_991`; null where policy discloses no id. */
export function resourceOf(disclosed: JsonObject): string | null {
  const { 'resource.id': id, 'resource.type': type } = disclosed;
  if (typeof id !== 'string') return null;
  return typeof type === 'string' ? `${type} ${id}` : id;
}

/** `1,420.50 USD`: what policy discloses of the amount; null where it discloses none. */
export function amountOf(disclosed: JsonObject, places = placesOf): string | null {
  const currency = disclosed['params.currency'];
  const written = moneyText(disclosed['params.amount'], currency, places);
  return written === null || typeof currency !== 'string' ? written : `${written} ${currency}`;
}

/** `1,420.50 USD`, of an amount that is exact already. */
export function inCurrency(amount: string, currency: string | null): string {
  const written = moneyText(amount, currency) ?? amount;
  return currency === null || currency === UNDISCLOSED ? written : `${written} ${currency}`;
}

/** An amount without its currency, exact (digits are moved, never computed): thousands apart, at least the places that ISO 4217 gives the currency. Null for what is no amount. */
export function moneyText(amount: Json | undefined, currency: Json | undefined, places = placesOf): string | null {
  if (typeof amount !== 'number' && typeof amount !== 'string') return null;
  const plain = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(amount));
  if (plain === null) return String(amount);
  const [, sign = '', whole = '', fraction = ''] = plain;
  const digits = fraction.padEnd(places(currency) ?? 0, '0');
  return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${digits === '' ? '' : `.${digits}`}`;
}
