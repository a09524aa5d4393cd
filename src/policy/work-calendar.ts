/** When people work, as a bundle says it for audits: sealed with the policies, so the same records give the same findings. */
import { z } from 'zod';
import type { Json } from '../contract/index.ts';
import { isZone } from './hours.ts';
import { holidaysSchema } from './schema.ts';

const zone = z.string().refine(isZone, 'an IANA time zone such as `Europe/Berlin`');

/** Working hours for people without a condition: `zone` for everybody, and `zones` for people elsewhere. */
export const clockSchema = z.strictObject({
  zone: zone.optional().meta({ description: 'Where people work; UTC unless given.' }),
  zones: z
    .record(z.string().regex(/^user:\S+$/, 'a person such as `user:jo@acme.test`'), zone)
    .optional()
    .meta({ description: 'Where somebody works who is not there.' }),
});
export interface WorkCalendar {
  zone: string;
  zones: ReadonlyMap<string, string>;
  /** Days on which nobody works, of every list of the bundle. */
  holidays: ReadonlySet<string>;
}

const calendarSchema = z.object({
  clock: clockSchema.default({}),
  holidays: holidaysSchema.default({}),
  policies: z.record(z.string(), z.object({ holidays: holidaysSchema.default({}) })).default({}),
});

export const NO_CALENDAR: WorkCalendar = { zone: 'UTC', zones: new Map(), holidays: new Set() };

export function workCalendarOf({ source }: { source: Json }): WorkCalendar {
  const read = calendarSchema.safeParse(source);
  if (!read.success) return NO_CALENDAR;
  const { clock, holidays, policies } = read.data;
  const lists = [holidays, ...Object.values(policies).map((policy) => policy.holidays)];
  return {
    zone: clock.zone ?? NO_CALENDAR.zone,
    zones: new Map(Object.entries(clock.zones ?? {})),
    holidays: new Set(lists.flatMap((list) => Object.values(list).flat())),
  };
}
