/** Who may decide: four eyes, delegations, departures, doors, passkeys, reasons. */
import {
  AGENT,
  AUDITOR,
  CFO,
  DUTY,
  HOUR,
  LEAD,
  MINUTE,
  REQUESTER,
  RISK,
  ask,
  approve,
  extend,
  plan,
  refuse,
  stage,
  tick,
  under,
  type Scenario,
} from '../kit.ts';

const simple = plan([stage()]);
const pair = plan([stage({ quorum: 2 })]);
/** The CFO is asked in both stages. */
const twice = [stage(), stage({ name: 'board', approvers: [CFO, RISK] })];

export const people: Scenario[] = [
  {
    name: 'a stranger approves',
    plan: simple,
    timeline: [[MINUTE, approve(AUDITOR)]],
    wanted: { status: 'open', refusals: ['not-an-approver'], effects: [] },
  },
  {
    name: 'the requester approves',
    plan: simple,
    timeline: [
      [MINUTE, approve(REQUESTER)],
      [MINUTE, approve(AGENT)],
    ],
    wanted: { status: 'open', refusals: ['own-request', 'own-request'], effects: [] },
  },
  {
    name: 'the requester is in the group that decides: policy’s list does not help',
    plan: plan([stage({ approvers: [LEAD, REQUESTER] })]),
    timeline: [
      [MINUTE, approve(REQUESTER)],
      [4 * HOUR, tick],
    ],
    wanted: { status: 'expired', refusals: ['own-request'], effects: ['warn 0 finance-lead', 'closed expired'] },
  },
  {
    name: 'the requester can neither refuse, return nor extend as an approver',
    plan: plan([stage({ approvers: [LEAD, REQUESTER] })], { extendUpToMs: 24 * HOUR }),
    timeline: [
      [MINUTE, refuse(REQUESTER)],
      [MINUTE, ask(REQUESTER)],
      [MINUTE, extend(REQUESTER, 5 * HOUR)],
    ],
    wanted: { status: 'open', refusals: ['own-request', 'own-request', 'own-request'], effects: [] },
  },
  {
    name: 'without four eyes the requester may decide, if named',
    plan: plan([stage({ approvers: [REQUESTER] })], { fourEyes: false, excluded: [] }),
    timeline: [[MINUTE, approve(REQUESTER)]],
    wanted: { status: 'approved', effects: ['approve 0 requester 1/1', 'closed approved'] },
  },
  {
    name: 'the same human in two stages',
    plan: plan(twice),
    timeline: [
      [MINUTE, approve(CFO)],
      [2 * MINUTE, approve(CFO)],
      [3 * MINUTE, approve(RISK)],
    ],
    wanted: {
      status: 'approved',
      refusals: ['already-decided'],
      effects: ['approve 0 cfo 1/1', 'stage-opened 1', 'approve 1 risk-officer 1/1', 'closed approved'],
    },
  },
  {
    name: 'the same human in two stages, where policy says so',
    plan: plan(twice, { fourEyes: false, excluded: [] }),
    timeline: [
      [MINUTE, approve(CFO)],
      [2 * MINUTE, approve(CFO)],
    ],
    wanted: {
      status: 'approved',
      effects: ['approve 0 cfo 1/1', 'stage-opened 1', 'approve 1 cfo 1/1', 'closed approved'],
    },
  },
  {
    name: 'without four eyes too, nobody counts twice in one stage',
    plan: plan([stage({ quorum: 2 })], { fourEyes: false, excluded: [] }),
    timeline: [
      [MINUTE, approve(CFO)],
      [2 * MINUTE, approve(CFO)],
    ],
    wanted: { status: 'open', refusals: ['already-decided'], effects: ['approve 0 cfo 1/2'] },
  },
  {
    name: 'under a delegation',
    plan: simple,
    timeline: [[MINUTE, approve(DUTY, under(CFO))]],
    wanted: { status: 'approved', effects: ['approve 0 duty-manager 1/1', 'closed approved'] },
  },
  {
    name: 'a delegation from somebody who is not asked',
    plan: simple,
    timeline: [[MINUTE, approve(DUTY, under(RISK))]],
    wanted: { status: 'open', refusals: ['not-an-approver'], effects: [] },
  },
  {
    name: 'a delegation from the requester',
    plan: simple,
    timeline: [[MINUTE, approve(CFO, under(REQUESTER))]],
    wanted: { status: 'open', refusals: ['own-request'], effects: [] },
  },
  {
    name: 'a delegation to the requester',
    plan: simple,
    timeline: [[MINUTE, approve(REQUESTER, under(CFO))]],
    wanted: { status: 'open', refusals: ['own-request'], effects: [] },
  },
  {
    name: 'the requester’s delegate, on their own authority',
    plan: simple,
    timeline: [
      [MINUTE, approve(CFO, { standsInFor: [REQUESTER] })],
      [2 * MINUTE, approve(LEAD, { standsInFor: [RISK] })],
    ],
    wanted: {
      status: 'approved',
      refusals: ['own-request'],
      effects: ['approve 0 finance-lead 1/1', 'closed approved'],
    },
  },
  {
    name: 'the delegate decides, then the delegator: one word',
    plan: pair,
    timeline: [
      [MINUTE, approve(DUTY, under(CFO))],
      [2 * MINUTE, approve(CFO)],
    ],
    wanted: { status: 'open', refusals: ['already-decided'], effects: ['approve 0 duty-manager 1/2'] },
  },
  {
    name: 'the delegator decides, then the delegate: one word',
    plan: pair,
    timeline: [
      [MINUTE, approve(CFO)],
      [2 * MINUTE, approve(DUTY, under(CFO))],
    ],
    wanted: { status: 'open', refusals: ['already-decided'], effects: ['approve 0 cfo 1/2'] },
  },
  {
    name: 'one delegate for both of two approvers is still one human',
    plan: pair,
    timeline: [
      [MINUTE, approve(DUTY, under(CFO))],
      [2 * MINUTE, approve(DUTY, under(LEAD))],
      [3 * MINUTE, approve(LEAD)],
    ],
    wanted: {
      status: 'approved',
      refusals: ['already-decided'],
      effects: ['approve 0 duty-manager 1/2', 'approve 0 finance-lead 2/2', 'closed approved'],
    },
  },
  {
    name: 'one approver decides for the other, and then for themselves: one human, and the quorum is out of reach',
    plan: pair,
    timeline: [
      [MINUTE, approve(LEAD, under(CFO))],
      [2 * MINUTE, approve(LEAD)],
    ],
    wanted: {
      status: 'open',
      refusals: ['already-decided'],
      effects: ['approve 0 finance-lead 1/2', 'short 0 by 1'],
    },
  },
  {
    name: 'a delegate in the first stage, the delegator in the second',
    plan: plan(twice),
    timeline: [
      [MINUTE, approve(DUTY, under(CFO))],
      [2 * MINUTE, approve(CFO)],
      [3 * MINUTE, approve(DUTY, under(RISK))],
      [4 * MINUTE, approve(RISK)],
    ],
    wanted: {
      status: 'approved',
      refusals: ['already-decided', 'already-decided'],
      effects: ['approve 0 duty-manager 1/1', 'stage-opened 1', 'approve 1 risk-officer 1/1', 'closed approved'],
    },
  },
  {
    name: 'somebody who left, or whose delegation ended',
    plan: simple,
    timeline: [
      [MINUTE, approve(LEAD, { standing: false })],
      [2 * MINUTE, approve(DUTY, { ...under(CFO), standing: false })],
      [3 * MINUTE, approve(CFO)],
    ],
    wanted: {
      status: 'approved',
      refusals: ['not-an-approver', 'not-an-approver'],
      effects: ['approve 0 cfo 1/1', 'closed approved'],
    },
  },
  {
    name: 'through a door that policy closed',
    plan: plan([stage()], { via: ['console'] }),
    timeline: [
      [MINUTE, approve(LEAD)],
      [MINUTE, refuse(LEAD, { via: 'api' })],
      [2 * MINUTE, approve(LEAD, { via: 'console' })],
    ],
    wanted: {
      status: 'approved',
      refusals: ['door-closed', 'door-closed'],
      effects: ['approve 0 finance-lead 1/1', 'closed approved'],
    },
  },
  {
    name: 'without the passkey that the stage asks for',
    plan: plan([stage({ assurance: 'passkey' })]),
    timeline: [
      [MINUTE, approve(LEAD, { via: 'console' })],
      [MINUTE, refuse(LEAD)],
      [2 * MINUTE, ask(LEAD)],
      [3 * MINUTE, approve(LEAD, { via: 'console', assured: true })],
    ],
    wanted: {
      status: 'approved',
      refusals: ['door-closed', 'door-closed'],
      effects: ['returned finance-lead', 'approve 0 finance-lead 1/1', 'closed approved'],
    },
  },
  {
    name: 'only the second stage asks for a passkey',
    plan: plan([stage(), stage({ name: 'board', approvers: [RISK], assurance: 'passkey' })]),
    timeline: [
      [MINUTE, approve(LEAD)],
      [2 * MINUTE, approve(RISK)],
    ],
    wanted: {
      status: 'open',
      stage: 1,
      refusals: ['door-closed'],
      effects: ['approve 0 finance-lead 1/1', 'stage-opened 1'],
    },
  },
  {
    name: 'refused without a reason',
    plan: simple,
    timeline: [
      [MINUTE, refuse(LEAD, { reason: null })],
      [MINUTE, refuse(LEAD, { reason: '  ' })],
    ],
    wanted: { status: 'open', refusals: ['reason-required', 'reason-required'], effects: [] },
  },
  {
    name: 'approved without the reason that policy asks for',
    plan: plan([stage()], { reason: 'required' }),
    timeline: [
      [MINUTE, approve(LEAD)],
      [2 * MINUTE, approve(LEAD, { reason: 'the customer was charged twice' })],
    ],
    wanted: {
      status: 'approved',
      refusals: ['reason-required'],
      effects: ['approve 0 finance-lead 1/1', 'closed approved'],
    },
  },
  {
    name: 'returned without a question',
    plan: simple,
    timeline: [[MINUTE, ask(LEAD, { reason: null })]],
    wanted: { status: 'open', refusals: ['reason-required'], effects: [] },
  },
];
