/** Decide with changes, return and answer, reasons, withdrawal. */
import { expect } from 'vitest';
import { RISK } from '../crew.ts';
import { policyText } from '../world.ts';
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
    wanted: { status: 'released', records: ['verdict supervise', 'approve ann 0 amount 500>320', 'release override'] },
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
  {
    name: 'policy has come to refuse it when it is released',
    approval: one,
    async play(it) {
      await it.ask(500);
      const { stack } = it.world;
      const stricter = policyText(it.tag, {
        approval: one,
        policy: { rules: [{ id: 'never', when: 'true', then: 'refuse', because: 'no more of these' }] },
      });
      const published = await stack.call(
        'POST',
        '/v1/policies',
        { files: it.world.files({ [`story.${it.tag}.yaml`]: stricter }), reason: 'stricter' },
        { headers: { 'idempotency-key': `stricter-${it.tag}` } },
      );
      expect(published.status).toBe(202);
      const decision = { decision: 'approve', reason: 'looked at it' };
      const token = await stack.person(RISK);
      expect((await stack.call('POST', `/v1/actions/${published.body.id}/decisions`, decision, { token })).status).toBe(
        200,
      );
      const done = await stack.call('GET', `/v1/actions/${published.body.id}?wait=60`);
      expect(done.body.status).toBe('executed');
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'refused', records: ['verdict supervise', 'approve ann 0', 'verdict refuse'] },
  },
];
