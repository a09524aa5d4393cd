/** Decide with changes, return and answer. */
import {
  CFO,
  HOUR,
  LEAD,
  MINUTE,
  RISK,
  answer,
  approve,
  ask,
  cancel,
  changing,
  extend,
  plan,
  refuse,
  stage,
  tick,
  type Scenario,
} from '../kit.ts';
import type { Json } from '../../../src/contract/index.ts';

const AMOUNT = 'params.amount';
const flexible = plan([stage()], { mayChange: [AMOUNT, 'params.currency', 'context.environment'] });
const relay = plan([stage(), stage({ name: 'risk', approvers: [RISK] })], {
  mayChange: [AMOUNT, 'params.currency'],
});
const DONE = ['approve 0 finance-lead 1/1', 'closed approved'];

const lowering = (name: string, from: Json, value: Json): Scenario => ({
  name,
  plan: flexible,
  timeline: [[MINUTE, approve(LEAD, changing(AMOUNT, from, value))]],
  wanted: { status: 'approved', changes: { [AMOUNT]: value }, effects: DONE },
});
const notLowering = (name: string, from: Json, value: Json): Scenario => ({
  name,
  plan: flexible,
  timeline: [[MINUTE, approve(LEAD, changing(AMOUNT, from, value))]],
  wanted: { status: 'open', changes: {}, refusals: ['change-not-allowed'], effects: [] },
});

