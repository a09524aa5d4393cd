/** What is asked, and what people do about it, for each state that a message can be in. */
import { refund } from '../../test/support/stack.ts';

export const person = (name: string): string => `user:${name}@acme.test`;

/** Policies with deadlines that a picture can wait for. */
export const QUICK = {
  'payments.payout.yaml': `policy: payments.payout
surfaces: [payments.payout]
requires: [actor.id, params.amount]
rules:
  - id: to-suppliers
    when: 'true'
    then: supervise
    because: A payout to a supplier needs a yes of finance.
    approval: { stages: [{ name: finance, approvers: ['group:finance'] }], expires: 3s }
notify: ['#finance-approvals']
disclose: [params.amount, params.currency, resource.type, resource.id]
`,
  'payments.wire.yaml': `policy: payments.wire
surfaces: [payments.wire]
requires: [actor.id, params.amount, params.beneficiary]
rules:
  - id: abroad
    when: params.amount > 0
    then: supervise
    because: A wire abroad cannot be called back.
    approval: { stages: [{ name: finance, approvers: ['group:finance'] }] }
notify: ['#finance-approvals']
effect: { kind: irreversible }
disclose: [params.amount, params.currency, params.beneficiary, params.bank, params.purpose, resource.type, resource.id]
`,
  'payments.credit.yaml': `policy: payments.credit
surfaces: [payments.credit]
requires: [actor.id, params.amount]
rules:
  - id: goodwill
    when: params.amount > 0
    then: supervise
    because: Goodwill needs a yes of finance.
    approval: { stages: [{ name: finance, approvers: ['group:finance'] }] }
notify: ['#finance-approvals']
effect: { kind: compensable }
grants: { upTo: 2000, uses: 20, within: 12h }
collectWithin: 5s
disclose: [params.amount, params.currency, resource.type, resource.id]
`,
  'deploy.edge.yaml': `policy: deploy.edge
surfaces: [deploy.edge]
requires: [actor.id, resource.service, params.version]
rules:
  - id: normal
    when: 'true'
    then: supervise
    approval: { stages: [{ name: on duty, approvers: ['role:duty-manager'] }] }
breakGlass: { allow: ['role:incident-commander'], review: { approvers: ['group:risk'], within: 3s } }
notify: ['#deployments']
disclose: [resource.id, resource.service, params.version]
`,
};

/** The steps of a plan. */
export const WIRES = [
  ['Nordlicht Solar GmbH', 18_400, 'solar panels, second half'],
  ['Atelier Blanc', 2950, 'shop window'],
  ['Papierwerk Wien', 610.5, 'packaging'],
].map(([beneficiary, amount, purpose], index) => ({
  surface: 'payments.wire',
  action: 'wire.send',
  actor: { id: 'agent:payables', type: 'agent', onBehalfOf: { id: person('requester'), type: 'user' } },
  resource: { type: 'invoice', id: `inv_${2041 + index}` },
  params: { amount, currency: 'EUR', beneficiary, purpose },
}));

/** What a person does in Slack: a button, what they fill in where it opens a form, by label, and the form's own button. */
export interface Act {
  by: string;
  button: RegExp;
  form?: { fields: Record<string, string>; submit: string; picture?: string };
}

export interface Scene {
  state: string;
  request: object;
  /** Who asks in person; else the service's key does. */
  as?: string;
  channel: 'finance-approvals' | 'deployments';
  act?: Act;
  /** Its executor takes the permit, and reports that it is done. */
  executed?: true;
  /** What the message is called once it is in that state. */
  headline: RegExp;
}

const deploy = (more: object): object => ({
  surface: 'deploy.prod',
  action: 'deploy.release',
  actor: { id: 'agent:release-bot', type: 'agent' },
  resource: { type: 'cluster', id: 'eu-west-1', service: 'checkout' },
  params: { version: '2026.11.3', tests: 'passed', risk: 'high', plan: { destroy: 2 } },
  context: { environment: 'production' },
  ...more,
});

