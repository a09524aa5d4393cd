/** Working days and instants of the year that a seeded history tells. All in UTC. */
export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export interface Calendar {
  /** Days on which people work, as the millisecond at which each begins. */
  workdays: readonly number[];
  /** The instant of a working day: `day` counts from 0 and ends with the last one. */
  at(day: number, hour: number, minute?: number, second?: number): number;
}

/** The working days of `days` days that end at `until` (milliseconds since the epoch). */
export function calendarOf(until: number, days: number): Calendar {
  const last = Math.floor(until / DAY_MS) * DAY_MS;
  const workdays = Array.from({ length: days }, (_, n) => last - (days - 1 - n) * DAY_MS).filter(
    (day) => ![0, 6].includes(new Date(day).getUTCDay()),
  );
  return {
    workdays,
    at(day, hour, minute = 0, second = 0) {
      const begins = workdays[Math.min(day, workdays.length - 1)] ?? last;
      return begins + ((hour * 60 + minute) * 60 + second) * 1000;
    },
  };
}
