import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { peopleFacts } from '../../src/engine/oncall.ts';
import {
  attending,
  createOnCall,
  Directory,
  NOBODY_ON_CALL,
  sourceOf,
  type OnCall,
  type RotaSettings,
} from '../../src/identity/index.ts';

const NOW = Date.parse('2026-11-23T11:00:00Z');

/** What a fake was asked, and what it answers. */
function fake(answer: unknown, status = 200) {
  const asked: { url: string; headers: Headers }[] = [];
  const fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    asked.push({ url: decodeURIComponent(String(input)), headers: new Headers(init?.headers) });
    if (answer instanceof Error) throw answer;
    return typeof answer === 'string' ? new Response(answer, { status }) : Response.json(answer, { status });
  };
  return { asked, fetch };
}

const PAGERDUTY = { source: 'pagerduty', url: 'https://api.pagerduty.com', escalationPolicy: 'PT20YPA' } as const;
const OPSGENIE = { source: 'opsgenie', url: 'https://api.opsgenie.com', schedule: 'Payments on call' } as const;

const first = (settings: RotaSettings, { fetch }: ReturnType<typeof fake>) =>
  sourceOf(settings, () => 'a-token', fetch).firstTier(NOW, AbortSignal.timeout(5000));

/** As https://developer.pagerduty.com documents `GET /oncalls` with `include[]=users`. */
const oncall = (level: number, email: string | undefined, more: object = {}) => ({
  escalation_policy: {
    id: 'PT20YPA',
    type: 'escalation_policy_reference',
    summary: 'Payments',
    self: null,
    html_url: null,
  },
  escalation_level: level,
  schedule: { id: 'PI7DH85', type: 'schedule_reference', summary: 'Daily', self: null, html_url: null },
  user: {
    id: 'PXPGF42',
    type: 'user',
    summary: 'Earline',
    ...(email === undefined ? {} : { email }),
    time_zone: 'UTC',
  },
  start: '2026-11-23T08:00:00Z',
  end: '2026-11-24T08:00:00Z',
  ...more,
});

describe('PagerDuty', () => {
  it('is asked for one escalation policy, and says who is on its first level now', async () => {
    const it_ = fake({
      oncalls: [
        oncall(1, 'first@acme.test'),
        oncall(2, 'second@acme.test'),
        oncall(1, 'later@acme.test', { start: '2026-11-24T08:00:00Z', end: '2026-11-25T08:00:00Z' }),
        oncall(1, 'always@acme.test', { start: null, end: null, schedule: null }),
        oncall(1, 'other@acme.test', { escalation_policy: { id: 'POTHER' } }),
      ],
      limit: 100,
      offset: 0,
      more: false,
      total: null,
    });
    expect(await first(PAGERDUTY, it_)).toEqual(['first@acme.test', 'always@acme.test']);
    expect(it_.asked[0]?.url).toBe(
      'https://api.pagerduty.com/oncalls?escalation_policy_ids[]=PT20YPA&include[]=users&limit=100',
    );
    expect(it_.asked[0]?.headers.get('authorization')).toBe('Token token=a-token');
    expect(it_.asked[0]?.headers.get('accept')).toBe('application/vnd.pagerduty+json;version=2');
  });
});

/** As https://docs.opsgenie.com documents Get On Calls. */
const user = (name: string, more: object = {}) => ({ id: `id-${name}`, name, type: 'user', ...more });
describe('Opsgenie', () => {
  it('is asked for one schedule, and says who waits least in its escalations', async () => {
    const it_ = fake({
      data: {
        _parent: { id: 'd875', name: 'Payments on call', enabled: true },
        onCallParticipants: [
          user('direct@acme.test'),
          {
            ...{ id: 'e1', name: 'Payments escalation', type: 'escalation' },
            onCallParticipants: [
              user('first@acme.test', { escalationTime: 0, notifyType: 'default' }),
              user('second@acme.test', { escalationTime: 5, notifyType: 'all' }),
              {
                ...{ id: 's1', name: 'night', type: 'schedule', escalationTime: 0, notifyType: 'default' },
                onCallParticipants: [user('night@acme.test')],
              },
            ],
          },
          { id: 't1', name: 'team', type: 'team' },
        ],
      },
      took: 0.1,
      requestId: '4142',
    });
    expect(await first(OPSGENIE, it_)).toEqual(['direct@acme.test', 'first@acme.test', 'night@acme.test']);
    expect(it_.asked[0]?.url).toBe(
      'https://api.opsgenie.com/v2/schedules/Payments on call/on-calls?scheduleIdentifierType=name',
    );
    expect(it_.asked[0]?.headers.get('authorization')).toBe('GenieKey a-token');
  });
});

