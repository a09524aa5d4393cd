/** ISO 4217: how many places an amount of a currency has. */

/** Currencies with another number than two; metals, funds and test codes have none. */
const PLACES: Readonly<Record<string, number | null>> = Object.fromEntries([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'.split(' ').map((code) => [code, 0]),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map((code) => [code, 3]),
  ...'CLF UYW'.split(' ').map((code) => [code, 4]),
  ...'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'.split(' ').map((code) => [code, null]),
]);

/** As the first rendering of archives had it: two places wherever there is a minor unit. */
export function placesInFirstRendering(currency: unknown): number | null {
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) return null;
  return PLACES[currency] === 0 ? 0 : 2;
}

/** Null for an unknown currency, and for one without a minor unit. */
export function placesOf(currency: unknown): number | null {
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) return null;
  const places = PLACES[currency];
  return places === undefined ? 2 : places;
}
