/** What an operator who holds every key could seal, and may not: each is found by whoever reads the log. */
import { describe, expect, it } from 'vitest';
import type { FindingCode } from '../../src/evidence/index.ts';
import {
  ASKER,
  AT,
  audit,
  CFO,
  COURSES,
  decision,
  erasure,
  FACTS,
  LEAD,
  offlineRelease,
  openLog,
  other,
  outcome,
  plan,
  release,
  usedOffline,
  verdict,
  type Draft,
} from './world.ts';
import { untyped } from '../support/untyped.ts';

const quorumOfTwo = verdict('supervise', {}, { plan: plan({}, 2) });
const refusedAgain = untyped({ verdict: { ...(verdict('refuse')['verdict'] as object) }, facts: FACTS });
const otherRequest = `sha256:${'99'.repeat(32)}`;

const OFFLINE = offlineRelease();
const ENGINES = release('rule', { collectUntil: AT });

const WRONG: [name: string, code: FindingCode, drafts: Draft[]][] = [
  ['an approval without a verdict', 'verdict-missing', [decision('approve')]],
  ['a release without a verdict', 'verdict-missing', [release('override')]],
  ['an outcome without a verdict', 'verdict-missing', [outcome('executed')]],
  ['a release after a refusal', 'released-against-verdict', [verdict('refuse'), release('rule')]],
  [
    'a permit used offline that was for the engine alone',
    'redemption-wrong',
    [verdict('approve'), ENGINES, usedOffline(ENGINES, AT)],
  ],
  [
    'a permit used offline after its time',
    'redemption-wrong',
    [verdict('approve'), OFFLINE, usedOffline(OFFLINE, '2026-11-21T10:20:00.000Z')],
  ],
  [
    'a permit used offline, and once more',
    'redeemed-twice',
    [verdict('approve'), OFFLINE, usedOffline(OFFLINE, AT), usedOffline(OFFLINE, AT)],
  ],
  ['a lapse of what may have been used offline', 'redemption-wrong', [verdict('approve'), OFFLINE, outcome('lapsed')]],
  ['an outcome of what nobody redeemed', 'redemption-missing', [verdict('approve'), OFFLINE, outcome('executed')]],
  ['a release that nobody approved', 'quorum-missing', [verdict('supervise'), release('override')]],
  ['a release with one of two approvals', 'quorum-missing', [quorumOfTwo, decision('approve'), release('override')]],
  [
    'one person counted twice',
    'voted-twice',
    [quorumOfTwo, decision('approve'), decision('approve'), release('override')],
  ],
  [
    'a delegate and whom they stand in for, counted as two',
    'voted-twice',
    [quorumOfTwo, decision('approve'), decision('approve', CFO, { delegation: { id: 'd', from: LEAD } })],
  ],
  [
    'the approval of a stranger',
    'not-an-approver',
    [verdict('supervise'), decision('approve', 'user:mallory@acme.test')],
  ],
  ['the approval of the requester', 'four-eyes', [verdict('supervise'), decision('approve', ASKER)]],
  [
    'a plan of four eyes that lets the actor decide',
    'four-eyes',
    [verdict('supervise', {}, { plan: plan({ excluded: [] }) })],
  ],
  [
    'an approval of a stage that is not open',
    'stage-wrong',
    [verdict('supervise'), decision('approve', LEAD, { stage: 1 })],
  ],
  [
    'an approval without a reason',
    'reason-missing',
    [verdict('supervise'), decision('approve', LEAD, { reason: ' ' })],
  ],
  [
    'an approval that nobody attested',
    'not-attested',
    [verdict('supervise'), decision('approve', LEAD, { attestation: null })],
  ],
  [
    'an approval through a closed door',
    'door-closed',
    [verdict('supervise', {}, { plan: plan({ via: ['console'] }) }), decision('approve')],
  ],
  [
    'an approval without its passkey',
    'passkey-missing',
    [
      verdict(
        'supervise',
        {},
        { plan: plan({ stages: plan().stages.map((one) => ({ ...one, assurance: 'passkey' })) }) },
      ),
      decision('approve'),
    ],
  ],
  [
    'a change that the plan forbids',
    'change-not-allowed',
    [verdict('supervise'), decision('approve', LEAD, { changes: { 'params.currency': { from: 'USD', to: 'BTC' } } })],
  ],
  [
    'an extension past the limit',
    'extended-too-far',
    [verdict('supervise'), decision('extend', LEAD, { until: '2026-11-22T10:00:00.000Z' })],
  ],
  [
    'an escalation to a stranger',
    'not-an-approver',
    [verdict('supervise'), decision('escalated', 'countersign', { added: ['user:mallory@acme.test'] })],
  ],
  ['a decision after the last', 'after-end', [verdict('supervise'), decision('approve'), decision('refuse', CFO)]],
  [
    'a release after a human refused',
    'released-against-verdict',
    [verdict('supervise'), decision('refuse'), release('override')],
  ],
  [
    'a release after it expired',
    'released-against-verdict',
    [verdict('supervise'), decision('expired', 'countersign'), release('override')],
  ],
  [
    'an approval after it was withdrawn',
    'after-end',
    [verdict('supervise'), decision('cancelled', ASKER), decision('approve')],
  ],
  [
    'a release though policy, asked again, refused',
    'released-against-verdict',
    [verdict('supervise'), decision('approve'), release('override', { rejudged: refusedAgain })],
  ],
  [
    'a release that was not judged again',
    'basis-wrong',
    [verdict('supervise'), decision('approve'), release('override', { rejudged: null })],
  ],
  ['an override shown as a rule', 'basis-wrong', [verdict('supervise'), decision('approve'), release('rule')]],
  ['break glass shown as a rule', 'basis-wrong', [verdict('approve', { basis: 'break_glass' }), release('rule')]],
  ['an erasure of what waits', 'erased-open', [verdict('supervise'), erasure()]],
  ['an erasure of what is released', 'erased-open', [verdict('approve'), release('rule'), erasure()]],
  [
    'an erasure before the review',
    'erased-open',
    [verdict('approve', { basis: 'break_glass' }), release('break_glass'), outcome('executed'), erasure()],
  ],
  ['a second erasure', 'after-end', [verdict('refuse'), erasure(), erasure()]],
  [
    'a record after the erasure',
    'after-end',
    [verdict('approve'), release('rule'), outcome('unreported'), erasure(), outcome('executed')],
  ],
  ['a second release', 'released-twice', [verdict('approve'), release('rule'), release('rule')]],
  ['a second verdict', 'out-of-place', [verdict('supervise'), verdict('approve')]],
  ['an outcome without a release', 'release-missing', [verdict('approve'), outcome('executed')]],
  ['an outcome of what was refused', 'release-missing', [verdict('refuse'), outcome('executed')]],
  [
    'a second outcome',
    'outcome-repeated',
    [verdict('approve'), release('rule'), outcome('executed'), outcome('failed')],
  ],
  [
    'a reconciliation of what was reported',
    'after-end',
    [verdict('approve'), release('rule'), outcome('executed'), other('reconcile')],
  ],
  ['a review that nobody needed', 'review-wrong', [verdict('approve'), release('rule'), other('review')]],
  [
    'a review by who acted',
    'review-wrong',
    [
      verdict('approve', { basis: 'break_glass' }),
      release('break_glass'),
      other('review', { state: 'done', reviewers: [ASKER] }, ASKER),
    ],
  ],
  [
    'a permit for another surface',
    'permit-differs',
    [
      verdict('approve'),
      release('rule', { permit: untyped({ ...(untyped(release('rule')['permit']) as object), audience: 'db.drop' }) }),
    ],
  ],
  [
    'a permit for another request',
    'permit-differs',
    [
      verdict('approve'),
      release('rule', {
        permit: untyped({ ...(untyped(release('rule')['permit']) as object), requestHash: otherRequest }),
      }),
    ],
  ],
  [
    'another request in the middle',
    'request-differs',
    [verdict('approve'), { ...release('rule'), requestHash: otherRequest }],
  ],
  ['another surface in the middle', 'surface-differs', [verdict('approve'), release('rule', { surface: 'db.drop' })]],
  ['a bundle that was never in force', 'bundle-never-in-force', [verdict('refuse', { bundle: otherRequest })]],
  ['a missing record', 'record-missing', [verdict('approve'), { ...release('rule'), seq: 2 }]],
  ['a missing first record', 'record-missing', [{ ...release('rule'), seq: 1, prev: otherRequest }]],
  ['a record twice', 'record-repeated', [verdict('approve'), { ...release('rule'), seq: 0, prev: null }]],
  ['another past', 'prev-wrong', [verdict('approve'), { ...release('rule'), prev: otherRequest }]],
  ['another tenant', 'tenant-differs', [{ ...verdict('refuse'), tenant: 'mallory' }]],
  ['a supervised action without a plan', 'plan-missing', [verdict('supervise', {}, { plan: null })]],
];

