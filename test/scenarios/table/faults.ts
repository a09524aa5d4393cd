/** Change × failure: duplicates, races, freezes, forgotten tokens; and what a fault of the engine must not change. */
import { expect } from 'vitest';
import type { Scenario, Story } from '../story.ts';
import { one, pair, two } from './stages.ts';

const notify = { notify: ['#finance-approvals'] };
const escalating = { name: 'alone', approvers: ['$ann'], escalate: { after: '2s', to: ['$cid'] } };

/** The message about it shows no button any more. */
const closedMessage = (it: Story) =>
  it.world.stack.sandbox.control.waitFor(
    () =>
      it.world.stack.sandbox.control.messages('finance-approvals').find(({ blocks, threadTs }) => {
        const text = JSON.stringify(blocks);
        return threadTs === undefined && text.includes(it.id) && !text.includes('"approve"');
      }),
    60_000,
  );

/** Nothing fails but what people do. */
export const failures: Scenario[] = [
  {
    name: 'one word sent ten times at once counts once',
    approval: pair,
    async play(it) {
      await it.ask();
      const said = await Promise.all(Array.from({ length: 10 }, () => it.approve('ann')));
      expect(said.filter((answer) => answer === 'done')).toHaveLength(1);
      expect(new Set(said)).toEqual(new Set(['done', 'already-decided']));
    },
    wanted: { status: 'supervised', records: ['verdict supervise', 'approve ann 0'] },
  },
  {
    name: 'both of a quorum at once: both count',
    approval: pair,
    async play(it) {
      await it.ask();
      const first = (name: 'ann' | 'bob') => it.approve(name);
      expect(await Promise.all([first('ann'), first('bob')])).toEqual(['done', 'done']);
      const lines = await it.sealed(4);
      expect(lines.slice(1, 3).sort()).toEqual(['approve ann 0', 'approve bob 0']);
    },
    wanted: {
      status: 'released',
      records: [
        'verdict supervise',
        expect.stringMatching(/^approve/),
        expect.stringMatching(/^approve/),
        'release override',
      ],
    },
  },
  {
    name: 'yes and no at once: the first holds, the other is told',
    approval: one,
    async play(it) {
      await it.ask();
      const [yes, no] = await Promise.all([it.approve('ann'), it.refuse('bob')]);
      expect([yes, no].sort()).toEqual(['done', 'not-open']);
      expect((await it.becomes(yes === 'done' ? 'released' : 'refused')).permit === null).toBe(yes !== 'done');
    },
    wanted: { status: expect.stringMatching(/released|refused/) as string, records: expect.anything() as string[] },
  },
  {
    name: 'a word and a withdrawal at once: one of them',
    approval: one,
    async play(it) {
      await it.ask();
      const [word, withdrawn] = await Promise.all([it.approve('ann'), it.cancel()]);
      expect([word, withdrawn].sort()).toEqual(['done', 'not-open']);
    },
    wanted: { status: expect.stringMatching(/released|cancelled/) as string, records: expect.anything() as string[] },
  },
  {
    name: 'a freeze of the surface while it waits: approved, and released when it is lifted',
    approval: one,
    async play(it) {
      await it.ask();
      const freeze = await it.freeze();
      expect(await it.approve('ann')).toBe('done');
      expect((await it.action()).permit).toBeNull();
      await it.thaw(freeze);
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve ann 0', 'release override'] },
  },
  {
    name: 'a freeze of the actor past the deadline: approved, and yet never released',
    approval: { ...one, expires: '6s' },
    async play(it) {
      await it.ask();
      await it.freeze('actor');
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'expired', records: ['verdict supervise', 'approve ann 0', 'expired countersign 0'] },
  },
  {
    name: 'approved under a freeze, the requester can still withdraw it',
    approval: one,
    async play(it) {
      await it.ask();
      const freeze = await it.freeze();
      expect(await it.approve('ann')).toBe('done');
      expect(await it.cancel()).toBe('done');
      await it.thaw(freeze);
    },
    wanted: { status: 'cancelled', records: ['verdict supervise', 'approve ann 0', 'cancelled key 0'] },
  },
  {
    name: 'a freeze while it waits, refused all the same',
    approval: one,
    async play(it) {
      await it.ask();
      await it.freeze();
      expect(await it.refuse('ann')).toBe('done');
    },
    wanted: { status: 'refused', records: ['verdict supervise', 'refuse ann 0'] },
  },
  {
    name: 'a freeze that was there before: refused, nobody is asked',
    approval: one,
    async play(it) {
      await it.freeze();
      expect((await it.ask()).status).toBe(403);
    },
    wanted: { status: 'refused', records: ['verdict refuse'] },
  },
  {
    name: 'a token that somebody altered, one of nobody, none',
    approval: one,
    async play(it) {
      await it.ask();
      const token = await it.world.tokenOf(it.person('ann'));
      const [head = '', body = '', tag = ''] = token.split('.');
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object;
      const forged = Buffer.from(JSON.stringify({ ...claims, sub: it.person('bob') })).toString('base64url');
      for (const bad of [`${head}.${forged}.${tag}`, `${head}.${body}.`, 'nobody', '']) {
        expect(await it.decide('ann', { decision: 'approve' }, { token: bad })).toBe('unauthenticated');
      }
    },
    wanted: { status: 'supervised', records: ['verdict supervise'] },
  },
  {
    name: 'another action is never decided by mistake',
    approval: one,
    async play(it) {
      await it.ask();
      const first = it.id;
      await it.ask(600);
      expect(await it.approve('ann')).toBe('done');
      expect((await it.world.stack.call('GET', `/v1/actions/${first}`)).body.status).toBe('supervised');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve ann 0', 'release override'] },
  },
];

/** Slack is down from before the question until after the word. */
export const slackDown: Scenario[] = [
  {
    name: 'approved over the API while Slack is down; the message then shows it',
    approval: one,
    policy: notify,
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('done');
    },
    async then(it) {
      await closedMessage(it);
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve ann 0', 'release override'] },
  },
  {
    name: 'refused in the second stage while Slack is down',
    approval: two,
    policy: notify,
    async play(it) {
      await it.ask();
      expect(await it.approve('bob')).toBe('done');
      expect(await it.refuse('cid')).toBe('done');
    },
    async then(it) {
      await closedMessage(it);
    },
    wanted: { status: 'refused', records: ['verdict supervise', 'approve bob 0', 'refuse cid 1'] },
  },
  {
    name: 'expires while Slack is down',
    approval: { ...one, expires: '2s' },
    policy: notify,
    async play(it) {
      await it.ask();
      await it.becomes('expired');
    },
    async then(it) {
      await closedMessage(it);
    },
    wanted: { status: 'expired', records: ['verdict supervise', 'expired countersign 0'] },
  },
];

/** Between `play` and `then` the worker ends, and another one takes over. */
export const restarted: Scenario[] = [
  {
    name: 'asked before, approved after',
    approval: one,
    async play(it) {
      await it.ask();
    },
    async then(it) {
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve ann 0', 'release override'] },
  },
  {
    name: 'one stage before, the other after',
    approval: two,
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('done');
    },
    async then(it) {
      expect(await it.approve('ann')).toBe('already-decided');
      expect(await it.approve('cid')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve ann 0', 'approve cid 1', 'release override'],
    },
  },
  {
    name: 'one of two before and a change, the other after',
    approval: { ...pair, mayChange: ['params.amount'] },
    async play(it) {
      await it.ask();
      expect(await it.approve('ann', { changes: { 'params.amount': 200 } })).toBe('done');
    },
    async then(it) {
      expect(await it.approve('bob', { changes: { 'params.amount': 201 } })).toBe('change-not-allowed');
      expect(await it.approve('bob')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve ann 0 amount 500>200', 'approve bob 0', 'release override'],
    },
  },
  {
    name: 'delegated before, and the delegator left meanwhile',
    approval: one,
    async play(it) {
      await it.ask();
      await it.delegate('ann', 'eve');
    },
    async then(it) {
      it.leave('ann');
      expect(await it.approve('eve')).toBe('not-an-approver');
      expect(await it.approve('bob')).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve bob 0', 'release override'] },
  },
  {
    name: 'frozen and approved before, thawed after',
    approval: one,
    async play(it) {
      await it.ask();
      await it.freeze();
      expect(await it.approve('ann')).toBe('done');
    },
    async then(it) {
      const { body } = await it.world.stack.call('GET', '/v1/freezes');
      const mine = (body.freezes ?? body).find(({ value }: { value: string }) => value.endsWith(it.tag));
      await it.thaw(mine.id as string);
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve ann 0', 'release override'] },
  },
  {
    name: 'a word while there is no worker counts as soon as there is one',
    approval: one,
    async play(it) {
      await it.ask();
    },
    async meanwhile(it) {
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve ann 0', 'release override'] },
  },
];

/** Between `play` and `then` there is no worker, until every one of them should have expired. */
export const asleep: Scenario[] = [
  {
    name: 'nobody decided: expired when it wakes',
    approval: { ...one, expires: '8s' },
    async play(it) {
      await it.ask();
    },
    wanted: { status: 'expired', records: ['verdict supervise', 'expired countersign 0'] },
  },
  {
    name: 'a late word, sent while nobody was there to expire it, loses',
    approval: { ...one, expires: '8s' },
    async play(it) {
      await it.ask();
    },
    async meanwhile(it) {
      expect(await it.approve('ann')).toBe('not-open');
    },
    wanted: { status: 'expired', records: ['verdict supervise', 'expired countersign 0'] },
  },
  {
    name: 'the last word of a quorum comes late',
    approval: { ...pair, expires: '8s' },
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('done');
    },
    async meanwhile(it) {
      expect(await it.approve('bob')).toBe('not-open');
    },
    wanted: { status: 'expired', records: ['verdict supervise', 'approve ann 0', 'expired countersign 0'] },
  },
  {
    name: 'an extension comes late',
    approval: { ...one, expires: '8s', extendUpTo: '10m' },
    async play(it) {
      await it.ask();
    },
    async then(it) {
      expect(await it.extend('ann', 300)).toBe('not-open');
    },
    wanted: { status: 'expired', records: ['verdict supervise', 'expired countersign 0'] },
  },
  {
    name: 'an extension in time holds through it',
    approval: { ...one, expires: '8s', extendUpTo: '10m' },
    async play(it) {
      await it.ask();
      expect(await it.extend('ann', 500)).toBe('done');
    },
    async then(it) {
      expect(await it.approve('bob')).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'extend ann 0', 'approve bob 0', 'release override'] },
  },
  {
    name: 'an escalation was due meanwhile: its people decide at once',
    approval: { stages: [escalating], expires: '10m' },
    async play(it) {
      await it.ask();
    },
    async then(it) {
      await it.sealed(2);
      expect(await it.approve('cid')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'escalated countersign 0 +cid', 'approve cid 0', 'release override'],
    },
  },
  {
    name: 'an escalation and the expiry were due meanwhile: only the expiry is left',
    approval: { stages: [{ ...escalating, escalate: { after: '6s', to: ['$cid'] } }], expires: '8s' },
    async play(it) {
      await it.ask();
    },
    async then(it) {
      await it.becomes('expired');
      expect(await it.approve('cid')).not.toBe('done');
    },
    wanted: { status: 'expired', records: ['verdict supervise', 'expired countersign 0'] },
  },
];
