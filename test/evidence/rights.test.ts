/** What granted and what stopped, checked at the time of each decision and release. */
import { describe, expect, it } from 'vitest';
import type { FindingCode } from '../../src/evidence/index.ts';
import { audit, BUNDLE, CFO, decision, LEAD, openLog, other, release, verdict, type Draft } from './world.ts';

const DEPUTY = 'user:deputy@acme.test';
const time = (text: string): { at: string } => ({ at: `2026-11-21T${text}.000Z` });
const frozen = (state: string, scope: string, value: string | null): Draft => other('freeze', { state, scope, value });
const apart = (type: 'delegation' | 'credential', body: object, more: object = {}): Draft => ({
  ...{ ...other(type, body), requestHash: null, ...more },
});
const adopted = apart('credential', { state: 'adopted', credentials: 0, delegations: 0 });
const given = (more: object = {}, state = 'given'): Draft =>
  apart(
    'delegation',
    {
      ...{ state, from: LEAD, to: DEPUTY, surfaces: ['payments.*'] },
      ...{ startsAt: '2026-11-21T09:00:00.000Z', endsAt: '2026-11-21T12:00:00.000Z', ...more },
    },
    time('09:00:00'),
  );
const released = [verdict('approve'), { ...release('rule'), ...time('10:05:00') }];
const decided = (at = '10:05:00'): Draft[] => [
  verdict('supervise'),
  { ...decision('approve', DEPUTY, { delegation: { id: 'dlg_1', from: LEAD } }), ...time(at) },
  release('override'),
];
const OTHER = `sha256:${'ee'.repeat(32)}`;
const replaced = (at: string): Draft => ({
  ...other('policy', { bundle: OTHER, previous: BUNDLE, action: null }),
  ...time(at),
});

type Step = [action: string, drafts: Draft[]];
const CASES: [name: string, codes: FindingCode[], steps: Step[]][] = [
  [
    'a release of a frozen surface',
    ['released-while-frozen'],
    [
      ['freeze:f', [frozen('frozen', 'surface', 'payments.refund')]],
      ['act_1', released],
    ],
  ],
  [
    'a release of a frozen actor, or whom it acts for',
    ['released-while-frozen'],
    [
      ['freeze:f', [frozen('frozen', 'actor', 'user:requester@acme.test')]],
      ['act_1', released],
    ],
  ],
  [
    'a release of a frozen tenant',
    ['released-while-frozen'],
    [
      ['freeze:f', [frozen('frozen', 'tenant', null)]],
      ['act_1', released],
    ],
  ],
  [
    'a release of another surface',
    [],
    [
      ['freeze:f', [frozen('frozen', 'surface', 'deploy.prod')]],
      ['act_1', released],
    ],
  ],
  [
    'a release after it was lifted',
    [],
    [
      ['freeze:f', [frozen('frozen', 'tenant', null), frozen('lifted', 'tenant', null)]],
      ['act_1', released],
    ],
  ],
  [
    'a release that was under way',
    [],
    [
      ['freeze:f', [{ ...frozen('frozen', 'tenant', null), ...time('10:04:50') }]],
      ['act_1', released],
    ],
  ],
  ['a freeze that says nothing', ['right-malformed'], [['freeze:f', [other('freeze', { state: 'frozen' })]]]],
  [
    'a stand-in',
    [],
    [
      ['credential:adopted', [adopted]],
      ['delegation:dlg_1', [given()]],
      ['act_1', decided()],
    ],
  ],
  ['a stand-in from before such things were sealed', [], [['act_1', decided()]]],
  [
    'a stand-in whom nobody named',
    ['delegation-unknown'],
    [
      ['credential:adopted', [adopted]],
      ['act_1', decided()],
    ],
  ],
  [
    'a stand-in of somebody else',
    ['delegation-wrong'],
    [
      ['delegation:dlg_1', [given({ from: CFO })]],
      ['act_1', decided()],
    ],
  ],
  [
    'a stand-in on another surface',
    ['delegation-wrong'],
    [
      ['delegation:dlg_1', [given({ surfaces: ['deploy.**'] })]],
      ['act_1', decided()],
    ],
  ],
  [
    'a stand-in for too long',
    ['delegation-wrong'],
    [
      ['delegation:dlg_1', [given()]],
      ['act_1', decided('12:01:00')],
    ],
  ],
  [
    'a stand-in who was recalled',
    ['delegation-wrong'],
    [
      ['delegation:dlg_1', [given(), given({}, 'revoked')]],
      ['act_1', decided()],
    ],
  ],
  [
    'a parked action judged at its release by a bundle of before',
    ['bundle-not-in-force'],
    [
      ['policy', [replaced('10:00:00')]],
      ['act_1', [verdict('supervise'), decision('approve'), { ...release('override'), ...time('10:01:00') }]],
    ],
  ],
  [
    'a request that waited a night',
    [],
    [
      ['policy', [replaced('10:00:00')]],
      ['act_1', [{ ...verdict('refuse'), ...time('23:00:00') }]],
    ],
  ],
  [
    'a request judged by a bundle of days ago',
    ['bundle-not-in-force'],
    [
      ['policy', [replaced('10:00:00')]],
      ['act_1', [{ ...verdict('refuse'), at: '2026-11-23T10:00:00.000Z' }]],
    ],
  ],
];

describe('an audit', () => {
  it.each(CASES)('of %s: %j', async (_name, codes, steps) => {
    const world = await openLog();
    for (const [action, drafts] of steps) await world.seal(action, drafts);
    const report = await audit(await world.files(), world.trust);
    // These drafts are signed by no attestation key; test/evidence/attested looks at that.
    const found = report.findings.map(({ code }) => code).filter((code) => code !== 'not-attested');
    expect(found).toEqual(codes);
  });
});
