/** What policy discloses of a request, as people read it. */
import type { Json, JsonObject } from '../contract/index.ts';

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

/** ISO 4217 currencies without a minor unit. */
const WHOLE: readonly string[] = 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ');

/** `1,420.50 USD`: what policy discloses of the amount; null where it discloses none. */
export function amountOf(disclosed: JsonObject): string | null {
  const currency = disclosed['params.currency'];
  const written = moneyText(disclosed['params.amount'], currency);
  return written === null || typeof currency !== 'string' ? written : `${written} ${currency}`;
}

/** An amount without its currency, exact (digits are moved, never computed): thousands apart, at least two places where the currency has cents. Null for what is no amount. */
export function moneyText(amount: Json | undefined, currency: Json | undefined): string | null {
  if (typeof amount !== 'number' && typeof amount !== 'string') return null;
  const plain = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(amount));
  if (plain === null) return String(amount);
  const [, sign = '', whole = '', fraction = ''] = plain;
  const cents = typeof currency === 'string' && /^[A-Z]{3}$/.test(currency) && !WHOLE.includes(currency);
  const places = cents ? fraction.padEnd(2, '0') : fraction;
  return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${places === '' ? '' : `.${places}`}`;
}
