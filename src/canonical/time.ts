/** Reads times in RFC 3339 with an offset, of a day that exists. The time zone of this machine never matters. */

const DATE = /^(\d{4})-(\d{2})-(\d{2})/;
const TIME =
  /^\d{4}-\d{2}-\d{2}[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

const MINUTE = 60_000;

/** A day of 24 hours, in milliseconds. */
export const DAY = 24 * 60 * MINUTE;

/**
 * Milliseconds since the epoch of an RFC 3339 time, or null for everything else: a day that does not exist, hour 24, second 60 (which
 * no clock here knows), a time without its offset. What is finer than a millisecond is cut.
 */
export function instantOf(text: string): number | null {
  const match = TIME.exec(text);
  const day = startOfDay(text);
  if (match === null || day === null) return null;
  const [, hour, minute, second, fraction = '', sign, aheadHours, aheadMinutes] = match;
  const clock = (Number(hour) * 60 + Number(minute)) * MINUTE + Number(second) * 1000;
  const ahead = sign === undefined ? 0 : (Number(aheadHours) * 60 + Number(aheadMinutes)) * MINUTE;
  return day + clock + Number(fraction.padEnd(3, '0').slice(0, 3)) - (sign === '-' ? -ahead : ahead);
}

/** The start in UTC, in milliseconds, of a plain date such as `2026-11-30`; null for everything else. */
export function dayOf(text: string): number | null {
  return text.length === 10 ? startOfDay(text) : null;
}

function startOfDay(text: string): number | null {
  const match = DATE.exec(text);
  if (match === null) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const date = new Date(0);
  // Not Date.UTC, which maps the years 0 to 99 to the twentieth century.
  date.setUTCFullYear(year, month - 1, day);
  return month >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : null;
}
