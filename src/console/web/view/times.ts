/** Times as people read them, always in a zone that is named. Pure but for the zones that the platform knows. */

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${zone} ${Object.keys(options).join(' ')}`;
  const made = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options });
  formats.set(key, made);
  return made;
}

const DAY = { year: 'numeric', month: 'short', day: 'numeric' } as const;
const MINUTE = { ...DAY, hour: '2-digit', minute: '2-digit' } as const;
const SECOND = { ...MINUTE, second: '2-digit' } as const;

/** `3 Nov 2026, 14:05`, in the zone that the page names. */
export const minuteIn = (at: string, zone: string): string => formatOf(zone, MINUTE).format(new Date(at));
export const secondIn = (at: string, zone: string): string => formatOf(zone, SECOND).format(new Date(at));
export const dayIn = (at: string, zone: string): string => formatOf(zone, DAY).format(new Date(at));

export function isKnownZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: zone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

const MINUTE_MS = 60_000;
const PARTS = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;

/** How far a zone is ahead of UTC at an instant, in milliseconds. */
function offsetAt(instant: number, zone: string): number {
  const parts = Object.fromEntries(
    formatOf(zone, { ...PARTS, era: 'short' })
      .formatToParts(new Date(instant))
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 1970, month = 1, day = 1, hour = 0, minute = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(instant / MINUTE_MS) * MINUTE_MS;
}

/** The instant at which a day (`2026-07-01`) begins in a zone; null for any other text. */
export function dayBegins(day: string, zone: string): string | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return null;
  const wanted = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(wanted) || !new Date(wanted).toISOString().startsWith(day)) return null;
  // The guess may lie on the other side of a clock change, so the second look uses the right offset.
  const guess = wanted - offsetAt(wanted, zone);
  return new Date(wanted - offsetAt(guess, zone)).toISOString();
}

/** The day after, so that "to the 30th" includes the 30th. */
export function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 24 * 60 * MINUTE_MS).toISOString().slice(0, 10);
}

/** `2026-07-01` of an instant, in a zone. */
export function dayAt(instant: Date, zone: string): string {
  return new Date(instant.getTime() + offsetAt(instant.getTime(), zone)).toISOString().slice(0, 10);
}

export interface DayRange {
  from: string;
  to: string;
}

/** Spans that auditors ask for, by the day that it is. Both ends are included. */
export function rangesAt(
  today: string,
): Record<'last quarter' | 'this quarter' | 'last month' | 'this year', DayRange> {
  const [year = 1970, month = 1] = today.split('-').map(Number);
  const day = (y: number, m: number, d: number): string => new Date(Date.UTC(y, m, d)).toISOString().slice(0, 10);
  const quarter = Math.floor((month - 1) / 3) * 3;
  return {
    'last quarter': { from: day(year, quarter - 3, 1), to: day(year, quarter, 0) },
    'this quarter': { from: day(year, quarter, 1), to: day(year, quarter + 3, 0) },
    'last month': { from: day(year, month - 2, 1), to: day(year, month - 1, 0) },
    'this year': { from: day(year, 0, 1), to: day(year, 12, 0) },
  };
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** `3 hours`, `1 day 4 hours`: the two largest parts. */
export function lasting(ms: number): string {
  let seconds = Math.round(Math.abs(ms) / 1000);
  const parts: string[] = [];
  for (const [unit, length] of UNITS) {
    const count = Math.floor(seconds / length);
    seconds -= count * length;
    if (count > 0) parts.push(`${count} ${unit}${count === 1 ? '' : 's'}`);
  }
  return parts.slice(0, 2).join(' ') || 'a moment';
}

/** `2026-11-03T14:05`, as a field for a time holds it, in a zone. */
export function minuteOf(at: string, zone: string): string {
  const instant = Date.parse(at);
  return new Date(instant + offsetAt(instant, zone)).toISOString().slice(0, 16);
}

/** The instant of such a time in a zone; null for any other text. */
export function instantAt(minute: string, zone: string): string | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(minute)) return null;
  const wanted = Date.parse(`${minute}:00Z`);
  if (Number.isNaN(wanted)) return null;
  const guess = wanted - offsetAt(wanted, zone);
  return new Date(wanted - offsetAt(guess, zone)).toISOString();
}
