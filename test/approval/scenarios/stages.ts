/** Stages, quorums, refusals, and what comes too late or twice. */
import {
  AUDITOR,
  CFO,
  DUTY,
  HOUR,
  LEAD,
  MINUTE,
  RISK,
  approve,
  cancel,
  plan,
  refuse,
  stage,
  tick,
  type Scenario,
} from '../kit.ts';

const security = stage({ name: 'security', refs: ['group:security'], approvers: [DUTY, RISK] });
const two = plan([stage(), security]);
const pair = plan([stage({ quorum: 2 })]);
const trio = stage({ quorum: 2, approvers: [CFO, LEAD, RISK] });

export const stages: Scenario[] = [
  {
    name: 'one stage, one of two approves',
    plan: plan([stage()]),
    timeline: [[MINUTE, approve(LEAD)]],
    wanted: { status: 'approved', effects: ['approve 0 finance-lead 1/1', 'closed approved'] },
  },
  {
    name: 'one stage, one of two refuses',
    plan: plan([stage()]),
    timeline: [[MINUTE, refuse(CFO)]],
    wanted: { status: 'refused', effects: ['refuse 0 cfo 0/1', 'closed refused'] },
  },
  {
    name: 'two of two: the first alone releases nothing',
    plan: pair,
    timeline: [[MINUTE, approve(LEAD)]],
    wanted: { status: 'open', effects: ['approve 0 finance-lead 1/2'] },
  },
  {
    name: 'two of two: both approve',
    plan: pair,
    timeline: [
      [MINUTE, approve(LEAD)],
      [2 * MINUTE, approve(CFO)],
    ],
    wanted: { status: 'approved', effects: ['approve 0 finance-lead 1/2', 'approve 0 cfo 2/2', 'closed approved'] },
  },
  {
    name: 'two of two: the same click twice counts once',
    plan: pair,
    timeline: [
      [MINUTE, approve(LEAD)],
      [MINUTE, approve(LEAD)],
    ],
    wanted: { status: 'open', refusals: ['already-decided'], effects: ['approve 0 finance-lead 1/2'] },
  },
  {
    name: 'one of two: the same click twice, the second is too late',
    plan: plan([stage()]),
    timeline: [
      [MINUTE, approve(LEAD)],
      [MINUTE, approve(LEAD)],
    ],
    wanted: {
      status: 'approved',
      refusals: ['not-open'],
      effects: ['approve 0 finance-lead 1/1', 'closed approved'],
    },
  },
  {
    name: 'two people at once, one of them approves and the other refuses: the first counts',
    plan: plan([stage()]),
    timeline: [
      [MINUTE, approve(LEAD)],
      [MINUTE, refuse(CFO)],
    ],
    wanted: {
      status: 'approved',
      refusals: ['not-open'],
      effects: ['approve 0 finance-lead 1/1', 'closed approved'],
    },
  },
  {
    name: 'two people at once, the refusal is first',
    plan: plan([stage()]),
    timeline: [
      [MINUTE, refuse(CFO)],
      [MINUTE, approve(LEAD)],
    ],
    wanted: { status: 'refused', refusals: ['not-open'], effects: ['refuse 0 cfo 0/1', 'closed refused'] },
  },
  {
    name: 'two of two: approved once, then refused',
    plan: pair,
    timeline: [
      [MINUTE, approve(LEAD)],
      [2 * MINUTE, refuse(CFO)],
    ],
    wanted: { status: 'refused', effects: ['approve 0 finance-lead 1/2', 'refuse 0 cfo 1/2', 'closed refused'] },
  },
  {
    name: 'nobody changes their mind: refused after approving does not count',
    plan: pair,
    timeline: [
      [MINUTE, approve(LEAD)],
      [2 * MINUTE, refuse(LEAD)],
    ],
    wanted: { status: 'open', refusals: ['already-decided'], effects: ['approve 0 finance-lead 1/2'] },
  },
  {
    name: 'two of three: one refusal is enough',
    plan: plan([trio]),
    timeline: [
      [MINUTE, approve(LEAD)],
      [2 * MINUTE, refuse(RISK)],
    ],
    wanted: {
      status: 'refused',
      effects: ['approve 0 finance-lead 1/2', 'refuse 0 risk-officer 1/2', 'closed refused'],
    },
  },
  {
    name: 'two of three with two refusals: outvoted, it is approved',
    plan: plan([{ ...trio, refusals: 2 }]),
    timeline: [
      [MINUTE, refuse(RISK)],
      [2 * MINUTE, approve(LEAD)],
      [3 * MINUTE, approve(CFO)],
    ],
    wanted: {
      status: 'approved',
      effects: ['refuse 0 risk-officer 0/2', 'approve 0 finance-lead 1/2', 'approve 0 cfo 2/2', 'closed approved'],
    },
  },
  {
    name: 'two of three with two refusals: both refuse',
    plan: plan([{ ...trio, refusals: 2 }]),
    timeline: [
      [MINUTE, refuse(RISK)],
      [2 * MINUTE, refuse(LEAD)],
    ],
    wanted: {
      status: 'refused',
      effects: ['refuse 0 risk-officer 0/2', 'refuse 0 finance-lead 0/2', 'closed refused'],
    },
  },
  {
    name: 'who refused below the quorum of refusals cannot approve afterwards',
    plan: plan([{ ...trio, refusals: 2 }]),
    timeline: [
      [MINUTE, refuse(RISK)],
      [2 * MINUTE, approve(RISK)],
    ],
    wanted: { status: 'open', refusals: ['already-decided'], effects: ['refuse 0 risk-officer 0/2'] },
  },
  {
    name: 'the quorum can no longer be reached: it is said, and it expires',
    plan: plan([stage({ quorum: 2, refusals: 2 })]),
    timeline: [
      [MINUTE, refuse(CFO)],
      [4 * HOUR, tick],
    ],
    wanted: {
      status: 'expired',
      effects: ['refuse 0 cfo 0/2', 'short 0 by 1', 'warn 0 finance-lead', 'closed expired'],
    },
  },
  {
    name: 'two stages, one after the other',
    plan: two,
    timeline: [
      [MINUTE, approve(LEAD)],
      [2 * MINUTE, approve(RISK)],
    ],
    wanted: {
      status: 'approved',
      stage: 1,
      effects: ['approve 0 finance-lead 1/1', 'stage-opened 1', 'approve 1 risk-officer 1/1', 'closed approved'],
    },
  },
  {
    name: 'two stages: the first alone releases nothing',
    plan: two,
    timeline: [[MINUTE, approve(LEAD)]],
    wanted: { status: 'open', stage: 1, effects: ['approve 0 finance-lead 1/1', 'stage-opened 1'] },
  },
  {
    name: 'two stages: the second refuses',
    plan: two,
    timeline: [
      [MINUTE, approve(LEAD)],
      [2 * MINUTE, refuse(DUTY)],
    ],
    wanted: {
      status: 'refused',
      effects: ['approve 0 finance-lead 1/1', 'stage-opened 1', 'refuse 1 duty-manager 0/1', 'closed refused'],
    },
  },
  {
    name: 'two stages: who is asked later cannot decide earlier',
    plan: two,
    timeline: [[MINUTE, approve(RISK)]],
    wanted: { status: 'open', stage: 0, refusals: ['not-an-approver'], effects: [] },
  },
  {
    name: 'two stages: a click for the second before it opens',
    plan: two,
    timeline: [[MINUTE, approve(RISK, { stage: 1 })]],
    wanted: { status: 'open', stage: 0, refusals: ['not-open'], effects: [] },
  },
  {
    name: 'two stages: a late click for the first, by the one who decided it',
    plan: two,
    timeline: [
      [MINUTE, approve(LEAD, { stage: 0 })],
      [2 * MINUTE, approve(LEAD, { stage: 0 })],
    ],
    wanted: {
      status: 'open',
      stage: 1,
      refusals: ['already-decided'],
      effects: ['approve 0 finance-lead 1/1', 'stage-opened 1'],
    },
  },
  {
    name: 'two stages: a late click for the first, by another of its approvers',
    plan: two,
    timeline: [
      [MINUTE, approve(LEAD, { stage: 0 })],
      [2 * MINUTE, approve(CFO, { stage: 0 })],
    ],
    wanted: {
      status: 'open',
      stage: 1,
      refusals: ['not-open'],
      effects: ['approve 0 finance-lead 1/1', 'stage-opened 1'],
    },
  },
  {
    name: 'a stage that the plan does not have',
    plan: two,
    timeline: [
      [MINUTE, approve(LEAD, { stage: 7 })],
      [MINUTE, approve(LEAD, { stage: -1 })],
      [MINUTE, approve(LEAD, { stage: 0.5 })],
    ],
    wanted: { status: 'open', refusals: ['invalid-request', 'invalid-request', 'invalid-request'], effects: [] },
  },
  {
    name: 'three stages with quorums 1, 2, 1',
    plan: plan([
      stage({ name: 'team', approvers: [AUDITOR] }),
      stage({ quorum: 2 }),
      stage({ name: 'risk', approvers: [RISK, DUTY] }),
    ]),
    timeline: [
      [MINUTE, approve(AUDITOR)],
      [2 * MINUTE, approve(CFO)],
      [3 * MINUTE, approve(LEAD)],
      [4 * MINUTE, approve(DUTY)],
    ],
    wanted: {
      status: 'approved',
      stage: 2,
      effects: [
        'approve 0 auditor 1/1',
        'stage-opened 1',
        'approve 1 cfo 1/2',
        'approve 1 finance-lead 2/2',
        'stage-opened 2',
        'approve 2 duty-manager 1/1',
        'closed approved',
      ],
    },
  },
  {
    name: 'the requester withdraws it',
    plan: two,
    timeline: [
      [MINUTE, cancel],
      [2 * MINUTE, approve(LEAD)],
    ],
    wanted: { status: 'cancelled', refusals: ['not-open'], effects: ['closed cancelled'] },
  },
  {
    name: 'withdrawn after it was approved: too late',
    plan: plan([stage()]),
    timeline: [
      [MINUTE, approve(LEAD)],
      [2 * MINUTE, cancel],
    ],
    wanted: {
      status: 'approved',
      refusals: ['not-open'],
      effects: ['approve 0 finance-lead 1/1', 'closed approved'],
    },
  },
];
