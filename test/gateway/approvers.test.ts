/** Who is asked: nothing is listed for somebody whose decision would be refused, and the rule that admits a decision says so. */
import { describe, expect, it } from 'vitest';
import { openApproval, reduce, type ApprovalState } from '../../src/approval/index.ts';
import { couldApprove } from '../../src/gateway/approvers.ts';
import { parseDirectory, type Delegation } from '../../src/identity/index.ts';
import { approve, CFO, DUTY, HOUR, LEAD, plan, REQUESTER, RISK, stage } from '../approval/kit.ts';
import { anyState } from '../support/records.ts';

const NOW = Date.parse('2026-11-21T08:00:00Z');
const { directory } = parseDirectory(
  'directory.yaml',
  `people:
${[CFO, LEAD, DUTY, REQUESTER].map((id) => `  - { id: "${id}", name: "${id}" }`).join('\n')}
  - { id: "${RISK}", name: gone, active: false }
`,
);
if (directory === null) throw new Error('no directory');

const at = (now: number) => ({
  directory: { current: () => directory, fresh: () => Promise.resolve(directory) },
  now: () => new Date(now),
});
const delegation = (from: string, to: string, more: Partial<Delegation> = {}): Delegation => ({
  ...{ id: `${from} ${to}`, tenant: 'default', from, to, surfaces: ['payments.*'] },
  ...{ startsAt: NOW, endsAt: NOW + HOUR, revokedAt: null },
  ...more,
});

const open = openApproval(plan([stage({ approvers: [CFO, RISK], quorum: 2 })]), NOW);
const decided = reduce(open, approve(CFO), NOW).state;
const staged = openApproval(plan([stage({ approvers: [CFO] }), stage({ name: 'lead', approvers: [LEAD] })]), NOW);

interface Case {
  what: string;
  approval: ApprovalState;
  person: string;
  delegations?: Delegation[];
  later?: number;
  asked: boolean;
}

const cases: Case[] = [
  { what: 'an approver of the open stage', approval: open, person: CFO, asked: true },
  { what: 'an approver whose word is used', approval: decided, person: CFO, asked: false },
  { what: 'an approver of a later stage', approval: staged, person: LEAD, asked: false },
  { what: 'an approver who left', approval: open, person: RISK, asked: false },
  { what: 'somebody else', approval: open, person: DUTY, asked: false },
  { what: 'the requester', approval: open, person: REQUESTER, asked: false },
  { what: 'after the expiry', approval: open, person: CFO, later: 5 * HOUR, asked: false },
  { what: 'a stand-in', approval: open, person: DUTY, delegations: [delegation(CFO, DUTY)], asked: true },
  {
    what: 'a stand-in for a word that is used',
    approval: decided,
    person: DUTY,
    delegations: [delegation(CFO, DUTY)],
    asked: false,
  },
  {
    what: 'a stand-in for somebody who left',
    approval: open,
    person: DUTY,
    delegations: [delegation(RISK, DUTY)],
    asked: false,
  },
  {
    what: 'a stand-in whose time is over',
    approval: open,
    person: DUTY,
    delegations: [delegation(CFO, DUTY, { endsAt: NOW + 1 })],
    later: 1,
    asked: false,
  },
  {
    what: 'a stand-in on another surface',
    approval: open,
    person: DUTY,
    delegations: [delegation(CFO, DUTY, { surfaces: ['files.*'] })],
    asked: false,
  },
  {
    what: 'a stand-in who also stands in for the requester',
    approval: open,
    person: DUTY,
    delegations: [delegation(CFO, DUTY), delegation(REQUESTER, DUTY)],
    asked: false,
  },
  {
    what: 'an approver who stands in for the requester',
    approval: open,
    person: CFO,
    delegations: [delegation(REQUESTER, CFO)],
    asked: false,
  },
  {
    what: 'an approver who decided, and stands in for one who has not',
    approval: reduce(openApproval(plan([stage({ approvers: [CFO, LEAD], quorum: 2 })]), NOW), approve(CFO), NOW).state,
    person: CFO,
    delegations: [delegation(LEAD, CFO)],
    asked: false,
  },
];

describe('is asked to decide', () => {
  it.each(cases)('$what: $asked', ({ approval, person, delegations = [], later = 0, asked }) => {
    const state = anyState({ approval, surface: 'payments.refund', action: { tenant: 'default' } });
    expect(couldApprove(at(NOW + later), delegations, person, state)).toBe(asked);
  });

  it('is nobody where nothing waits', () => {
    expect(couldApprove(at(NOW), [], CFO, anyState({ approval: null, surface: 'payments.refund' }))).toBe(false);
  });
});
