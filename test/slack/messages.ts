/** Models for the tests: one waiting refund, and what becomes of it. */
import type { ApprovalMessage, MessageDecision, MessageState } from '../../src/slack/blocks/index.ts';

export const ACTION = `act_${'0123456789abcdef'.repeat(4)}`;
/** 2026-11-21 12:00 UTC. */
export const NOW = 1_795_262_400;

export const WAITING: ApprovalMessage = {
  tenant: 'default',
  action: ACTION,
  revision: 1,
  surface: 'payments.refund',
  verb: 'refund.create',
  state: 'waiting',
  ask: 'decision',
  actor: { id: 'agent:support-bot', name: null, type: 'agent' },
  onBehalfOf: [{ id: 'user:requester@acme.test', name: 'Robin Requester', type: 'user' }],
  resource: 'order ord_991',
  amount: '420.50 USD',
  facts: [{ label: 'Environment', value: 'production' }],
  withheld: 2,
  why: { policy: 'payments.refund', rule: 'medium', reasons: ['Refunds above 100 need a person of finance'] },
  otherwise: 'If nobody does, it is refused.',
  expiresAt: NOW + 4 * 3600,
  stages: [
    {
      name: 'finance',
      quorum: 1,
      approvals: 0,
      state: 'open',
      people: [
        { id: 'user:finance-lead@acme.test', name: 'Fatima Lindqvist', ref: 'group:finance' },
        { id: 'user:cfo@acme.test', name: 'Chidi Forde', ref: 'group:finance' },
      ],
      passkey: false,
    },
  ],
  stage: 0,
  decisions: [],
  controls: {
    approveReason: 'optional',
    mayChange: [],
    mayReturn: true,
    extendUntil: NOW + 24 * 3600,
    via: ['slack', 'console'],
  },
  responsibility: 'By approving you take responsibility for releasing this action; your name and reason are sealed.',
  lately: { approved: 12, refused: 1, days: 30 },
  limitsLeft: [{ label: 'agent-daily', left: '4579.50', max: '5000' }],
  alike: [],
  notes: [],
  review: null,
  consoleUrl: 'https://countersign.acme.test/console/actions/act_0123',
  receipt: `sha256:${'ab'.repeat(32)}`,
  audience: { channels: ['#finance-approvals'], people: [] },
};

export const decision = (more: Partial<MessageDecision> = {}): MessageDecision => ({
  by: 'user:finance-lead@acme.test',
  name: 'Fatima Lindqvist',
  decision: 'approve',
  at: NOW + 60,
  reason: null,
  via: 'slack',
  onBehalfOf: null,
  changes: [],
  ...more,
});

const closed = (state: MessageState, more: Partial<ApprovalMessage> = {}): ApprovalMessage => ({
  ...WAITING,
  revision: 2,
  state,
  ask: null,
  ...more,
});

const stage = (name: string, state: 'done' | 'open' | 'later'): ApprovalMessage['stages'][number] => ({
  ...(WAITING.stages[0] as ApprovalMessage['stages'][number]),
  name,
  state,
  approvals: state === 'done' ? 1 : 0,
});

