/** Stages × quorum. */
import { expect } from 'vitest';
import type { Scenario } from '../story.ts';

const team = { name: 'finance', approvers: ['$team'] };
const board = { name: 'board', approvers: ['$board'] };
const LONG = '10m';
export const one = { stages: [team], expires: LONG };
export const pair = { stages: [{ ...team, quorum: 2 }], expires: LONG };
export const two = { stages: [team, board], expires: LONG };
const three = { stages: [team, board, { name: 'last', approvers: ['$dee', '$eve'] }], expires: LONG };
const vote = (quorum: number, refusals: number) => ({
  stages: [{ name: 'vote', approvers: ['$ann', '$bob', '$cid'], quorum, refusals }],
  expires: LONG,
});

export const stages: Scenario[] = [
  {
    name: 'one stage, one of two approves',
    approval: one,
    async play(it) {
      expect((await it.ask()).status).toBe(202);
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve ann 0', 'release override'] },
  },
  {
    name: 'one stage, one of two refuses',
    approval: one,
    async play(it) {
      await it.ask();
      expect(await it.refuse('bob')).toBe('done');
    },
    wanted: { status: 'refused', records: ['verdict supervise', 'refuse bob 0'] },
  },
  {
    name: 'two of two',
    approval: pair,
    async play(it) {
      await it.ask();
      expect(await it.approve('bob')).toBe('done');
      expect((await it.action()).permit).toBeNull();
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve bob 0', 'approve ann 0', 'release override'],
    },
  },
  {
    name: 'two of two, and the second refuses',
    approval: pair,
    async play(it) {
      await it.ask();
      expect(await it.approve('bob')).toBe('done');
      expect(await it.refuse('ann')).toBe('done');
    },
    wanted: { status: 'refused', records: ['verdict supervise', 'approve bob 0', 'refuse ann 0'] },
  },
  {
    name: 'nobody is two of two',
    approval: pair,
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('done');
      expect(await it.approve('ann')).toBe('already-decided');
      expect(await it.refuse('ann')).toBe('already-decided');
    },
    wanted: { status: 'supervised', records: ['verdict supervise', 'approve ann 0'] },
  },
  {
    name: 'two of three',
    approval: vote(2, 1),
    async play(it) {
      await it.ask();
      expect(await it.approve('cid')).toBe('done');
      expect(await it.approve('ann')).toBe('done');
      expect(await it.approve('bob')).toBe('not-open');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve cid 0', 'approve ann 0', 'release override'],
    },
  },
  {
    name: 'two refusals of three are needed: one does not end it',
    approval: vote(2, 2),
    async play(it) {
      await it.ask();
      expect(await it.refuse('cid')).toBe('done');
      expect(await it.approve('ann')).toBe('done');
      expect(await it.approve('bob')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'refuse cid 0', 'approve ann 0', 'approve bob 0', 'release override'],
    },
  },
  {
    name: 'two refusals of three end it, an approval in between or not',
    approval: vote(3, 2),
    async play(it) {
      await it.ask();
      expect(await it.refuse('cid')).toBe('done');
      expect(await it.approve('ann')).toBe('done');
      expect(await it.refuse('bob')).toBe('done');
    },
    wanted: { status: 'refused', records: ['verdict supervise', 'refuse cid 0', 'approve ann 0', 'refuse bob 0'] },
  },
  {
    name: 'two stages, one after the other',
    approval: two,
    async play(it) {
      await it.ask();
      expect(await it.approve('cid')).toBe('not-an-approver');
      expect(await it.approve('ann')).toBe('done');
      expect((await it.action()).approval.stage).toBe(1);
      expect(await it.approve('bob')).toBe('not-an-approver');
      expect(await it.approve('cid')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve ann 0', 'approve cid 1', 'release override'],
    },
  },
  {
    name: 'the second stage refuses what the first approved',
    approval: two,
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('done');
      expect(await it.refuse('cid')).toBe('done');
    },
    wanted: { status: 'refused', records: ['verdict supervise', 'approve ann 0', 'refuse cid 1'] },
  },
  {
    name: 'three stages',
    approval: three,
    async play(it) {
      await it.ask();
      expect(await it.approve('bob')).toBe('done');
      expect(await it.approve('cid')).toBe('done');
      expect(await it.approve('eve')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve bob 0', 'approve cid 1', 'approve eve 2', 'release override'],
    },
  },
  {
    name: 'three stages, and the last never comes',
    approval: { ...three, expires: '12s' },
    async play(it) {
      await it.ask();
      expect(await it.approve('bob')).toBe('done');
      expect(await it.approve('cid')).toBe('done');
    },
    wanted: {
      status: 'expired',
      records: ['verdict supervise', 'approve bob 0', 'approve cid 1', 'expired countersign 2'],
    },
  },
  {
    name: 'a decision for a stage that is not open, or is over, does not count',
    approval: two,
    async play(it) {
      await it.ask();
      expect(await it.approve('ann', { stage: 1 })).toBe('not-open');
      expect(await it.approve('ann', { stage: 7 })).toBe('invalid-request');
      expect(await it.approve('ann', { stage: 0 })).toBe('done');
      expect(await it.approve('bob', { stage: 0 })).toBe('not-open');
    },
    wanted: { status: 'supervised', records: ['verdict supervise', 'approve ann 0'] },
  },
  {
    name: 'a quorum that the directory cannot fill is refused at once, and nobody is asked',
    approval: { stages: [{ ...team, quorum: 3 }], expires: LONG },
    async play(it) {
      const asked = await it.ask();
      expect([asked.status, asked.body.action.verdict.basis]).toEqual([403, 'unclear']);
    },
    wanted: { status: 'refused', records: ['verdict refuse'] },
  },
  {
    name: 'two stages, each with a reason',
    approval: one,
    policy: {
      rules: [
        {
          id: 'asked',
          when: 'true',
          then: 'supervise',
          approval: { stages: [team, { name: 'second look', approvers: ['$dee'] }], expires: LONG, reason: 'required' },
        },
      ],
    },
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('reason-required');
      expect(await it.approve('ann', { reason: 'covered' })).toBe('done');
      expect(await it.approve('dee', { reason: 'covered too' })).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve ann 0', 'approve dee 1', 'release override'],
    },
  },
];
