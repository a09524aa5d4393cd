import { DateTime, FixedOffsetZone, IANAZone } from 'luxon';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const TIMES = /^([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))$/;

/** One span of a week: days from 0 (Monday), minutes of the day; `end` below or at `start` runs past midnight. */
interface Span {
  days: ReadonlySet<number>;
  start: number;
  end: number;
}

/** Opening hours, parsed once. */
export type Hours = readonly Span[];

/**
 * Reads `Mon-Fri 09:00-18:00`, several entries separated by `;`. Days are a range, a comma list or left out for every day;
 * times are `HH:MM-HH:MM`, the end not included, `24:00` allowed. `22:00-06:00` runs over midnight and belongs to the day it
 * starts on. Null when the text is anything else.
 */
export function parseHours(text: string): Hours | null {
  const spans: Span[] = [];
  for (const entry of text.split(';')) {
    const words = entry.trim().split(/\s+/);
    if (words.length < 1 || words.length > 2) return null;
    const days = words.length === 2 ? parseDays(words[0] ?? '') : new Set([0, 1, 2, 3, 4, 5, 6]);
    const times = TIMES.exec(words[words.length - 1] ?? '');
    if (days === null || times === null) return null;
    const start = Number(times[1]) * 60 + Number(times[2]);
    const end = Number(times[3] ?? times[5]) * 60 + Number(times[4] ?? times[6]);
    spans.push({ days, start, end });
  }
  return spans;
}

function parseDays(text: string): Set<number> | null {
  const days = new Set<number>();
  for (const part of text.toLowerCase().split(',')) {
    const [from, to, ...more] = part.split('-').map((day) => (DAYS as readonly string[]).indexOf(day));
    if (from === undefined || from < 0 || more.length > 0) return null;
    if (to === undefined) days.add(from);
    else if (to < 0) return null;
    else for (let day = from; ; day = (day + 1) % 7) if ((days.add(day), day === to)) break;
  }
  return days;
}

/** True for an IANA zone such as `Europe/Berlin`, or `UTC`. Never the zone of this machine. */
export function isZone(zone: string): boolean {
  return /^[A-Z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(zone) && IANAZone.isValidZone(zone);
}

/**
 * The wall clock of an instant in a zone: an IANA name, or a fixed offset such as `-02:30` (CEL, section Timezones).
 *
 * @throws Error when `zone` is neither
 */
export function wallClock(nowMs: number, zone: string): DateTime {
  const fixed = /^([+-]?)([01][0-9]|2[0-3]):([0-5][0-9])$/.exec(zone);
  if (fixed === null && !isZone(zone)) throw new Error('a text is not an IANA time zone such as Europe/Berlin');
  const minutes = fixed === null ? 0 : (Number(fixed[2]) * 60 + Number(fixed[3])) * (fixed[1] === '-' ? -1 : 1);
  return DateTime.fromMillis(nowMs, {
    zone: fixed === null ? IANAZone.create(zone) : FixedOffsetZone.instance(minutes),
  });
}

/**
 * True when the instant falls in the hours, by the wall clock of the zone, daylight saving included.
 * `holidays` are local dates (`2026-12-25`); a span that starts on one does not count, whatever its hours.
 */
export function withinHours(hours: Hours, nowMs: number, zone: string, holidays: ReadonlySet<string>): boolean {
  const today = wallClock(nowMs, zone);
  const yesterday = today.minus({ days: 1 });
  const minute = today.hour * 60 + today.minute;
  const open = (day: DateTime, span: Span): boolean =>
    span.days.has(day.weekday - 1) && !holidays.has(day.toFormat('yyyy-MM-dd'));
  return hours.some((span) =>
    span.end > span.start
      ? minute >= span.start && minute < span.end && open(today, span)
      : (minute >= span.start && open(today, span)) || (minute < span.end && open(yesterday, span)),
  );
}