/** One model for each state, and for each thing that changes the look of the waiting one. */
export const MODELS: Record<string, ApprovalMessage> = {
  waiting: WAITING,
  'waiting-with-form': {
    ...WAITING,
    controls: {
      ...WAITING.controls,
      approveReason: 'required',
      mayChange: [{ path: 'params.amount', label: 'Amount', kind: 'number', value: '420.5' }],
    },
  },
  'second-stage': {
    ...WAITING,
    revision: 2,
    stage: 1,
    stages: [stage('finance', 'done'), stage('security', 'open')],
    decisions: [decision()],
  },
  'step-up': { ...WAITING, controls: { ...WAITING.controls, via: ['console'] } },
  passkey: { ...WAITING, consoleUrl: null, stages: [{ ...stage('finance', 'open'), passkey: true }] },
  alike: {
    ...WAITING,
    alike: [{ action: `act_${'f'.repeat(64)}`, revision: 1, stage: 0, summary: 'refund.create, 310 USD' }],
  },
  grantable: {
    ...WAITING,
    controls: { ...WAITING.controls, mayGrant: { within: 12 * 3600, uses: 20, upTo: '2000', currency: 'USD' } },
  },
  long: {
    ...WAITING,
    facts: [{ label: 'body', value: 'Dear customer,\n'.repeat(60) }],
    unread: [{ label: 'body', why: 'cut' }],
  },
  'refused-before': {
    ...WAITING,
    why: {
      ...WAITING.why,
      reasons: [
        `user:cfo@acme.test refused the same on 2026-11-20T09:12:41.318Z (record sha256:${'7c'.repeat(32)}): “Already refunded on Tuesday.”, so the same people look first (now amount 419.5 instead of 420.5); Refunds above 100 need a person of finance`,
      ],
    },
    amount: '419.50 USD',
  },
  'one-undisclosed': { ...WAITING, withheld: 1 },
  withheld: { ...WAITING, unread: [{ label: 'account', why: 'withheld' }] },
  several: {
    ...WAITING,
    facts: [
      { label: 'Environment', value: 'production' },
      { label: 'Fee', value: '12.50 USD' },
      { label: 'Recipient', value: 'Acme Supplies GmbH' },
    ],
  },
  reversal: {
    ...WAITING,
    reverses: `act_${'e'.repeat(64)}`,
    consoleUrl: `https://countersign.acme.test/console#${ACTION}`,
  },
  irreversible: { ...WAITING, effect: 'irreversible' },
  unreachable: {
    ...WAITING,
    notes: ['Chidi Forde could not be reached: deactivated in Slack. Escalated to Dana Moreau.'],
  },
  returned: closed('returned', {
    ask: 'decision',
    decisions: [decision({ decision: 'return', reason: 'Which invoice?' })],
  }),
  approved: closed('approved', { decisions: [decision({ reason: 'Customer is right', presence: 'click' })] }),
  changed: closed('changed', {
    decisions: [decision({ changes: [{ label: 'Amount', from: '420.50', to: '300' }], reason: 'Partial refund' })],
  }),
  refused: closed('refused', {
    decisions: [decision({ decision: 'refuse', reason: 'Duplicate of ord_990', via: 'console' })],
  }),
  expired: closed('expired', {
    decisions: [decision({ by: 'countersign', name: 'Countersign', decision: 'expired', via: 'engine' })],
  }),
  cancelled: closed('cancelled', {
    decisions: [decision({ name: 'Robin Requester', decision: 'cancelled', via: 'api' })],
  }),
  frozen: closed('frozen', { notes: ['Surface payments.refund is frozen: investigation.'] }),
  released: closed('released', { decisions: [decision()] }),
  held: closed('approved', { decisions: [decision()], heldUntil: NOW + 600 }),
  uncollected: closed('approved', { decisions: [decision()], collectUntil: NOW + 8 * 3600 }),
  lapsed: closed('lapsed', { decisions: [decision()] }),
  executed: closed('executed', { decisions: [decision()] }),
  failed: closed('failed', { decisions: [decision()] }),
  skipped: closed('skipped', { decisions: [decision()] }),
  unreported: closed('unreported', { decisions: [decision()] }),
  'break-glass': closed('break_glass', {
    ask: 'review',
    expiresAt: null,
    review: { dueAt: NOW + 24 * 3600, reviewers: ['Rosa Okafor'], result: null },
  }),
  'review-overdue': closed('review_overdue', {
    ask: 'review',
    review: { dueAt: NOW - 3600, reviewers: ['Rosa Okafor', 'Ravi Analyst'], result: null },
  }),
  reviewed: closed('reviewed', {
    review: { dueAt: NOW, reviewers: ['Rosa Okafor'], result: 'It was right: the service was down.' },
  }),
};
