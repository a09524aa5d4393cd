/** `countersign attempts`: refused decisions, redemptions and credentials. */
import type { Command } from 'commander';
import { attemptPageSchema } from '../contract/views/index.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

/** Each is a parameter of the query. */
const FILTERS = ['action', 'by', 'door', 'code', 'from', 'to', 'limit', 'cursor'] as const;
type Options = ConnectOptions & Partial<Record<(typeof FILTERS)[number], string>> & { json?: boolean };

export function register(program: Command, io: Io): void {
  const attempts = program
    .command('attempts')
    .description('who was refused a decision, a redemption or the door; for owners and auditors')
    .option('--action <id>', 'about this action')
    .option('--by <id>', 'by this person or key')
    .option('--door <door>', 'where it was tried: api, slack, teams, console, cli, workflow')
    .option('--code <code>', 'why it was refused')
    .option('--from <time>', 'not before this time, or day in UTC')
    .option('--to <time>', 'before this time, or day in UTC')
    .option('--limit <n>', 'at most so many, 1 to 500')
    .option('--cursor <cursor>', 'go on where the page before ended')
    .option('--json', 'print JSON');
  withConnection(attempts, { as: true }).action(async (options: Options) => {
    const query = new URLSearchParams();
    for (const name of FILTERS) {
      const value = options[name];
      if (value !== undefined) query.set(name, value);
    }
    const page = attemptPageSchema.parse(await call(await connect(io, options), { path: `v1/attempts?${query}` }));
    if (options.json === true) {
      io.json(page);
      return;
    }
    for (const { at, by, code, door, action } of page.attempts)
      io.out(`${at}  ${by}  ${code}  over ${door}${action === null ? '' : `  ${action}`}`);
    for (const { address, times, lastAt } of page.unauthenticated)
      io.out(`${lastAt}  ${address}  unauthenticated ${times} ${times === 1 ? 'time' : 'times'}`);
    if (page.next_cursor !== null) io.out(`more: --cursor ${page.next_cursor}`);
  });
}
