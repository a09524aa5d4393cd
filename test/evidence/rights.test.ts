/** What granted and what stopped, checked at the time of each decision and release. */
import { describe, expect, it } from 'vitest';
import type { FindingCode } from '../../src/evidence/index.ts';
import { encodeRecord } from '../../src/sealing/index.ts';
import {
  audit,
  AT,
  BUNDLE,
  CFO,
  decision,
  LEAD,
  openLog,
  other,
  outcome,
  recordOf,
  release,
  REQUEST,
  verdict,
  type Draft,
} from './world.ts';

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
const replaced = (at: string): Draft => ({
  ...other('policy', { bundle: OTHER, previous: BUNDLE, action: null }),
  ...time(at),
});

const OTHER = `sha256:${'ee'.repeat(32)}`;
const AGENT = 'agent:support-bot';
/** What the giver of a standing approval approved with it. */
const APPROVED: Step = ['act_0', [verdict('supervise'), decision('approve'), release('override')]];
/** The hash of the decision in a log of this action alone. */
function decisionOf([action, drafts]: Step): string {
  let prev: string | null = null;
  for (const [seq, draft] of drafts.slice(0, 2).entries()) {
    prev = encodeRecord(recordOf(draft, { action, seq, prev, at: AT, requestHash: REQUEST })).hash;
  }
  return prev ?? '';
}
const on = (step: Step): object => ({ action: step[0], decision: decisionOf(step) });
const refused: Step = ['act_8', [verdict('supervise'), decision('refuse')]];
const another: Step = ['act_9', [verdict('supervise'), decision('approve'), release('override')]];
const standing = (more: object = {}, by = LEAD): Draft => ({
  ...other(
    'grant',
    {
      ...{ state: 'given', by: LEAD, action: 'act_0', decision: decisionOf(APPROVED) },
      ...{ policy: 'payments.refund', rule: 'some' },
      ...{
        surface: 'payments.refund',
        verb: 'refund.create',
        actor: AGENT,
        effect: 'compensable',
        approvers: [LEAD, CFO],
      },
      ...{ until: '2026-11-21T12:00:00.000Z', uses: 2, upTo: '100', currency: 'usd', ...more },
    },
    by,
  ),
  ...{ requestHash: null, ...time('09:00:00') },
});
/** A verdict that says that a standing approval covers it, and its release. */
const covered = (at = '10:05:00', amount = '20', grant = 'grt_1', more: object = {}): Draft[] => {
  const said = {
    policy: 'payments.refund',
    rule: 'some',
    by: LEAD,
    until: '2026-11-21T12:00:00.000Z',
    uses: 2,
    used: 0,
  };
  const fact = { grant, record: OTHER, action: 'act_0', ...said, upTo: '100', sum: '0', currency: 'usd', amount };
  const reasons = [`covered by the standing approval ${grant} of ${LEAD}`];
  const facts = { now: '2026-11-21T10:00:00.000Z', limits: [], people: {}, conflict: null, grants: [fact] };
  const judged = verdict('approve', { basis: 'grant', reasons }, { facts, ...more });
  return [
    { ...judged, ...time(at) },
    { ...release('grant'), ...time(at) },
  ];
};
/** What came to nothing, and gave back what it took. */
const skipped = (): Draft => ({ ...outcome('skipped'), returns: 'shares', ...time('10:05:00') });
const uses = (count: number, more: Draft[] = []): Step[] =>
  Array.from({ length: count }, (_, n) => [`act_${n + 1}`, [...covered(), ...(n === 0 ? more : [])]]);

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
  ['uses of a standing approval, as many as it is for', [], [['grant:grt_1', [standing()]], ...uses(2)]],
  ['a use that came to nothing, and another', [], [['grant:grt_1', [standing()]], ...uses(3, [skipped()])]],
  ['one use too many', ['grant-wrong'], [['grant:grt_1', [standing()]], ...uses(3)]],
  ['more than it covers in all', ['grant-wrong'], [['grant:grt_1', [standing({ upTo: '39.99' })]], ...uses(2)]],
  ['a use of a standing approval that nobody gave', ['grant-wrong'], uses(1)],
  ['one that was given in the name of another', ['grant-wrong'], [['grant:grt_1', [standing({}, CFO)]], ...uses(1)]],
  ['one for another actor', ['grant-wrong'], [['grant:grt_1', [standing({ actor: 'agent:other' })]], ...uses(1)]],
  ['one for another verb', ['grant-wrong'], [['grant:grt_1', [standing({ verb: 'refund.undo' })]], ...uses(1)]],
  ['one of another rule', ['grant-wrong'], [['grant:grt_1', [standing({ rule: 'other' })]], ...uses(1)]],
  ['one that had run out', ['grant-wrong'], [['grant:grt_1', [standing({ until: AT })]], ...uses(1)]],
  [
    'one that had been revoked',
    ['grant-wrong'],
    [['grant:grt_1', [standing(), { ...standing({ state: 'revoked' }, CFO), ...time('09:30:00') }]], ...uses(1)],
  ],
  [
    'one that was revoked while a use was under way',
    [],
    [['grant:grt_1', [standing(), { ...standing({ state: 'revoked' }, CFO), ...time('10:04:30') }]], ...uses(1)],
  ],
  [
    'one for what cannot be undone',
    ['grant-wrong'],
    [
      ['grant:grt_1', [standing()]],
      ['act_1', covered('10:05:00', '20', 'grt_1', { effect: { kind: 'irreversible', same: [] } })],
    ],
  ],
  ['one that rests on no record', ['grant-wrong'], [['grant:grt_1', [standing({ decision: OTHER })]]]],
  ['one that rests on a refusal', ['grant-wrong'], [refused, ['grant:grt_1', [standing(on(refused))]]]],
  [
    'one that rests on the approval of something else',
    ['grant-wrong'],
    [another, ['grant:grt_1', [standing({ ...on(another), action: 'act_0' })]]],
  ],
  [
    'one for another surface than was approved',
    ['grant-wrong'],
    [['grant:grt_1', [standing({ surface: 'payments.payout' })]]],
  ],
  ['one that rests on what another approved', ['grant-wrong'], [['grant:grt_1', [standing({ by: CFO }, CFO)]]]],
  [
    'uses of one that rests on nothing',
    ['grant-wrong', 'grant-wrong'],
    [['grant:grt_1', [standing({ decision: OTHER })]], ...uses(1)],
  ],
  ['one whose approval comes later', ['grant-wrong'], [['grant:grt_1', [standing(on(another))]], another]],
  ['a standing approval that says nothing', ['right-malformed'], [['grant:grt_1', [standing({ upTo: 'much' })]]]],
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
    const begun = steps.some(([action]) => action === APPROVED[0]) ? [] : [APPROVED];
    for (const [action, drafts] of [...begun, ...steps]) await world.seal(action, drafts);
    const report = await audit(await world.files(), world.trust);
    // These drafts are signed by no attestation key; test/evidence/attested looks at that.
    const found = report.findings.map(({ code }) => code).filter((code) => code !== 'not-attested');
    expect(found).toEqual(codes);
  });
});
