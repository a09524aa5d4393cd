/** Sixty ways in which people look for actions, by name: common, rare, combined, and made to be slow. */
import type { FactFilter, FactSort } from '../../src/store/index.ts';

export interface Look {
  name: string;
  filter: FactFilter;
  sort?: FactSort;
}

const QUARTER = (until: number): Pick<FactFilter, 'from' | 'to'> => ({
  from: new Date(until - 150 * 86_400_000).toISOString(),
  to: new Date(until - 60 * 86_400_000).toISOString(),
});
const WEEK = (until: number): Pick<FactFilter, 'from' | 'to'> => ({
  from: new Date(until - 107 * 86_400_000).toISOString(),
  to: new Date(until - 100 * 86_400_000).toISOString(),
});

/** @param until when the history ends, in milliseconds since the epoch */
export function looks(until: number): Look[] {
  const quarter = QUARTER(until);
  const week = WEEK(until);
  const fatima = 'user:finance-02@acme.test';
  const single: FactFilter[] = [
    {},
    { surface: 'payments.refund' },
    { surface: 'access.grant' },
    { surface: 'no.such' },
    { status: 'executed' },
    { status: 'failed' },
    { status: 'expired' },
    { status: 'lapsed' },
    { status: 'unreported' },
    { status: 'supervised' },
    { decision: 'supervise' },
    { decision: 'refuse' },
    { basis: 'override' },
    { basis: 'break_glass' },
    { basis: 'rule' },
    { basis: 'grant' },
    { mode: 'observe' },
    { policy: 'payments.payout' },
    { rule: 'large' },
    { approver: fatima },
    { approver: 'user:nobody@acme.test' },
    { requester: 'user:desk-07@acme.test' },
    { actor: 'agent:bot-3' },
    { via: 'console' },
    { via: 'slack' },
    { currency: 'JPY' },
    { currency: 'XXX' },
    { folder: '/acme' },
    { amountFrom: '900' },
    { amountFrom: '1000000' },
    { q: 'invoice' },
    { q: 'planted' },
    { q: 'zzzz-nowhere' },
    { q: 'desk-01' },
    { q: 'act_00' },
    quarter,
    week,
  ];
  const combined: FactFilter[] = [
    { ...quarter, basis: 'override' },
    { ...quarter, basis: 'break_glass' },
    { ...quarter, surface: 'payments.refund', basis: 'override', amountFrom: '500', currency: 'EUR' },
    { ...quarter, approver: fatima, surface: 'payments.payout' },
    { ...quarter, approver: fatima, status: 'refused' },
    { ...week, q: 'invoice' },
    { ...week, q: 'zzzz-nowhere' },
    { ...quarter, q: 'photographs', approver: fatima },
    { surface: 'access.grant', currency: 'USD' },
    { surface: 'crm.update', decision: 'supervise' },
    { surface: 'payments.refund', status: 'executed', decision: 'approve', basis: 'rule', via: 'console' },
    { surface: 'deploy.prod', status: 'executed', currency: 'JPY', mode: 'enforce', policy: 'deploy.prod' },
    { surface: 'payments.refund', actor: 'agent:bot-1', requester: 'user:desk-02@acme.test', status: 'failed' },
    { amountFrom: '999', amountTo: '1000', approver: fatima },
    { amountFrom: '99.99', amountTo: '99.99', currency: 'USD' },
    { rule: 'medium', status: 'failed', currency: 'GBP' },
  ];
  const named = [...single, ...combined].map((filter): Look => ({ name: nameOf(filter), filter }));
  const sorted: Look[] = [
    { name: 'greatest amounts', filter: {}, sort: '-amount' },
    { name: 'greatest amounts of overrides', filter: { basis: 'override' }, sort: '-amount' },
    { name: 'greatest failed amounts in EUR', filter: { status: 'failed', currency: 'EUR' }, sort: '-amount' },
    { name: 'quickest decisions of one approver', filter: { approver: fatima }, sort: 'waitMs' },
    { name: 'slowest decisions of a quarter', filter: quarter, sort: '-waitMs' },
    {
      name: 'slowest decisions of a rare status',
      filter: { status: 'failed', surface: 'records.export' },
      sort: '-waitMs',
    },
    { name: 'the oldest', filter: { surface: 'payroll.adjust' }, sort: 'askedAt' },
  ];
  return [...named, ...sorted];
}

const nameOf = (filter: FactFilter): string =>
  Object.entries(filter)
    .map(([name, value]) => `${name}=${/^\d{4}-/.test(value) ? value.slice(0, 10) : value}`)
    .join(' ') || 'all';
