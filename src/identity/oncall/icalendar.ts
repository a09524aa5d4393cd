/**
 * Reads an iCalendar file (RFC 5545): the attendees of a current event are on call. Events may repeat by days and weeks. Other repetitions,
 * and unknown time zones, are refused.
 */
import { readFile } from 'node:fs/promises';
import { DateTime } from 'luxon';
import { Unreadable, type OnCallSource } from './types.ts';

const FILE_MAX_BYTES = 4 * 1024 * 1024;

export function iCalendar({ file }: { file: string }): OnCallSource {
  return {
    source: 'icalendar',
    async firstTier(at, signal) {
      const text = await readFile(file, { encoding: 'utf8', signal }).catch(() => {
        throw new Unreadable('the calendar’s file cannot be read');
      });
      if (text.length > FILE_MAX_BYTES) throw new Unreadable('the calendar’s file is too long');
      return attending(text, at);
    },
  };
}

interface Property {
  name: string;
  parameters: Readonly<Record<string, string>>;
  value: string;
}

/** Addresses of the attendees of all events at a time, each once. @throws Unreadable */
export function attending(text: string, at: number): string[] {
  const events = eventsOf(text);
  const people = events
    .filter((event) => !isCancelled(event) && goesOn(event, events, at))
    .flatMap((event) =>
      event
        .filter(({ name, parameters }) => name === 'ATTENDEE' && parameters['PARTSTAT']?.toUpperCase() !== 'DECLINED')
        .flatMap(({ value }) => /^mailto:(\S+@\S+)$/i.exec(value.trim())?.[1] ?? []),
    );
  return [...new Set(people)];
}

type Event = readonly Property[];

/** Long lines are folded: continuations begin with a blank. */
function eventsOf(text: string): Event[] {
  const lines = text.replace(/\r?\n[ \t]/g, '').split(/\r?\n/);
  if (lines[0]?.trim().toUpperCase() !== 'BEGIN:VCALENDAR') throw new Unreadable('the file is no calendar');
  const events: Event[] = [];
  let event: Property[] | null = null;
  /** Alarms and similar parts inside an event are skipped. */
  let inside = 0;
  for (const line of lines) {
    const begins = /^BEGIN:(.+)$/i.exec(line)?.[1]?.toUpperCase();
    const ends = /^END:(.+)$/i.exec(line)?.[1]?.toUpperCase();
    if (begins === 'VEVENT') event = [];
    else if (ends === 'VEVENT' && event !== null) {
      events.push(event);
      event = null;
    } else if (event !== null && begins !== undefined) inside += 1;
    else if (event !== null && ends !== undefined) inside -= 1;
    else if (event !== null && inside === 0) event.push(...propertyOf(line));
  }
  return events;
}

