/** Who: four eyes, managers, delegations, departures, strangers, doors. */
import { passed } from '../../support/eventually.ts';
import { expect } from 'vitest';
import { RISK } from '../crew.ts';
import type { Scenario } from '../story.ts';
import { one, pair, two } from './stages.ts';

const LONG = '10m';
const named = (...approvers: string[]) => ({ stages: [{ name: 'people', approvers }], expires: LONG });
const OK = ['verdict supervise', 'approve ann 0', 'release override'];
const WAITING = ['verdict supervise'];
/** A request that a person makes for themself. */
const as = (name: string) => ({ actor: { id: `$${name}`, type: 'user' } });

export const people: Scenario[] = [
  {
    name: 'a colleague whom nobody asked',
    approval: one,
    async play(it) {
      await it.ask();
      for (const word of ['approve', 'refuse', 'question'] as const)
        expect(await it[word]('eve')).toBe('not-an-approver');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'the person on whose behalf it is asked',
    approval: named('$ann', '$req'),
    async play(it) {
      await it.ask();
      expect(await it.approve('req')).toBe('own-request');
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'released', records: OK },
  },
  {
    name: 'everybody behind a chain of three who act for one another',
    approval: named('$ann', '$bob', '$cid'),
    async play(it) {
      const onBehalfOf = { id: '$bob', type: 'user', onBehalfOf: { id: '$cid', type: 'user' } };
      await it.ask(500, { actor: { id: 'service:deputy', type: 'service', onBehalfOf } });
      expect(await it.approve('bob')).toBe('own-request');
      expect(await it.approve('cid')).toBe('own-request');
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'released', records: OK },
  },
  {
    name: 'an approver asks for something themself',
    approval: one,
    async play(it) {
      await it.ask(500, as('bob'));
      expect(await it.approve('bob')).toBe('own-request');
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'released', records: OK },
  },
  {
    name: 'nobody is left when the only approver asks',
    approval: named('$ann'),
    async play(it) {
      expect((await it.ask(500, as('ann'))).status).toBe(403);
    },
    wanted: { status: 'refused', records: ['verdict refuse'] },
  },
  {
    name: 'without four eyes the only approver may ask',
    approval: { ...named('$ann'), fourEyes: false },
    async play(it) {
      await it.ask(500, as('ann'));
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'released', records: OK },
  },
  {
    name: 'the manager of the person behind the agent',
    approval: named('manager'),
    async play(it) {
      await it.ask();
      expect((await it.action()).approval.stages[0].approvers).toEqual([it.person('dee')]);
      expect(await it.approve('dee')).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve dee 0', 'release override'] },
  },
  {
    name: 'the manager of somebody without one is nobody',
    approval: named('manager'),
    async play(it) {
      expect((await it.ask(500, as('eve'))).status).toBe(403);
    },
    wanted: { status: 'refused', records: ['verdict refuse'] },
  },
  {
    name: 'people named by an expression over the request',
    approval: named('= "user:" + resource.owner'),
    async play(it) {
      await it.ask(500, { resource: { type: 'order', id: 'ord_1', owner: it.person('ann').replace('user:', '') } });
      expect(await it.approve('bob')).toBe('not-an-approver');
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: { status: 'released', records: OK },
  },
  {
    name: 'an expression that names nobody of the directory',
    approval: named('= "user:" + resource.owner'),
    async play(it) {
      const asked = await it.ask(500, { resource: { type: 'order', id: 'ord_1', owner: 'ghost@acme.test' } });
      expect(asked.body.action.verdict.basis).toBe('unclear');
    },
    wanted: { status: 'refused', records: ['verdict refuse'] },
  },
  {
    name: 'the same human in two stages',
    approval: {
      stages: [
        { name: 'first', approvers: ['$ann'] },
        { name: 'second', approvers: ['$ann', '$bob'] },
      ],
      expires: LONG,
    },
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('done');
      expect(await it.approve('ann')).toBe('already-decided');
      expect(await it.approve('bob')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve ann 0', 'approve bob 1', 'release override'],
    },
  },
  {
    name: 'the same human in two stages, where policy says so',
    approval: {
      stages: [
        { name: 'first', approvers: ['$ann'] },
        { name: 'second', approvers: ['$ann'] },
      ],
      expires: LONG,
      fourEyes: false,
    },
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('done');
      expect(await it.approve('ann')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve ann 0', 'approve ann 1', 'release override'],
    },
  },
  {
    name: 'under a delegation that is in time',
    approval: one,
    async play(it) {
      await it.ask();
      await it.delegate('ann', 'eve');
      expect(await it.approve('eve')).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve eve for ann 0', 'release override'] },
  },
  {
    name: 'under a delegation that has ended',
    approval: one,
    async play(it) {
      await it.ask();
      await it.delegate('ann', 'eve', { seconds: 1 });
      await passed(Date.now() + 1000);
      expect(await it.approve('eve')).toBe('not-an-approver');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'under a delegation that was taken back',
    approval: one,
    async play(it) {
      await it.ask();
      await it.revoke('ann', await it.delegate('ann', 'eve'));
      expect(await it.approve('eve')).toBe('not-an-approver');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'under a delegation for another surface',
    approval: one,
    async play(it) {
      await it.ask();
      await it.delegate('ann', 'eve', { surfaces: ['payments.refund'] });
      expect(await it.approve('eve')).toBe('not-an-approver');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'a delegation is not passed on',
    approval: one,
    async play(it) {
      await it.ask();
      await it.delegate('ann', 'eve');
      await it.delegate('eve', 'fay');
      expect(await it.approve('fay')).toBe('not-an-approver');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'a delegation to the person behind the request',
    approval: one,
    async play(it) {
      await it.ask();
      await it.delegate('ann', 'req');
      expect(await it.approve('req')).toBe('own-request');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'an approver who stands in for the person behind the request',
    approval: one,
    async play(it) {
      await it.ask();
      await it.delegate('req', 'ann');
      expect(await it.approve('ann')).toBe('own-request');
      expect(await it.approve('bob')).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve bob 0', 'release override'] },
  },
  {
    name: 'delegate and delegator are one word',
    approval: pair,
    async play(it) {
      await it.ask();
      await it.delegate('ann', 'eve');
      expect(await it.approve('eve')).toBe('done');
      expect(await it.approve('ann')).toBe('already-decided');
      expect(await it.approve('bob')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve eve for ann 0', 'approve bob 0', 'release override'],
    },
  },
  {
    name: 'one delegate of both approvers is one human',
    approval: pair,
    async play(it) {
      await it.ask();
      await it.delegate('ann', 'eve');
      await it.delegate('bob', 'eve');
      expect(await it.approve('eve')).toBe('done');
      expect(await it.approve('eve')).toBe('already-decided');
      expect(await it.approve('bob')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve eve for ann 0', 'approve bob 0', 'release override'],
    },
  },
  {
    name: 'a delegate of two decides for the one who has not decided yet',
    approval: pair,
    async play(it) {
      await it.ask();
      await it.delegate('ann', 'eve');
      await it.delegate('bob', 'eve');
      expect(await it.approve('ann')).toBe('done');
      expect(await it.approve('eve')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve ann 0', 'approve eve for bob 0', 'release override'],
    },
  },
  {
    name: 'a delegate of two, one of whom left',
    approval: one,
    async play(it) {
      await it.ask();
      await it.delegate('ann', 'eve');
      await it.delegate('bob', 'eve');
      it.leave('ann');
      expect(await it.approve('eve')).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve eve for bob 0', 'release override'] },
  },
  {
    name: 'a delegate decides in one stage, the delegator not in the next',
    approval: {
      stages: [
        { name: 'first', approvers: ['$ann'] },
        { name: 'second', approvers: ['$ann', '$bob'] },
      ],
      expires: LONG,
    },
    async play(it) {
      await it.ask();
      await it.delegate('ann', 'eve');
      expect(await it.approve('eve')).toBe('done');
      expect(await it.approve('ann')).toBe('already-decided');
      expect(await it.approve('bob')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve eve for ann 0', 'approve bob 1', 'release override'],
    },
  },
  {
    name: 'an approver leaves between the question and the word',
    approval: one,
    async play(it) {
      await it.ask();
      const token = await it.world.tokenOf(it.person('ann'));
      it.leave('ann');
      expect(await it.decide('ann', { decision: 'approve' }, { token })).toBe('unauthenticated');
      expect(await it.approve('bob')).toBe('done');
    },
    wanted: { status: 'released', records: ['verdict supervise', 'approve bob 0', 'release override'] },
  },
  {
    name: 'the word of somebody who left since still counts',
    approval: { stages: [{ name: 'people', approvers: ['$team', '$cid'], quorum: 2 }], expires: LONG },
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('done');
      it.leave('ann');
      expect(await it.approve('bob')).toBe('done');
    },
    wanted: {
      status: 'released',
      records: ['verdict supervise', 'approve ann 0', 'approve bob 0', 'release override'],
    },
  },
  {
    name: 'so many left since that nobody could ask them today: judged again at the release, refused',
    approval: pair,
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('done');
      it.leave('ann');
      expect(await it.approve('bob')).toBe('done');
    },
    wanted: { status: 'refused', records: ['verdict supervise', 'approve ann 0', 'approve bob 0', 'verdict refuse'] },
  },
  {
    name: 'the delegator leaves: nobody stands in for them any more',
    approval: one,
    async play(it) {
      await it.ask();
      await it.delegate('ann', 'eve');
      it.leave('ann');
      expect(await it.approve('eve')).toBe('not-an-approver');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'somebody is taken out of the directory altogether',
    approval: one,
    async play(it) {
      await it.ask();
      const token = await it.world.tokenOf(it.person('ann'));
      it.world.change(it.person('ann'), null);
      expect(await it.decide('ann', { decision: 'approve' }, { token })).toBe('unauthenticated');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'who joins the group after it was asked is not asked',
    approval: one,
    async play(it) {
      await it.ask();
      it.world.change(it.person('eve'), { groups: [`${it.tag}-team`] });
      expect(await it.approve('eve')).toBe('not-an-approver');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'a key is not a person',
    approval: one,
    async play(it) {
      await it.ask();
      const token = it.world.stack.stack.firstKey ?? '';
      expect(await it.decide('ann', { decision: 'approve' }, { token })).toBe('not-an-approver');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'a person of another tenant of the same name',
    approval: one,
    async play(it) {
      await it.ask();
      const token = await it.world.tokenOf(it.person('ann'), 'other');
      expect(await it.decide('ann', { decision: 'approve' }, { token })).toBe('unauthenticated');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'an approver of another action',
    approval: one,
    async play(it) {
      await it.ask();
      const token = await it.world.tokenOf(RISK);
      expect(await it.decide('ann', { decision: 'approve' }, { token })).toBe('not-an-approver');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'through a door that policy closed',
    approval: { ...one, via: ['console'] },
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('door-closed');
      const headers = { 'countersign-door': 'cli' };
      expect(await it.decide('ann', { decision: 'refuse', reason: 'no' }, { headers })).toBe('door-closed');
    },
    wanted: { status: 'supervised', records: WAITING },
  },
  {
    name: 'without the passkey that a stage asks for',
    approval: { stages: [{ name: 'finance', approvers: ['$team'], assurance: 'passkey' }], expires: LONG },
    async play(it) {
      await it.ask();
      expect(await it.approve('ann')).toBe('door-closed');
      expect(await it.question('ann')).toBe('done');
    },
    wanted: { status: 'supervised', records: ['verdict supervise', 'return ann 0'] },
  },
  {
    name: 'a claim to decide for somebody, in the body, is not a field of it',
    approval: two,
    async play(it) {
      await it.ask();
      expect(await it.decide('eve', { decision: 'approve', by: it.person('ann') })).toBe('invalid-request');
      expect(await it.decide('eve', { decision: 'approve', delegation: { from: it.person('ann') } })).toBe(
        'invalid-request',
      );
    },
    wanted: { status: 'supervised', records: WAITING },
  },
];
