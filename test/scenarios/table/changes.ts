/** Decide with changes, return and answer, reasons, withdrawal; policy that changes meanwhile. */
import { expect } from 'vitest';
import type { Scenario } from '../story.ts';
import { one, pair, two } from './stages.ts';

const flexible = { ...one, mayChange: ['params.amount', 'params.currency'] };
const WAITING = ['verdict supervise'];
const amount = (value: unknown) => ({ changes: { 'params.amount': value } });
/** Nothing above 400, whoever asks. */
const capped = {
  rules: [
    { id: 'huge', when: 'params.amount > 1000 || params.amount == 250', then: 'refuse', because: 'never' },
    { id: 'asked', when: 'true', then: 'supervise', approval: flexible },
  ],
};

export const changes: Scenario[] = [
  {
    name: 'an approver lowers the amount, and the permit is for the lower one',
    approval: flexible,
    async play(it) {
      await it.ask(500);
      expect(await it.approve('ann', amount(320))).toBe('done');
      const { permit } = await it.becomes('released');
      const redeemed = await it.world.stack.call('POST', '/v1/permits/redeem', { permit });
      expect(redeemed.body.changes).toEqual({ 'params.amount': 320 });
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve ann 0 amount 500>320', 'release override', 'redemption'],
    },
  },
  {
    name: 'an approver sets the currency',
    approval: flexible,
    async play(it) {
      await it.ask(500);
      expect(await it.approve('ann', { changes: { 'params.currency': 'EUR' } })).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve ann 0 currency USD>EUR', 'release override'],
    },
  },
  {
    name: 'changes out of bounds: more, below zero, no number, another field, none at all',
    approval: flexible,
    async play(it) {
      await it.ask(500);
      for (const value of [501, -1, 'all', null, 1e21]) {
        expect(await it.approve('ann', amount(value))).toBe('change-not-allowed');
      }
      expect(await it.approve('ann', { changes: { 'resource.id': 'ord_2' } })).toBe('change-not-allowed');
      expect(await it.refuse('ann', amount(1))).toBe('change-not-allowed');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'changes where policy allows none',
    approval: one,
    async play(it) {
      await it.ask(500);
      expect(await it.approve('ann', amount(400))).toBe('change-not-allowed');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'a change that policy refuses',
    approval: flexible,
    policy: capped,
    async play(it) {
      await it.ask(500);
      expect(await it.approve('ann', amount(250))).toBe('change-not-allowed');
      expect(await it.approve('ann', amount(249))).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve ann 0 amount 500>249', 'release override'] },
  },
  {
    name: 'the second approver lowers further, and may not go back up',
    approval: { ...flexible, stages: pair.stages },
    async play(it) {
      await it.ask(500);
      expect(await it.approve('ann', amount(300))).toBe('done');
      expect(await it.approve('bob', amount(301))).toBe('change-not-allowed');
      expect(await it.approve('bob', amount(200))).toBe('done');
      const { permit } = await it.becomes('released');
      const redeemed = await it.world.stack.call('POST', '/v1/permits/redeem', { permit });
      expect(redeemed.body.changes).toEqual({ 'params.amount': 200 });
    },
    wanted: {
      status: 'released',
      records: [
        'verdict supervise',
        'approve ann 0 amount 500>300',
        'approve bob 0 amount 500>200',
        'release override',
        'redemption',
      ],
    },
  },
  {
    name: 'returned, answered, approved',
    approval: one,
    async play(it) {
      await it.ask();
      expect(await it.answer()).toBe('not-open');
      expect(await it.question('ann')).toBe('done');
      expect(await it.answer()).toBe('done');
      expect(await it.answer()).toBe('not-open');
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'return ann 0', 'answered key 0', 'approve ann 0', 'release override'],
    },
  },
  {
    name: 'a question does not stop another approver',
    approval: one,
    async play(it) {
      await it.ask();
      expect(await it.question('ann')).toBe('done');
      expect(await it.refuse('bob')).toBe('done');
      expect(await it.answer()).toBe('not-open');
    },
    wanted: { status: 'refused', records: ['verdict supervise', 'return ann 0', 'refuse bob 0'] },
  },
  {
    name: 'a question does not stop the clock',
    approval: { ...one, expires: '6s' },
    async play(it) {
      await it.ask();
      expect(await it.question('ann')).toBe('done');
    },
    wanted: { status: 'expired', records: ['verdict supervise', 'return ann 0', 'expired countersign 0'] },
  },
  {
    name: 'refusing and asking need a reason; approving where policy says so',
    approval: { ...one, reason: 'required' },
    async play(it) {
      await it.ask();
      expect(await it.decide('ann', { decision: 'refuse' })).toBe('reason-required');
      expect(await it.decide('ann', { decision: 'return' })).toBe('reason-required');
      expect(await it.approve('ann')).toBe('reason-required');
      expect(await it.approve('ann', { reason: 'charged twice' })).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve ann 0', 'release override'] },
  },
  {
    name: 'the requester withdraws',
    approval: one,
    async play(it) {
      await it.ask();
      expect(await it.cancel()).toBe('done');
      expect(await it.approve('ann')).toBe('not-open');
    },
    wanted: { status: 'cancelled', records: ['verdict supervise', 'cancelled key 0'] },
  },
  {
    name: 'the requester withdraws between two stages',
    approval: two,
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('done');
      expect(await it.cancel()).toBe('done');
      expect(await it.approve('cid')).toBe('not-open');
    },
    wanted: { status: 'cancelled', records: ['verdict supervise', 'approve ann 0', 'cancelled key 1'] },
  },
];

const refusing = (when: string) => ({
  rules: [
    { id: 'never', when, then: 'refuse', because: 'no more of these' },
    { id: 'asked', when: 'true', then: 'supervise', approval: flexible },
  ],
});
const OVERRIDE = ['verdict supervise', 'approve ann 0', 'release override'];

/** Between `play` and `then` policy changes to `later`. */
export const published: Scenario[] = [
  {
    name: 'policy has come to refuse it: refused at the release, both verdicts sealed',
    approval: one,
    later: { approval: one, policy: refusing('params.amount > 0') },
    async play(it) {
      await it.ask();
    },
    async then(it) {
      expect(await it.approve('ann')).toBe('done');
      expect((await it.becomes('refused')).verdict.reasons.join(' ')).toContain('no more of these');
    },
    wanted: { status: 'refused', records: ['verdict supervise', 'approve ann 0', 'verdict refuse'] },
  },
  {
    name: 'policy has come to refuse the amount, and the approver lowers it',
    approval: flexible,
    later: { approval: flexible, policy: refusing('params.amount > 300') },
    async play(it) {
      await it.ask(500);
    },
    async then(it) {
      expect(await it.approve('ann', amount(301))).toBe('change-not-allowed');
      expect(await it.approve('ann', amount(300))).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve ann 0 amount 500>300', 'release override'] },
  },
  {
    name: 'policy has come to approve it: whoever was asked still decides',
    approval: one,
    later: { approval: one, policy: { rules: [{ id: 'all', when: 'true', then: 'approve' }] } },
    async play(it) {
      await it.ask();
    },
    async then(it) {
      expect((await it.action()).status).toBe('supervised');
      expect(await it.refuse('bob')).toBe('done');
    },
    wanted: { status: 'refused', records: ['verdict supervise', 'refuse bob 0'] },
  },
  {
    name: 'policy has come to ask others: the plan that was sealed holds',
    approval: one,
    later: { approval: { stages: [{ name: 'board', approvers: ['$board'] }], expires: '10m' } },
    async play(it) {
      await it.ask();
    },
    async then(it) {
      expect(await it.approve('cid')).toBe('not-an-approver');
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'released', records: OVERRIDE },
  },
  {
    name: 'policy has come to refuse it between two stages',
    approval: two,
    later: { approval: two, policy: refusing('params.amount > 0') },
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('done');
    },
    async then(it) {
      expect(await it.approve('cid')).toBe('done');
    },
    wanted: { status: 'refused', records: ['verdict supervise', 'approve ann 0', 'approve cid 1', 'verdict refuse'] },
  },
  {
    name: 'its policy is gone: silence releases nothing',
    approval: one,
    later: null,
    async play(it) {
      await it.ask();
    },
    async then(it) {
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'refused', records: ['verdict supervise', 'approve ann 0', 'verdict refuse'] },
  },
];