describe.each([PAGERDUTY, OPSGENIE])('an answer of $source that does not say it', (settings) => {
  it.each<[string, ReturnType<typeof fake>, RegExp]>([
    ['an error', fake({ error: { message: 'Not found' } }, 404), /answered 404/],
    ['a limit', fake({}, 429), /answered 429/],
    ['no JSON', fake('<html>'), /no JSON/],
    ['another form', fake({ oncall: [] }), /does not say/],
  ])('%s', async (_, it_, why) => {
    await expect(first(settings, it_)).rejects.toThrow(why);
  });
});

const calendar = (...events: string[]): string =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', ...events, 'END:VCALENDAR'].join('\r\n');
const event = (who: string, ...lines: string[]): string =>
  [
    'BEGIN:VEVENT',
    `UID:${who}`,
    ...lines,
    `ATTENDEE;CN="${who}, on call";ROLE=REQ-PARTICIPANT:mailto:${who}@acme.test`,
    'END:VEVENT',
  ].join('\r\n');

describe('a calendar', () => {
  it.each<[string, string, string[]]>([
    ['now', event('a', 'DTSTART:20261123T080000Z', 'DTEND:20261123T180000Z'), ['a@acme.test']],
    ['the end is not included', event('a', 'DTSTART:20261123T080000Z', 'DTEND:20261123T110000Z'), []],
    ['the beginning is', event('a', 'DTSTART:20261123T110000Z', 'DURATION:PT1H'), ['a@acme.test']],
    ['in a zone', event('a', 'DTSTART;TZID=Europe/Berlin:20261123T115900', 'DURATION:PT2M'), ['a@acme.test']],
    ['a whole day', event('a', 'DTSTART;VALUE=DATE:20261123'), ['a@acme.test']],
    ['cancelled', event('a', 'DTSTART;VALUE=DATE:20261123', 'STATUS:CANCELLED'), []],
    [
      'every week',
      event('a', 'DTSTART;TZID=Europe/Berlin:20260105T090000', 'DURATION:P7D', 'RRULE:FREQ=WEEKLY;INTERVAL=2'),
      ['a@acme.test'],
    ],
    [
      'every other week, and not this one',
      event('a', 'DTSTART;TZID=Europe/Berlin:20261116T090000', 'DURATION:P7D', 'RRULE:FREQ=WEEKLY;INTERVAL=2'),
      [],
    ],
    [
      'on days of the week',
      event('a', 'DTSTART:20261102T080000Z', 'DURATION:PT10H', 'RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE'),
      ['a@acme.test'],
    ],
    [
      'until last week',
      event('a', 'DTSTART:20261101T080000Z', 'DURATION:PT10H', 'RRULE:FREQ=DAILY;UNTIL=20261115T000000Z'),
      [],
    ],
    ['for three days', event('a', 'DTSTART:20261101T080000Z', 'DURATION:PT10H', 'RRULE:FREQ=DAILY;COUNT=3'), []],
    [
      'not today',
      event('a', 'DTSTART:20261101T080000Z', 'DURATION:PT10H', 'RRULE:FREQ=DAILY', 'EXDATE:20261123T080000Z'),
      [],
    ],
    [
      'an alarm inside says nothing',
      event('a', 'DTSTART:20261123T080000Z', 'DTEND:20261123T180000Z', 'BEGIN:VALARM', 'DURATION:PT1M', 'END:VALARM'),
      ['a@acme.test'],
    ],
    ['for seconds', event('a', 'DTSTART:20261123T105950Z', 'DURATION:PT15S'), ['a@acme.test']],
    ['for seconds that are over', event('a', 'DTSTART:20261123T105930Z', 'DURATION:+PT30S'), []],
    // The week of the first one begins on Sunday the 15th, so its Monday is the 16th, and the 23rd is in no week of these.
    [
      'every other week that begins on a Sunday',
      event('a', 'DTSTART:20261115T080000Z', 'DURATION:P1D', 'RRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,MO'),
      [],
    ],
    [
      'every other week that begins on a Monday, from the same Sunday',
      event('a', 'DTSTART:20261115T080000Z', 'DURATION:P1D', 'RRULE:FREQ=WEEKLY;INTERVAL=2;WKST=MO;BYDAY=SU,MO'),
      ['a@acme.test'],
    ],
    [
      'on a day beside those of the rule',
      event('a', 'DTSTART:20260105T080000Z', 'DURATION:PT9H', 'RRULE:FREQ=DAILY;COUNT=1', 'RDATE:20261123T080000Z'),
      ['a@acme.test'],
    ],
    [
      'until a time of the wall clock',
      event(
        'a',
        'DTSTART;TZID=America/New_York:20261101T060000',
        'DURATION:PT9H',
        'RRULE:FREQ=DAILY;UNTIL=20261123T060000',
      ),
      ['a@acme.test'],
    ],
    [
      'who declined',
      event('a', 'DTSTART:20261123T080000Z', 'DURATION:PT9H').replace('ROLE=', 'PARTSTAT=DECLINED;ROLE='),
      [],
    ],
  ])('%s', (_, text, want) => {
    expect(attending(calendar(text), NOW)).toEqual(want);
  });

  it('keeps the wall clock over a change of summer time', () => {
    const text = calendar(
      event('a', 'DTSTART;TZID=Europe/Berlin:20261001T090000', 'DURATION:PT1H', 'RRULE:FREQ=DAILY'),
    );
    expect(attending(text, Date.parse('2026-10-24T07:30:00Z'))).toEqual(['a@acme.test']);
    expect(attending(text, Date.parse('2026-10-26T07:30:00Z'))).toEqual([]);
    expect(attending(text, Date.parse('2026-10-26T08:30:00Z'))).toEqual(['a@acme.test']);
  });

  it.each(['2026-10-25T23:30:00Z', '2026-10-26T07:30:00Z', '2026-03-30T06:30:00Z'])(
    'a shift of a week lasts until the next, however often the clock is changed: %s',
    (at) => {
      const week = (who: string, from: string) =>
        event(who, `DTSTART;TZID=Europe/Berlin:${from}T090000`, 'DURATION:P1W', 'RRULE:FREQ=WEEKLY;INTERVAL=2');
      const text = calendar(week('a', '20260105'), week('b', '20260112'));
      expect(attending(text, Date.parse(at))).toHaveLength(1);
    },
  );

  it('has somebody else where one time was moved', () => {
    const text = calendar(
      event('a', 'DTSTART:20261101T080000Z', 'DURATION:PT10H', 'RRULE:FREQ=DAILY'),
      event('a', 'RECURRENCE-ID:20261123T080000Z', 'DTSTART:20261123T080000Z', 'DURATION:PT10H').replace(
        'mailto:a@',
        'mailto:b@',
      ),
    );
    expect(attending(text, NOW)).toEqual(['b@acme.test']);
  });

  it('takes long lines apart and guesses nothing', () => {
    const long = `${'x'.repeat(70)}@acme.test`;
    const folded = event('a', 'DTSTART;VALUE=DATE:20261123').replace(
      'mailto:a@acme.test',
      `mailto:${long.slice(0, 30)}\r\n ${long.slice(30)}`,
    );
    expect(attending(calendar(folded), NOW)).toEqual([long]);
    const read = (text: string) => () => attending(text, NOW);
    expect(read(calendar(event('a', 'DTSTART:20261123T080000', 'DURATION:PT9H')))).toThrow(/no time zone/);
    expect(read(calendar(event('a', 'DTSTART:20261123T080000Z', 'RRULE:FREQ=MONTHLY;BYDAY=1MO')))).toThrow(/repeats/);
    expect(read(calendar(event('a', 'DTSTART:20261123T080000Z', 'DURATION:9 hours')))).toThrow(/lasts/);
    const after = event('a', 'RECURRENCE-ID;RANGE=THISANDFUTURE:20261123T080000Z', 'DTSTART:20261123T120000Z');
    const daily = event('a', 'DTSTART:20261101T080000Z', 'DURATION:PT10H', 'RRULE:FREQ=DAILY');
    expect(read(calendar(daily, after))).toThrow(/changed for good/);
    expect(read('<html>')).toThrow(/no calendar/);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'countersign-oncall-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('who is asked', () => {
  const person = (id: string, email: string | null, more: object = {}) => ({
    ...{ id: `user:${id}`, name: id, email, slack: null, groups: ['leads'], roles: [], manager: null, active: true },
    ...more,
  });
  const directory = new Directory([
    person('a', 'A@acme.test', { groups: [] }),
    person('b', 'b@acme.test'),
    person('gone', 'gone@acme.test', { active: false }),
    person('twin', 'twin@acme.test', { groups: [] }),
    person('twin2', 'twin@acme.test', { groups: [] }),
    person('auditor', 'auditor@acme.test', { roles: ['auditor'], groups: [] }),
  ]);
  const facts = (oncall: OnCall, refs: string[]) => {
    const source = { current: () => directory, fresh: () => Promise.resolve(directory) };
    const request = { surface: 'test.do', action: 'do', actor: { id: 'agent:bot', type: 'agent' as const } };
    return peopleFacts({ directory: source, oncall }, 'default', request, refs);
  };
  const saying = (addresses: string[] | Error): OnCall =>
    createOnCall(
      [
        {
          ...{ name: 'payments', tenant: 'default', fallback: ['group:leads'] },
          source: {
            source: 'pagerduty',
            firstTier: () => (addresses instanceof Error ? Promise.reject(addresses) : Promise.resolve(addresses)),
          },
        },
      ],
      () => NOW,
    );

  it.each<[string, string[] | Error, string[], string | null]>([
    ['whoever the directory has by that address', ['a@acme.test'], ['user:a'], null],
    ['nobody who left', ['gone@acme.test'], ['user:b'], 'it names nobody whom the directory has'],
    ['nobody whose address several have', ['twin@acme.test'], ['user:b'], 'it names nobody whom the directory has'],
    ['no auditor', ['auditor@acme.test'], ['user:b'], 'it names nobody whom the directory has'],
    ['where nobody is on call, the fallback', [], ['user:b'], 'it names nobody whom the directory has'],
    ['where it is down, the fallback', new TypeError('fetch failed'), ['user:b'], 'it cannot be reached'],
    ['where it is late, the fallback', new DOMException('', 'TimeoutError'), ['user:b'], 'it did not answer in time'],
  ])('%s', async (_, addresses, people, why) => {
    const said = await facts(saying(addresses), ['oncall:payments', 'user:a']);
    expect(said.people).toEqual({ 'oncall:payments': people, 'user:a': ['user:a'] });
    const fallback = why === null ? null : { refs: ['group:leads'], why };
    expect(said.oncall).toEqual([{ ref: 'oncall:payments', source: 'pagerduty', people, fallback }]);
  });

  it('nobody, for a rota that nobody has, or of another tenant', async () => {
    expect(await facts(NOBODY_ON_CALL, ['oncall:payments'])).toEqual({ people: { 'oncall:payments': [] } });
    expect(await saying(['a@acme.test']).ask('other', 'payments')).toBeNull();
  });

  it('is asked once for many requests of one moment, and anew afterwards', async () => {
    let asked = 0;
    let now = NOW;
    const source = { source: 'opsgenie' as const, firstTier: () => Promise.resolve([String((asked += 1))]) };
    const oncall = createOnCall([{ name: 'a', tenant: 'default', fallback: ['group:leads'], source }], () => now);
    await Promise.all([oncall.ask('default', 'a'), oncall.ask('default', 'a')]);
    expect(asked).toBe(1);
    now += 60_000;
    expect(await oncall.ask('default', 'a')).toMatchObject({ addresses: ['2'] });
  });

  it('reads a calendar’s file anew, and says when it is not there', async () => {
    const file = join(folder, 'rota.ics');
    const source = sourceOf({ source: 'icalendar', file }, () => '', fetch);
    await expect(source.firstTier(NOW, AbortSignal.timeout(5000))).rejects.toThrow(/cannot be read/);
    writeFileSync(file, calendar(event('a', 'DTSTART;VALUE=DATE:20261123')));
    expect(await source.firstTier(NOW, AbortSignal.timeout(5000))).toEqual(['a@acme.test']);
  });
});