function propertyOf(line: string): Property[] {
  const [, head = '', value = ''] = /^((?:[^":]|"[^"]*")+):(.*)$/.exec(line) ?? [];
  const [name = '', ...rest] = head.match(/(?:[^";]|"[^"]*")+/g) ?? [];
  const parameters = rest.map((one) => {
    const [key = '', ...said] = one.split('=');
    return [key.toUpperCase(), said.join('=').replaceAll('"', '')] as const;
  });
  return name === '' ? [] : [{ name: name.toUpperCase(), parameters: Object.fromEntries(parameters), value }];
}

const valueOf = (event: Event, name: string): Property | undefined => event.find((one) => one.name === name);
const isCancelled = (event: Event): boolean => valueOf(event, 'STATUS')?.value.toUpperCase() === 'CANCELLED';

/** A date, or a time in UTC or in an IANA zone. @throws Unreadable for a time without a zone */
function timeOf({ value, parameters }: Property): DateTime {
  const zone = value.endsWith('Z') ? 'UTC' : parameters['TZID'];
  const format = /^\d{8}$/.test(value) ? 'yyyyMMdd' : "yyyyMMdd'T'HHmmss";
  if (zone === undefined && format !== 'yyyyMMdd') throw new Unreadable('an event of the calendar is in no time zone');
  const time = DateTime.fromFormat(value.replace(/Z$/, ''), format, { zone: zone ?? 'UTC' });
  if (!time.isValid) throw new Unreadable('a time of the calendar cannot be read');
  return time;
}

const DURATION = /^\+?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/**
 * The end of an event that begins at a time. A `DURATION` of days is one of the wall clock, between `DTSTART` and `DTEND` is the same time always (RFC
 * 5545 section 3.8.5.3). @throws Unreadable
 */
function endsOf(event: Event, start: DateTime): (begins: DateTime) => number {
  const end = valueOf(event, 'DTEND');
  if (end !== undefined) {
    const length = timeOf(end).toMillis() - start.toMillis();
    return (begins) => begins.toMillis() + length;
  }
  const duration = valueOf(event, 'DURATION')?.value;
  // A day without an end lasts the day.
  if (duration === undefined) return (begins) => begins.plus({ days: 1 }).toMillis();
  const parts = DURATION.exec(duration)
    ?.slice(1)
    .map((part) => Number(part ?? 0));
  if (parts === undefined) throw new Unreadable('an event of the calendar lasts in a way that is not read');
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = parts;
  return (begins) => begins.plus({ weeks, days }).plus({ hours, minutes, seconds }).toMillis();
}

function goesOn(event: Event, events: readonly Event[], at: number): boolean {
  const from = valueOf(event, 'DTSTART');
  if (from === undefined) throw new Unreadable('an event of the calendar has no beginning');
  const start = timeOf(from);
  const ends = endsOf(event, start);
  const rule = valueOf(event, 'RRULE');
  if (rule === undefined && valueOf(event, 'RDATE') === undefined) return start.toMillis() <= at && at < ends(start);
  const skipped = skippedOf(event, events);
  const more = event
    .filter(({ name }) => name === 'RDATE')
    .flatMap((one) => one.value.split(',').map((value) => timeOf({ ...one, value })));
  // An hour more than the first one lasts, for weeks in which the clock is put back.
  const longest = ends(start) - start.toMillis() + 3_600_000;
  const times = rule === undefined ? [start] : beginnings(start, rule.value, at - longest, at);
  return [...times, ...more].some((time) => time.toMillis() <= at && at < ends(time) && !skipped.has(time.toMillis()));
}

/** Beginnings that are cancelled or replaced. */
function skippedOf(event: Event, events: readonly Event[]): Set<number> {
  const uid = valueOf(event, 'UID')?.value;
  const excluded = event
    .filter(({ name }) => name === 'EXDATE')
    .flatMap((one) => one.value.split(',').map((value) => timeOf({ ...one, value }).toMillis()));
  const moved = events.flatMap((other) => {
    const instead = valueOf(other, 'RECURRENCE-ID');
    if (instead === undefined || valueOf(other, 'UID')?.value !== uid) return [];
    if (instead.parameters['RANGE'] !== undefined)
      throw new Unreadable('an event of the calendar is changed for good in a way that is not read');
    return [timeOf(instead).toMillis()];
  });
  return new Set([...excluded, ...moved]);
}

const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const KNOWN = new Set(['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'BYDAY', 'WKST']);

/** Beginnings between two times, by the wall clock of the event's zone. @throws Unreadable for other rules */
function beginnings(start: DateTime, rule: string, from: number, to: number): DateTime[] {
  const parts = new Map(rule.split(';').map((part) => part.split('=') as [string, string]));
  const freq = parts.get('FREQ');
  const byDay = parts.get('BYDAY')?.split(',');
  const weekStart = DAYS.indexOf(parts.get('WKST') ?? 'MO');
  const known =
    weekStart >= 0 &&
    [...parts.keys()].every((name) => KNOWN.has(name)) &&
    byDay?.every((day) => DAYS.includes(day)) !== false;
  const counted = parts.has('COUNT') && byDay !== undefined;
  if ((freq !== 'DAILY' && freq !== 'WEEKLY') || !known || counted || (freq === 'DAILY' && byDay !== undefined))
    throw new Unreadable('an event of the calendar repeats in a way that is not read');
  const stepDays = (freq === 'WEEKLY' ? 7 : 1) * Number(parts.get('INTERVAL') ?? 1);
  const until = parts.get('UNTIL');
  const last =
    until === undefined
      ? Infinity
      : timeOf({ name: '', parameters: { TZID: start.zoneName ?? 'UTC' }, value: until }).toMillis();
  const count = Number(parts.get('COUNT') ?? Infinity);
  // The first day of its week and the listed days of it, or the day itself.
  const first = byDay === undefined ? start : start.minus({ days: (start.weekday - 1 - weekStart + 7) % 7 });
  const offsets = byDay?.map((day) => (DAYS.indexOf(day) - weekStart + 7) % 7) ?? [0];
  const stepMs = stepDays * 24 * 3_600_000;
  const begin = Math.max(0, Math.floor((from - first.toMillis()) / stepMs) - 1);
  const end = Math.min(count - 1, Math.floor((to - first.toMillis()) / stepMs) + 1);
  const times: DateTime[] = [];
  for (let step = begin; step <= end; step += 1) {
    for (const offset of offsets) {
      const time = first.plus({ days: step * stepDays + offset });
      if (time >= start && time.toMillis() <= last) times.push(time);
    }
  }
  return times;
}