const emergency = {
  actor: { id: person('incident-commander'), type: 'user' },
  params: { version: '2026.11.2', tests: 'passed', risk: 'high', plan: { destroy: 1 } },
  context: { environment: 'production', urgency: 'emergency', reason: 'Checkout answers 500 to everyone since 10:05.' },
};

const order = (id: string): object => ({ resource: { type: 'order', id } });

/** In this order: those before are the precedents of those after. */
export const SCENES: Scene[] = [
  {
    state: 'approved',
    request: refund(310, order('ord_984')),
    channel: 'finance-approvals',
    act: { by: person('finance-lead'), button: /^Approve:/ },
    headline: /Approved, not collected yet:/,
  },
  {
    state: 'executed',
    request: refund(290, order('ord_983')),
    channel: 'finance-approvals',
    act: { by: person('finance-lead'), button: /^Approve:/ },
    executed: true,
    headline: /Done:/,
  },
  {
    state: 'granted',
    request: refund(80, { surface: 'payments.credit', action: 'credit.create', ...order('ord_982') }),
    channel: 'finance-approvals',
    act: {
      by: person('finance-lead'),
      button: /^Approve the like/,
      form: { fields: {}, submit: 'Approve', picture: 'grant-form' },
    },
    headline: /Approved, not collected yet:|Lapsed/,
  },
  {
    state: 'irreversible',
    request: refund(5200, {
      surface: 'payments.wire',
      action: 'wire.send',
      resource: { type: 'supplier', id: 'sup_17' },
      params: {
        amount: 5200,
        currency: 'EUR',
        beneficiary: 'Acme Supplies GmbH',
        bank: 'DE-Test Bank',
        purpose: 'Invoice 2026-1141',
      },
    }),
    channel: 'finance-approvals',
    act: {
      by: person('cfo'),
      button: /^Ask a question…/,
      form: { fields: { 'What do you need to know?': 'Which contract is this for?' }, submit: 'Ask' },
    },
    headline: /Question asked:/,
  },
  {
    state: 'refused',
    request: refund(999, order('ord_990')),
    channel: 'finance-approvals',
    act: {
      by: person('cfo'),
      button: /^Refuse:/,
      form: {
        fields: { Reason: 'Already refunded on Tuesday, with ord_988.' },
        submit: 'Refuse',
        picture: 'refuse-form',
      },
    },
    headline: /Refused:/,
  },
  {
    state: 'changed',
    request: refund(640, order('ord_987')),
    channel: 'finance-approvals',
    act: {
      by: person('finance-lead'),
      button: /^Change and approve:/,
      form: {
        fields: { 'Change amount': '320', Reason: 'One of the two boxes came back.' },
        submit: 'Approve',
        picture: 'change-form',
      },
    },
    headline: /Approved with changes, not collected yet:/,
  },
  { state: 'waiting', request: refund(420.5), channel: 'finance-approvals', headline: /Decide:/ },
  {
    state: 'returned',
    request: refund(275, order('ord_995')),
    channel: 'finance-approvals',
    act: {
      by: person('cfo'),
      button: /^Ask a question…/,
      form: { fields: { 'What do you need to know?': 'Which of the two invoices is this for?' }, submit: 'Ask' },
    },
    headline: /Question asked:/,
  },
  {
    state: 'expired',
    request: refund(5200, {
      surface: 'payments.payout',
      action: 'payout.create',
      resource: { type: 'supplier', id: 'sup_17' },
    }),
    channel: 'finance-approvals',
    headline: /Expired/,
  },
  {
    state: 'second-stage',
    request: deploy({}),
    channel: 'deployments',
    act: {
      by: person('duty-manager'),
      button: /^Approve:/,
      form: { fields: { Reason: 'Both nodes are empty since Thursday; I checked.' }, submit: 'Approve' },
    },
    headline: /Decide:/,
  },
  {
    state: 'break-glass',
    request: deploy(emergency),
    as: person('incident-commander'),
    channel: 'deployments',
    headline: /Break-glass/,
  },
  {
    state: 'review-overdue',
    request: deploy({ ...emergency, surface: 'deploy.edge' }),
    as: person('incident-commander'),
    channel: 'deployments',
    headline: /Review overdue/,
  },
];
