/** Reminders, warnings, escalation, people out of reach, extension, expiry, downtime. */
import {
  AUDITOR,
  CFO,
  COMMANDER,
  DAY,
  DUTY,
  HOUR,
  LEAD,
  MINUTE,
  REQUESTER,
  RISK,
  approve,
  extend,
  plan,
  refuse,
  stage,
  tick,
  to,
  under,
  unreachable,
  type Scenario,
} from '../kit.ts';

const simple = plan([stage()]);
const timed = stage({ approvers: [LEAD], remindMs: 15 * MINUTE, escalate: to(HOUR, CFO) });
const full = plan([timed], { extendUpToMs: DAY });
/** Everything that time does to a stage of one before it expires. */
const ALL = ['remind 0 finance-lead', 'escalate 0 cfo (time)', 'warn 0 finance-lead,cfo'];

export const time: Scenario[] = [
  {
    name: 'nobody decides: warned when a fifth of the wait is left, then refused by expiry',
    plan: simple,
    timeline: [
      [192 * MINUTE - 1, tick],
      [192 * MINUTE, tick],
      [4 * HOUR - 1, tick],
      [4 * HOUR, tick],
    ],
    wanted: { status: 'expired', effects: ['warn 0 cfo,finance-lead', 'closed expired'] },
  },
  {
    name: 'a moment before the warning',
    plan: simple,
    timeline: [[192 * MINUTE - 1, tick]],
    wanted: { status: 'open', effects: [] },
  },
  {
    name: 'a wait of ten minutes warns at half of it',
    plan: plan([stage()], { expiresMs: 10 * MINUTE }),
    timeline: [[5 * MINUTE, tick]],
    wanted: { status: 'open', effects: ['warn 0 cfo,finance-lead'] },
  },
  {
    name: 'a wait of twenty minutes warns five minutes before its end',
    plan: plan([stage()], { expiresMs: 20 * MINUTE }),
    timeline: [
      [15 * MINUTE - 1, tick],
      [15 * MINUTE, tick],
    ],
    wanted: { status: 'open', effects: ['warn 0 cfo,finance-lead'] },
  },
  {
    name: 'approved in the last millisecond',
    plan: simple,
    timeline: [[4 * HOUR - 1, approve(LEAD)]],
    wanted: {
      status: 'approved',
      effects: ['warn 0 cfo,finance-lead', 'approve 0 finance-lead 1/1', 'closed approved'],
    },
  },
  {
    name: 'approved at the very moment of expiry: expired',
    plan: simple,
    late: true,
    timeline: [[4 * HOUR, approve(LEAD)]],
    wanted: { status: 'expired', refusals: ['not-open'], effects: ['closed expired'] },
  },
  {
    name: 'a reminder, an escalation, a warning, each once and in order',
    plan: full,
    timeline: [
      [15 * MINUTE, tick],
      [16 * MINUTE, tick],
      [HOUR, tick],
      [2 * HOUR, tick],
      [3.5 * HOUR, tick],
      [4 * HOUR, tick],
      [5 * HOUR, tick],
    ],
    wanted: { status: 'expired', effects: [...ALL, 'closed expired'] },
  },
  {
    name: 'three days of downtime: expired, and nothing asks for a decision any more',
    plan: full,
    late: true,
    timeline: [[3 * DAY, tick]],
    wanted: { status: 'expired', effects: ['closed expired'] },
  },
  {
    name: 'downtime that ends before the expiry: everything due, in order',
    plan: full,
    late: true,
    timeline: [[3.9 * HOUR, tick]],
    wanted: { status: 'open', effects: ALL },
  },
  {
    name: 'a decision is the first thing after downtime: no reminder of what is done',
    plan: full,
    late: true,
    timeline: [[2 * HOUR, approve(LEAD)]],
    wanted: { status: 'approved', effects: ['approve 0 finance-lead 1/1', 'closed approved'] },
  },
  {
    name: 'after downtime the escalated person may decide at once',
    plan: full,
    late: true,
    timeline: [[2 * HOUR, approve(CFO)]],
    wanted: { status: 'approved', effects: ['approve 0 cfo 1/1', 'closed approved'] },
  },
  {
    name: 'an extension is the first thing after downtime: the warning it overtakes is not told',
    plan: full,
    late: true,
    timeline: [[3.5 * HOUR, extend(LEAD, 8 * HOUR)]],
    wanted: {
      status: 'open',
      expiresAt: 8 * HOUR,
      effects: ['escalate 0 cfo (time)', 'extended finance-lead'],
    },
  },
  {
    name: 'the escalated person cannot decide before the escalation',
    plan: full,
    timeline: [[HOUR - 1, approve(CFO)]],
    wanted: { status: 'open', refusals: ['not-an-approver'], effects: ['remind 0 finance-lead'] },
  },
  {
    name: 'escalation adds, it does not replace: the first person still decides',
    plan: full,
    timeline: [[2 * HOUR, approve(LEAD)]],
    wanted: {
      status: 'approved',
      effects: [...ALL.slice(0, 2), 'approve 0 finance-lead 1/1', 'closed approved'],
    },
  },
  {
    name: 'a reminder goes to those who have not decided',
    plan: plan([stage({ quorum: 2, remindMs: 15 * MINUTE })]),
    timeline: [
      [MINUTE, approve(LEAD)],
      [HOUR, tick],
    ],
    wanted: { status: 'open', effects: ['approve 0 finance-lead 1/2', 'remind 0 cfo'] },
  },
  {
    name: 'the clocks of a stage start when it opens',
    plan: plan([stage(), { ...timed, name: 'second', approvers: [RISK] }]),
    timeline: [
      [2 * HOUR, approve(LEAD)],
      [2 * HOUR + 15 * MINUTE, tick],
      [3 * HOUR, tick],
    ],
    wanted: {
      status: 'open',
      stage: 1,
      effects: ['approve 0 finance-lead 1/1', 'stage-opened 1', 'remind 1 risk-officer', 'escalate 1 cfo (time)'],
    },
  },
  {
    name: 'a new stage does not prolong the wait',
    plan: plan([stage(), stage({ name: 'second', approvers: [RISK] })]),
    timeline: [
      [3.9 * HOUR, approve(LEAD)],
      [4 * HOUR, approve(RISK)],
    ],
    wanted: {
      status: 'expired',
      stage: 1,
      refusals: ['not-open'],
      effects: ['warn 0 cfo,finance-lead', 'approve 0 finance-lead 1/1', 'stage-opened 1', 'closed expired'],
    },
  },
  {
    name: 'an escalation after the expiry never happens',
    plan: plan([stage({ escalate: to(5 * HOUR, RISK) })]),
    timeline: [[DAY, tick]],
    wanted: { status: 'expired', effects: ['warn 0 cfo,finance-lead', 'closed expired'] },
  },
  {
    name: 'an escalation and a reminder due at the very moment of expiry never happen',
    plan: plan([stage({ remindMs: 4 * HOUR, escalate: to(4 * HOUR, RISK) })]),
    timeline: [
      [4 * HOUR, tick],
      [5 * HOUR, approve(RISK)],
    ],
    wanted: {
      status: 'expired',
      refusals: ['not-open'],
      effects: ['warn 0 cfo,finance-lead', 'closed expired'],
      escalated: false,
    },
  },
  {
    name: 'due at the same moment: the reminder, the escalation, the warning, in this order',
    plan: plan([stage({ remindMs: 192 * MINUTE, escalate: to(192 * MINUTE, RISK) })]),
    timeline: [[192 * MINUTE, tick]],
    wanted: {
      status: 'open',
      effects: ['remind 0 cfo,finance-lead', 'escalate 0 risk-officer (time)', 'warn 0 cfo,finance-lead,risk-officer'],
      escalated: true,
    },
  },
  {
    name: 'an escalation after the first expiry happens when the wait was extended',
    plan: plan([stage({ escalate: to(5 * HOUR, RISK) })], { extendUpToMs: DAY }),
    timeline: [
      [HOUR, extend(LEAD, 12 * HOUR)],
      [6 * HOUR, approve(RISK)],
    ],
    wanted: {
      status: 'approved',
      effects: [
        'extended finance-lead',
        'escalate 0 risk-officer (time)',
        'approve 0 risk-officer 1/1',
        'closed approved',
      ],
    },
  },
  {
    name: 'an escalation that leads only to the requester says so',
    plan: plan([stage({ approvers: [LEAD], escalate: to(HOUR, REQUESTER) })]),
    timeline: [
      [HOUR, tick],
      [2 * HOUR, approve(REQUESTER)],
    ],
    wanted: { status: 'open', refusals: ['own-request'], effects: ['escalate 0 nobody, not requester (time)'] },
  },
  {
    name: 'an escalation to somebody who decided in an earlier stage names them as unable',
    plan: plan([stage(), stage({ name: 'second', approvers: [RISK], escalate: to(HOUR, CFO, DUTY) })]),
    timeline: [
      [MINUTE, approve(CFO)],
      [HOUR + MINUTE, tick],
    ],
    wanted: {
      status: 'open',
      effects: ['approve 0 cfo 1/1', 'stage-opened 1', 'escalate 1 duty-manager, not cfo (time)'],
    },
  },
  {
    name: 'an approver cannot be reached: more are asked at once',
    plan: full,
    timeline: [
      [MINUTE, unreachable(LEAD)],
      [2 * MINUTE, approve(CFO)],
    ],
    wanted: {
      status: 'approved',
      effects: ['unreachable 0 finance-lead', 'escalate 0 cfo (unreachable)', 'approve 0 cfo 1/1', 'closed approved'],
    },
  },
  {
    name: 'who cannot be reached in Slack may still decide elsewhere, and is not reminded',
    plan: plan([stage({ remindMs: 15 * MINUTE })]),
    timeline: [
      [MINUTE, unreachable(LEAD)],
      [HOUR, tick],
      [2 * HOUR, approve(LEAD, { via: 'console' })],
    ],
    wanted: {
      status: 'approved',
      effects: ['unreachable 0 finance-lead', 'remind 0 cfo', 'approve 0 finance-lead 1/1', 'closed approved'],
    },
  },
  {
    name: 'said twice that somebody cannot be reached: told once',
    plan: full,
    timeline: [
      [MINUTE, unreachable(LEAD, LEAD)],
      [2 * MINUTE, unreachable(LEAD)],
      [3 * MINUTE, unreachable('#finance-approvals', AUDITOR)],
    ],
    wanted: { status: 'open', effects: ['unreachable 0 finance-lead', 'escalate 0 cfo (unreachable)'] },
  },
  {
    name: 'nobody can be reached and nobody else is named: it expires',
    plan: simple,
    timeline: [
      [MINUTE, unreachable(LEAD, CFO)],
      [4 * HOUR, tick],
    ],
    wanted: { status: 'expired', effects: ['unreachable 0 finance-lead,cfo', 'warn 0 nobody', 'closed expired'] },
  },
  {
    name: 'somebody of a later stage cannot be reached: escalated when that stage opens',
    plan: plan([stage(), stage({ name: 'second', approvers: [RISK], escalate: to(HOUR, DUTY) })]),
    timeline: [
      [MINUTE, unreachable(RISK)],
      [2 * MINUTE, approve(LEAD)],
    ],
    wanted: {
      status: 'open',
      stage: 1,
      effects: [
        'unreachable 0 risk-officer',
        'approve 0 finance-lead 1/1',
        'stage-opened 1',
        'escalate 1 duty-manager (unreachable)',
      ],
    },
  },
  {
    name: 'too few are left for the quorum: more are asked at once',
    plan: plan([stage({ quorum: 2, refusals: 2, escalate: to(2 * HOUR, RISK) })]),
    timeline: [
      [MINUTE, refuse(CFO)],
      [2 * MINUTE, approve(LEAD)],
      [3 * MINUTE, approve(RISK)],
    ],
    wanted: {
      status: 'approved',
      effects: [
        'refuse 0 cfo 0/2',
        'escalate 0 risk-officer (too-few)',
        'approve 0 finance-lead 1/2',
        'approve 0 risk-officer 2/2',
        'closed approved',
      ],
    },
  },
  {
    name: 'too few even with everyone of the escalation: it is said, and it expires',
    plan: plan([stage({ quorum: 2, refusals: 3, escalate: to(2 * HOUR, LEAD) })]),
    timeline: [
      [MINUTE, refuse(CFO)],
      [4 * HOUR, tick],
    ],
    wanted: {
      status: 'expired',
      effects: [
        'refuse 0 cfo 0/2',
        'escalate 0 nobody (too-few)',
        'short 0 by 1',
        'warn 0 finance-lead',
        'closed expired',
      ],
    },
  },
  {
    name: 'four eyes leave the second stage with too few: more are asked as it opens',
    plan: plan([stage(), stage({ name: 'second', approvers: [CFO], escalate: to(HOUR, COMMANDER) })]),
    timeline: [[MINUTE, approve(CFO)]],
    wanted: {
      status: 'open',
      stage: 1,
      effects: ['approve 0 cfo 1/1', 'stage-opened 1', 'escalate 1 incident-commander (too-few)'],
    },
  },
  {
    name: 'the second stage can never be decided: it is said, and it expires',
    plan: plan([stage(), stage({ name: 'second', approvers: [CFO] })]),
    timeline: [
      [MINUTE, approve(CFO)],
      [4 * HOUR, tick],
    ],
    wanted: {
      status: 'expired',
      stage: 1,
      effects: ['approve 0 cfo 1/1', 'stage-opened 1', 'short 1 by 1', 'warn 1 nobody', 'closed expired'],
    },
  },
  {
    name: 'extended, warned again, approved after the first expiry',
    plan: full,
    timeline: [
      [3.5 * HOUR, extend(LEAD, 8 * HOUR)],
      [7.5 * HOUR, approve(CFO)],
    ],
    wanted: {
      status: 'approved',
      expiresAt: 8 * HOUR,
      effects: [...ALL, 'extended finance-lead', 'warn 0 finance-lead,cfo', 'approve 0 cfo 1/1', 'closed approved'],
    },
  },
  {
    name: 'extended to the limit exactly, and not a millisecond further',
    plan: full,
    timeline: [
      [MINUTE, extend(LEAD, DAY)],
      [2 * MINUTE, extend(LEAD, DAY + 1)],
    ],
    wanted: { status: 'open', expiresAt: DAY, refusals: ['change-not-allowed'], effects: ['extended finance-lead'] },
  },
  {
    name: 'never shortened, never without a time',
    plan: full,
    timeline: [
      [MINUTE, extend(LEAD, 3 * HOUR)],
      [MINUTE, extend(LEAD, 4 * HOUR)],
      [MINUTE, extend(LEAD, 5 * HOUR, { until: null })],
    ],
    wanted: {
      status: 'open',
      expiresAt: 4 * HOUR,
      refusals: ['invalid-request', 'invalid-request', 'invalid-request'],
      effects: [],
    },
  },
  {
    name: 'not extended where policy does not let it',
    plan: simple,
    timeline: [[MINUTE, extend(LEAD, 5 * HOUR)]],
    wanted: { status: 'open', expiresAt: 4 * HOUR, refusals: ['change-not-allowed'], effects: [] },
  },
  {
    name: 'not extended by a stranger, nor through a closed door; a delegate may',
    plan: plan([stage()], { extendUpToMs: DAY, via: ['console'] }),
    timeline: [
      [MINUTE, extend(AUDITOR, 5 * HOUR, { via: 'console' })],
      [MINUTE, extend(LEAD, 5 * HOUR)],
      [MINUTE, extend(AUDITOR, 5 * HOUR, { via: 'console', ...under(LEAD) })],
    ],
    wanted: {
      status: 'open',
      expiresAt: 5 * HOUR,
      refusals: ['not-an-approver', 'door-closed'],
      effects: ['extended auditor'],
    },
  },
  {
    name: 'extended too late: expired',
    plan: full,
    late: true,
    timeline: [[4 * HOUR, extend(LEAD, 8 * HOUR)]],
    wanted: { status: 'expired', refusals: ['not-open'], effects: ['closed expired'] },
  },
  {
    name: 'extending is not deciding: the same person approves afterwards',
    plan: full,
    timeline: [
      [MINUTE, extend(LEAD, 8 * HOUR)],
      [2 * MINUTE, approve(LEAD)],
    ],
    wanted: { status: 'approved', effects: ['extended finance-lead', 'approve 0 finance-lead 1/1', 'closed approved'] },
  },
];
