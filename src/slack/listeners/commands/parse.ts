/** The words of `/countersign`. Pure. */
import { DateTime } from 'luxon';
import { CountersignError } from '../../../contract/index.ts';

export type Order =
  | { verb: 'help'; problem: string | null }
  | { verb: 'pending' }
  | { verb: 'show'; id: string }
  | { verb: 'delegate'; to: { slackUser: string } | { person: string }; until: string; surfaces: string[] }
  | {
      verb: 'freeze';
      scope: { kind: 'tenant' } | { kind: 'surface' | 'actor'; value: string };
      unknown: boolean;
      reason: string;
    }
  | { verb: 'freezes' }
  | { verb: 'lift'; id: string; reason: string };

const help = (problem: string | null): Order => ({ verb: 'help', problem });

/** What was typed behind the command, with people as Slack escapes them (`<@U…|name>`); never a display name. */
export function parseCommand(text: string): Order {
  const line = text.trim().replace(/\s+/g, ' ');
  const [verb = '', ...rest] = line.split(' ');
  switch (verb.toLowerCase()) {
    case '':
    case 'help':
      return help(null);
    case 'pending':
      return { verb: 'pending' };
    case 'show': {
      const [id] = rest;
      if (id === undefined || !/^[\w-]{4,128}$/.test(id)) return help('say which action: `show act_…`');
      return { verb: 'show', id };
    }
    case 'delegate':
      return delegate(rest.join(' '));
    case 'freeze':
      return freeze(rest.join(' '));
    case 'freezes':
      return { verb: 'freezes' };
    case 'lift':
    case 'unfreeze':
      return lift(rest.join(' '));
    default:
      return help(`there is no command ${verb.slice(0, 40)}`);
  }
}

function delegate(rest: string): Order {
  const match = /^(?:to )?(\S+) until (\S+)(?: for (.+))?$/i.exec(rest);
  if (match === null) return help('say who and until when: `delegate @person until 2026-12-24`');
  const [, who = '', until = '', surfaces] = match;
  const slackUser = /^<@([UW][A-Z0-9]+)(?:\|[^>]*)?>$/.exec(who)?.[1];
  if (slackUser === undefined && !who.startsWith('user:')) {
    return help('name the person with @ and choose them from the list; a name alone is nobody');
  }
  return {
    verb: 'delegate',
    to: slackUser === undefined ? { person: who } : { slackUser },
    until,
    surfaces: surfaces === undefined ? ['**'] : surfaces.split(/[ ,]+/).filter((glob) => glob !== ''),
  };
}

function freeze(rest: string): Order {
  const match = /^(everything|surface (\S+)|actor (\S+))( --unknown)? because (.+)$/i.exec(rest);
  if (match === null) return help('say what and why: `freeze surface payments.refund because REASON`');
  const [, , surface, actor, unknown, typed = ''] = match;
  const more = { unknown: unknown !== undefined, reason: unescaped(typed) };
  if (surface !== undefined) return { verb: 'freeze', scope: { kind: 'surface', value: surface }, ...more };
  if (actor !== undefined) return { verb: 'freeze', scope: { kind: 'actor', value: unescaped(actor) }, ...more };
  return { verb: 'freeze', scope: { kind: 'tenant' }, ...more };
}

function lift(rest: string): Order {
  const [, id = '', reason = ''] = /^(frz_[0-9a-f]{4,32}) because (.+)$/i.exec(rest) ?? [];
  return id === ''
    ? help('say which freeze and why: `lift frz_… because REASON`; `freezes` lists them')
    : { verb: 'lift', id: id.toLowerCase(), reason: unescaped(reason) };
}

/** As it was typed: Slack escapes three characters of a command's text. */
const unescaped = (text: string): string =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/**
 * The end of the day that is meant, in the person's time zone; a time of day is taken literally.
 *
 * @param text `friday`, `tomorrow`, `2026-12-24` or `2026-12-24T18:00`.
 * @param now Milliseconds since the epoch.
 * @returns Seconds since the epoch.
 * @throws CountersignError `invalid-request`
 */
export function untilOf(text: string, tz: string, now: number): number {
  const here = DateTime.fromMillis(now, { zone: tz });
  const today = here.isValid ? here : DateTime.fromMillis(now, { zone: 'utc' });
  const word = text.toLowerCase();
  const weekday = WEEKDAYS.indexOf(word);
  let until = DateTime.fromISO(text, { zone: today.zone });
  if (word === 'tomorrow') until = today.plus({ days: 1 }).endOf('day');
  else if (weekday >= 0) until = today.plus({ days: (weekday + 1 - today.weekday + 7) % 7 }).endOf('day');
  else if (/^\d{4}-\d{2}-\d{2}$/.test(text)) until = until.endOf('day');
  if (!until.isValid || until <= today) {
    throw new CountersignError('invalid-request', 'say a day to come, such as friday or 2026-12-24');
  }
  return Math.floor(until.toSeconds());
}