export const changes: Scenario[] = [
  lowering('lowers the amount', 420.5, 300),
  lowering('lowers the amount by a cent', 420.5, 420.49),
  lowering('lowers the amount to nothing', 420.5, 0),
  lowering('leaves the amount as it is', 420.5, 420.5),
  lowering('lowers an amount that is a decimal string', '420.50', '420.49'),
  lowering('lowers a decimal string by a number', '420.50', 300),
  lowering('lowers what a double cannot tell apart as text', '100000000000000.02', '100000000000000.01'),
  lowering('brings a negative amount nearer to zero', -50, -20),
  notLowering('raises the amount', 420.5, 420.51),
  notLowering('raises an amount that is a decimal string', '420.50', '420.51'),
  notLowering('raises a decimal string where text sorts the other way', '99', '100'),
  notLowering('takes the amount below zero', 420.5, -1),
  notLowering('takes a negative amount further down', -50, -60),
  notLowering('replaces the amount by a word', 420.5, 'all of it'),
  notLowering('replaces the amount by nothing', 420.5, null),
  notLowering('hides a higher amount in an exponent', 420.5, 1e21),
  {
    name: 'sets a field',
    plan: flexible,
    timeline: [[MINUTE, approve(LEAD, changing('params.currency', 'USD', 'EUR'))]],
    wanted: { status: 'approved', changes: { 'params.currency': 'EUR' }, effects: DONE },
  },
  {
    name: 'sets a field that the request left out',
    plan: flexible,
    timeline: [[MINUTE, approve(LEAD, changing(AMOUNT, null, 100))]],
    wanted: { status: 'approved', changes: { [AMOUNT]: 100 }, effects: DONE },
  },
  {
    name: 'changes a field whose old value nobody looked up',
    plan: flexible,
    timeline: [[MINUTE, approve(LEAD, { changes: { [AMOUNT]: 1 } })]],
    wanted: { status: 'open', refusals: ['change-not-allowed'], effects: [] },
  },
  {
    name: 'changes what policy does not name, or something inside or around it',
    plan: flexible,
    timeline: [
      [MINUTE, approve(LEAD, changing('params.account', 'A', 'B'))],
      [MINUTE, approve(LEAD, changing('params.amount.value', 5, 1))],
      [MINUTE, approve(LEAD, changing('params', {}, {}))],
      [MINUTE, approve(LEAD, changing('__proto__', null, 'x'))],
    ],
    wanted: {
      status: 'open',
      refusals: ['change-not-allowed', 'change-not-allowed', 'change-not-allowed', 'change-not-allowed'],
      effects: [],
    },
  },
  {
    name: 'one of two changes is not allowed: neither is made',
    plan: flexible,
    timeline: [
      [
        MINUTE,
        approve(LEAD, {
          changes: { [AMOUNT]: 10, 'params.account': 'B' },
          original: { [AMOUNT]: 20, 'params.account': 'A' },
        }),
      ],
    ],
    wanted: { status: 'open', changes: {}, refusals: ['change-not-allowed'], effects: [] },
  },
  {
    name: 'changes come with an approval only',
    plan: plan([stage()], { mayChange: [AMOUNT], extendUpToMs: 8 * HOUR }),
    timeline: [
      [MINUTE, refuse(LEAD, changing(AMOUNT, 10, 5))],
      [MINUTE, ask(LEAD, changing(AMOUNT, 10, 5))],
      [MINUTE, extend(LEAD, 5 * HOUR, changing(AMOUNT, 10, 5))],
      [MINUTE, approve(LEAD, { until: 5 * HOUR })],
    ],
    wanted: {
      status: 'open',
      refusals: ['change-not-allowed', 'change-not-allowed', 'change-not-allowed', 'invalid-request'],
      effects: [],
    },
  },
  {
    name: 'empty changes are none',
    plan: plan([stage()]),
    timeline: [[MINUTE, approve(LEAD, { changes: {} })]],
    wanted: { status: 'approved', changes: {}, effects: DONE },
  },
  {
    name: 'the second stage lowers further',
    plan: relay,
    timeline: [
      [MINUTE, approve(LEAD, changing(AMOUNT, 400, 300))],
      [2 * MINUTE, approve(RISK, changing(AMOUNT, 400, 200))],
    ],
    wanted: {
      status: 'approved',
      changes: { [AMOUNT]: 200 },
      effects: ['approve 0 finance-lead 1/1', 'stage-opened 1', 'approve 1 risk-officer 1/1', 'closed approved'],
    },
  },
  {
    name: 'the second stage cannot take back what the first lowered',
    plan: relay,
    timeline: [
      [MINUTE, approve(LEAD, changing(AMOUNT, 400, 300))],
      [2 * MINUTE, approve(RISK, changing(AMOUNT, 400, 350))],
    ],
    wanted: {
      status: 'open',
      stage: 1,
      changes: { [AMOUNT]: 300 },
      refusals: ['change-not-allowed'],
      effects: ['approve 0 finance-lead 1/1', 'stage-opened 1'],
    },
  },
  {
    name: 'the second stage cannot set anew what the first set, but may set something else',
    plan: relay,
    timeline: [
      [MINUTE, approve(LEAD, changing('params.currency', 'USD', 'EUR'))],
      [2 * MINUTE, approve(RISK, changing('params.currency', 'USD', 'GBP'))],
      [
        3 * MINUTE,
        approve(RISK, {
          changes: { 'params.currency': 'EUR', [AMOUNT]: 1 },
          original: { 'params.currency': 'USD', [AMOUNT]: 2 },
        }),
      ],
    ],
    wanted: {
      status: 'approved',
      changes: { 'params.currency': 'EUR', [AMOUNT]: 1 },
      refusals: ['change-not-allowed'],
      effects: ['approve 0 finance-lead 1/1', 'stage-opened 1', 'approve 1 risk-officer 1/1', 'closed approved'],
    },
  },
  {
    name: 'returned, answered, approved by the one who asked',
    plan: plan([stage()]),
    timeline: [
      [MINUTE, ask(LEAD)],
      [2 * MINUTE, answer()],
      [3 * MINUTE, approve(LEAD)],
    ],
    wanted: { status: 'approved', effects: ['returned finance-lead', 'answered requester', ...DONE] },
  },
  {
    name: 'while returned the clock runs on',
    plan: plan([stage({ remindMs: HOUR })]),
    timeline: [
      [MINUTE, ask(LEAD)],
      [4 * HOUR, answer()],
    ],
    wanted: {
      status: 'expired',
      refusals: ['not-open'],
      effects: ['returned finance-lead', 'remind 0 cfo,finance-lead', 'warn 0 cfo,finance-lead', 'closed expired'],
    },
  },
  {
    name: 'while returned others may decide',
    plan: plan([stage()]),
    timeline: [
      [MINUTE, ask(LEAD)],
      [2 * MINUTE, approve(CFO)],
    ],
    wanted: { status: 'approved', effects: ['returned finance-lead', 'approve 0 cfo 1/1', 'closed approved'] },
  },
  {
    name: 'while returned the requester may withdraw',
    plan: plan([stage()]),
    timeline: [
      [MINUTE, ask(LEAD)],
      [2 * MINUTE, cancel],
    ],
    wanted: { status: 'cancelled', effects: ['returned finance-lead', 'closed cancelled'] },
  },
  {
    name: 'an answer that nobody asked for, a second one, an empty one',
    plan: plan([stage()]),
    timeline: [
      [MINUTE, answer()],
      [2 * MINUTE, ask(LEAD)],
      [3 * MINUTE, answer(' ')],
      [4 * MINUTE, answer()],
      [5 * MINUTE, answer()],
      [6 * MINUTE, tick],
    ],
    wanted: {
      status: 'open',
      refusals: ['not-open', 'invalid-request', 'not-open'],
      effects: ['returned finance-lead', 'answered requester'],
    },
  },
];
