/** `countersign report overrides`: what people let through, and how it ended. */
import type { Command } from 'commander';
import type { z } from 'zod';
import { overridesReportSchema, type moneyTotalSchema } from '../contract/views/index.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

interface Options extends ConnectOptions {
  from?: string;
  to?: string;
  json?: boolean;
}

type Total = z.infer<typeof moneyTotalSchema>;
const STAGES = ['asked', 'approved', 'released', 'executed'] as const;

function inCurrency(amount: string | null, currency: string | null): string {
  if (amount === null) return '-';
  return amount === 'undisclosed' || currency === null ? amount : `${amount} ${currency}`;
}

function totalText(total: Total): string {
  const parts = STAGES.map((stage) => {
    const { sum, undisclosed } = total[stage];
    return `${stage} ${inCurrency(sum, total.currency)}${undisclosed === 0 ? '' : ` + ${undisclosed} undisclosed`}`;
  });
  return parts.join(', ');
}

/** Adds the verb below `countersign report`. */
export function registerOverrides(report: Command, io: Io): void {
  const overrides = report
    .command('overrides')
    .description('what people let through, one line an action, with totals; for owners and auditors')
    .option('--from <time>', 'from this time or day in UTC on; default 90 days before')
    .option('--to <time>', 'before this time, or to the end of this day in UTC')
    .option('--json', 'print JSON');
  withConnection(overrides, { as: true }).action(async (options: Options) => {
    const query = new URLSearchParams();
    for (const name of ['from', 'to'] as const) {
      const value = options[name];
      if (value !== undefined) query.set(name, value);
    }
    const answer = overridesReportSchema.parse(
      await call(await connect(io, options), { path: `v1/reports/overrides?${query.toString()}` }),
    );
    if (options.json === true) {
      io.json(answer);
      return;
    }
    for (const item of answer.items) {
      const amounts = STAGES.map((stage) => `${stage} ${inCurrency(item.amounts[stage], item.currency)}`).join(', ');
      io.out(
        `${item.action}  ${item.askedAt}  ${item.surface}  ${item.what}  asked by ${item.askedBy}  approved by ${item.approvedBy.join(', ')}${item.presence.length === 0 ? '' : ` (${item.presence.join(', ')})`} after ${item.tookSeconds ?? 0} s  ${amounts}  ${item.basis}  ${item.outcome}${item.reversedBy.length === 0 ? '' : `, taken back by ${item.reversedBy.join(', ')}`}  ${item.receipt}`,
      );
    }
    io.out(`${answer.total} ${answer.total === 1 ? 'action' : 'actions'} from ${answer.from} to ${answer.to}`);
    const groups = [
      ...answer.approvers.map((group) => ({ name: `by ${group.approver}`, ...group })),
      ...answer.surfaces.map((group) => ({ name: `on ${group.surface}`, ...group })),
    ];
    for (const { name, money } of groups) for (const total of money) io.out(`${name}: ${totalText(total)}`);
    for (const total of answer.currencies) io.out(`in all: ${totalText(total)}`);
    for (const { presence, actions } of answer.presences) io.out(`there by ${presence}: ${String(actions)}`);
    io.out(`executed and never taken back: ${String(answer.neverReversed.actions)}`);
    for (const total of answer.neverReversed.money) io.out(`executed and never taken back: ${totalText(total)}`);
    if (answer.cut) io.out('there were more; ask for a shorter time');
  });
}