async function auditOf(drafts: readonly Draft[]) {
  const world = await openLog();
  await world.seal('act_1', drafts);
  return audit(await world.files(), world.trust);
}

describe('what an action may go through', () => {
  it.each(Object.entries(COURSES))('%s', async (_name, drafts) => {
    expect((await auditOf(drafts)).findings).toEqual([]);
  });

  it.each(WRONG)('%s', async (_name, code, drafts) => {
    const { clean, findings, holds } = await auditOf(drafts);
    expect(clean).toBe(false);
    expect(findings.map((finding) => finding.code)).toContain(code);
    expect(findings.every(({ index }) => index !== null && index > 0)).toBe(true);
    // The log itself is as it was signed: it is what was signed that is wrong.
    expect(holds).toBe(true);
  });

  it('a word counts once in all stages under four eyes, and once in each without', async () => {
    const stages = ['first', 'second'].map((name) => untyped({ ...(plan().stages[0] as object), name }));
    const twice = (fourEyes: boolean): Draft[] => [
      verdict('supervise', {}, { plan: plan({ stages, fourEyes, excluded: fourEyes ? plan().excluded : [] }) }),
      decision('approve'),
      decision('approve', LEAD, { stage: 1 }),
      release('override'),
    ];
    expect((await auditOf(twice(false))).findings).toEqual([]);
    expect((await auditOf(twice(true))).findings.map(({ code }) => code)).toEqual(['voted-twice', 'quorum-missing']);
  });

  it('a bundle that replaces another than the one in force', async () => {
    const world = await openLog();
    await world.seal('policy', [other('policy', { bundle: otherRequest, previous: otherRequest, action: null })]);
    const { findings } = await audit(await world.files(), world.trust);
    expect(findings.map(({ code, index }) => [code, index])).toEqual([['activation-wrong', 1]]);
  });
});
