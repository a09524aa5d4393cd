/** Reminders, escalation, people out of reach, extension, expiry; hours are seconds here. */
import { eventually, passed } from '../../support/eventually.ts';
import { expect } from 'vitest';
import type { Scenario, Story } from '../story.ts';
import { one } from './stages.ts';

const alone = { name: 'alone', approvers: ['$ann'] };
const escalating = { ...alone, escalate: { after: '1s', to: ['$cid', '$dee'] } };
const ADDED = 'escalated countersign 0 +cid,dee';
const notify = { notify: ['#finance-approvals'] };

/** Texts of the thread under the message about it, once there are so many. */
const thread = (it: Story, holds: (texts: string) => boolean) =>
  eventually(`the thread of ${it.tag}`, () => {
    const { control } = it.world.stack.sandbox;
    const message = control
      .messages('finance-approvals')
      .find((posted) => posted.threadTs === undefined && JSON.stringify(posted.blocks).includes(it.id));
    if (message === undefined) return Promise.resolve(undefined);
    const texts = control
      .thread(message.channel, message.ts)
      .map(({ text }) => text)
      .join('\n');
    return Promise.resolve(holds(texts) ? texts : undefined);
  });

export const time: Scenario[] = [
  {
    name: 'nobody decides: it expires and is never released',
    approval: { ...one, expires: '2s' },
    async play(it) {
      await it.ask();
    },
    wanted: { status: 'expired', records: ['verdict supervise', 'expired countersign 0'] },
  },
  {
    name: 'one of two decides: it expires',
    approval: { stages: [{ name: 'finance', approvers: ['$team'], quorum: 2 }], expires: '7s' },
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'expired', records: ['verdict supervise', 'approve ann 0', 'expired countersign 0'] },
  },
  {
    name: 'a second stage does not prolong the wait',
    approval: { stages: [{ name: 'finance', approvers: ['$team'] }, alone], expires: '7s' },
    async play(it) {
      await it.ask();
      expect(await it.approve('bob')).toBe('done');
    },
    wanted: { status: 'expired', records: ['verdict supervise', 'approve bob 0', 'expired countersign 1'] },
  },
  {
    name: 'a late word is told that it is over',
    approval: { ...one, expires: '2s' },
    async play(it) {
      await it.ask();
      await it.becomes('expired');
      for (const word of ['approve', 'refuse', 'question'] as const) expect(await it[word]('ann')).toBe('not-open');
      expect(await it.extend('ann', 60)).toBe('not-open');
      expect(await it.cancel()).toBe('not-open');
    },
    wanted: { status: 'expired', records: ['verdict supervise', 'expired countersign 0'] },
  },
  {
    name: 'reminded and warned in the thread before it expires',
    approval: { stages: [{ name: 'finance', approvers: ['$team'], remind: '1s' }], expires: '6s' },
    policy: notify,
    async play(it) {
      await it.ask();
      await thread(it, (texts) => texts.includes('Still waiting') && texts.includes('Running out'));
    },
    wanted: { status: 'expired', records: ['verdict supervise', 'expired countersign 0'] },
  },
  {
    name: 'escalated: the person added decides',
    approval: { stages: [escalating], expires: '10m' },
    async play(it) {
      await it.ask();
      expect(await it.approve('eve')).toBe('not-an-approver');
      await it.sealed(2);
      expect(await it.approve('dee')).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', ADDED, 'approve dee 0', 'release override'] },
  },
  {
    name: 'escalated: the person asked first still decides',
    approval: { stages: [escalating], expires: '10m' },
    async play(it) {
      await it.ask();
      await it.sealed(2);
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', ADDED, 'approve ann 0', 'release override'] },
  },
  {
    name: 'escalated, and nobody decides',
    approval: { stages: [escalating], expires: '5s' },
    async play(it) {
      await it.ask();
      await it.sealed(2);
    },
    wanted: { status: 'expired', records: ['verdict supervise', ADDED, 'expired countersign 0'] },
  },
  {
    name: 'before the escalation its people cannot decide',
    approval: { stages: [{ ...alone, escalate: { after: '5m', to: ['$cid'] } }], expires: '10m' },
    async play(it) {
      await it.ask();
      expect(await it.approve('cid')).toBe('not-an-approver');
    },
    wanted: { status: 'supervised', records: ['verdict supervise'] },
  },
  {
    name: 'the clock of an escalation starts with its stage',
    approval: { stages: [{ name: 'finance', approvers: ['$bob'] }, escalating], expires: '10m' },
    async play(it) {
      await it.ask();
      expect(await it.approve('bob')).toBe('done');
      await it.sealed(3);
      expect(await it.approve('cid')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: [
        'verdict supervise',
        'approve bob 0',
        'escalated countersign 1 +cid,dee',
        'approve cid 1',
        'release override',
      ],
    },
  },
  {
    name: 'an escalation never adds the person behind the request',
    approval: { stages: [{ ...alone, escalate: { after: '1s', to: ['$req', '$cid'] } }], expires: '10m' },
    async play(it) {
      await it.ask();
      await it.sealed(2);
      expect(await it.approve('req')).toBe('own-request');
      expect(await it.approve('cid')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'escalated countersign 0 +cid', 'approve cid 0', 'release override'],
    },
  },
  {
    name: 'who cannot be reached is not waited for: others are asked at once',
    approval: { stages: [{ ...alone, escalate: { after: '5m', to: ['$cid'] } }], expires: '10m' },
    noSlack: ['ann'],
    async play(it) {
      await it.ask();
      await it.sealed(2);
      expect(await it.approve('cid')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'escalated countersign 0 +cid', 'approve cid 0', 'release override'],
    },
  },
  {
    name: 'who cannot be reached in Slack still decides elsewhere',
    approval: { stages: [alone], expires: '10m' },
    noSlack: ['ann'],
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve ann 0', 'release override'] },
  },
  {
    name: 'too few are left for the quorum: more are asked at once',
    approval: {
      stages: [
        { name: 'finance', approvers: ['$team'], quorum: 2, refusals: 2, escalate: { after: '5m', to: ['$cid'] } },
      ],
      expires: '10m',
    },
    async play(it) {
      await it.ask();
      expect(await it.refuse('ann')).toBe('done');
      expect(await it.approve('bob')).toBe('done');
      expect(await it.approve('cid')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: [
        'verdict supervise',
        'refuse ann 0',
        'escalated countersign 0 +cid',
        'approve bob 0',
        'approve cid 0',
        'release override',
      ],
    },
  },
  {
    name: 'extended, and approved after the first expiry',
    approval: { ...one, expires: '6s', extendUpTo: '10m' },
    async play(it) {
      await it.ask();
      const first = Date.parse((await it.action()).approval.expiresAt as string);
      expect(await it.extend('ann', 300)).toBe('done');
      await passed(first + 500);
      expect((await it.action()).status).toBe('supervised');
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'extend ann 0', 'approve ann 0', 'release override'] },
  },
  {
    name: 'extended by some seconds, and expired all the same',
    approval: { ...one, expires: '4s', extendUpTo: '9s' },
    async play(it) {
      const began = Date.now();
      await it.ask();
      const { openedAt } = { openedAt: Date.parse((await it.action()).approval.expiresAt as string) - 4000 };
      const until = new Date(openedAt + 8000).toISOString();
      expect(await it.decide('bob', { decision: 'extend', until })).toBe('done');
      expect(Date.parse((await it.becomes('expired')).approval.expiresAt as string)).toBeGreaterThan(began + 7000);
    },
    wanted: { status: 'expired', records: ['verdict supervise', 'extend bob 0', 'expired countersign 0'] },
  },
  {
    name: 'never extended past the limit, never shortened, never by a stranger',
    approval: { ...one, extendUpTo: '20m' },
    async play(it) {
      await it.ask();
      expect(await it.extend('ann', 1300)).toBe('change-not-allowed');
      expect(await it.extend('ann', 60)).toBe('invalid-request');
      expect(await it.extend('eve', 900)).toBe('not-an-approver');
      expect(await it.decide('ann', { decision: 'extend' })).not.toBe('done');
    },
    wanted: { status: 'supervised', records: ['verdict supervise'] },
  },
  {
    name: 'not extended where policy does not let it',
    approval: one,
    async play(it) {
      await it.ask();
      expect(await it.extend('ann', 900)).toBe('change-not-allowed');
    },
    wanted: { status: 'supervised', records: ['verdict supervise'] },
  },
];
