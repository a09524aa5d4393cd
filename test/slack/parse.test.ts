import { describe, expect, test } from 'vitest';
import { parseCommand, untilOf } from '../../src/slack/listeners/commands/parse.ts';
import { NOW } from './messages.ts';

describe('/countersign', () => {
  test.each([
    ['', { verb: 'help', problem: null }],
    ['  HELP ', { verb: 'help', problem: null }],
    ['pending', { verb: 'pending' }],
    ['show  act_0123', { verb: 'show', id: 'act_0123' }],
    [
      'delegate <@U0CFO> until friday',
      { verb: 'delegate', to: { slackUser: 'U0CFO' }, until: 'friday', surfaces: ['**'] },
    ],
    [
      'delegate to <@W1|x> until 2026-12-24 for a.*, b.c',
      { verb: 'delegate', to: { slackUser: 'W1' }, until: '2026-12-24', surfaces: ['a.*', 'b.c'] },
    ],
    [
      'delegate user:cfo@acme.test until friday',
      { verb: 'delegate', to: { person: 'user:cfo@acme.test' }, until: 'friday', surfaces: ['**'] },
    ],
    [
      'freeze everything because breach',
      { verb: 'freeze', scope: { kind: 'tenant' }, unknown: false, reason: 'breach' },
    ],
    [
      'freeze actor agent:bot because it loops',
      { verb: 'freeze', scope: { kind: 'actor', value: 'agent:bot' }, unknown: false, reason: 'it loops' },
    ],
    [
      'freeze surface a.b --unknown because it is to come',
      { verb: 'freeze', scope: { kind: 'surface', value: 'a.b' }, unknown: true, reason: 'it is to come' },
    ],
    [
      'freeze actor &lt;@U0CFO|cfo&gt; because x',
      { verb: 'freeze', scope: { kind: 'actor', value: '<@U0CFO|cfo>' }, unknown: false, reason: 'x' },
    ],
    [
      'freeze everything because R&amp;D sent &lt;x&gt;',
      { verb: 'freeze', scope: { kind: 'tenant' }, unknown: false, reason: 'R&D sent <x>' },
    ],
    ['freezes', { verb: 'freezes' }],
    ['lift frz_0A1b because it is over', { verb: 'lift', id: 'frz_0a1b', reason: 'it is over' }],
    ['unfreeze frz_0a1b2c because x', { verb: 'lift', id: 'frz_0a1b2c', reason: 'x' }],
  ])('%j', (text, order) => {
    expect(parseCommand(text)).toEqual(order);
  });

  test.each([
    'show',
    'show <x>',
    'delegate',
    'delegate Chidi until friday',
    'delegate <@U1>',
    'freeze',
    'freeze surface x',
    'approve all',
    'lift frz_0a1b',
    'lift everything because x',
  ])('%j is answered with what to do', (text) => {
    expect(parseCommand(text)).toMatchObject({ verb: 'help', problem: expect.any(String) as string });
  });

  // NOW is a Saturday, 12:00 UTC.
  test.each([
    ['friday', 'Europe/Berlin', '2026-11-27T22:59:59.000Z'],
    ['saturday', 'UTC', '2026-11-21T23:59:59.000Z'],
    ['Tomorrow', 'America/New_York', '2026-11-23T04:59:59.000Z'],
    ['2026-12-24', 'Europe/Berlin', '2026-12-24T22:59:59.000Z'],
    ['2026-12-24T18:00', 'Europe/Berlin', '2026-12-24T17:00:00.000Z'],
    ['2026-12-24', 'Not/AZone', '2026-12-24T23:59:59.000Z'],
  ])('until %s in %s', (text, tz, iso) => {
    expect(new Date(untilOf(text, tz, NOW * 1000) * 1000).toISOString()).toBe(iso);
  });

  test.each(['', 'later', '2020-01-01', '2026-13-01'])('until %j is no day to come', (text) => {
    expect(() => untilOf(text, 'UTC', NOW * 1000)).toThrow(expect.objectContaining({ code: 'invalid-request' }));
  });
});
