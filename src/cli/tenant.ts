/** `countersign tenant`: makes tenants, each with its keys, log and first key. */
import type { Command } from 'commander';
import { newTenantSchema, tenantListSchema } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

interface TenantOptions extends ConnectOptions {
  reason?: string;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  const tenants = program.command('tenant').description('tenants of the stack, each with keys and a log of its own');
  const verb = (name: string, description: string): Command =>
    withConnection(tenants.command(name).description(description), { as: true }).option('--json', 'print JSON');

  verb('add', 'make a tenant; its first key is shown this once')
    .argument('<name>', 'lower-case letters, digits, - and _')
    .option('--reason <text>', 'why; it is sealed')
    .action(async (name: string, options: TenantOptions) => {
      const body = { name, reason: options.reason };
      const answer = await call(await connect(io, options), { path: 'v1/tenants', method: 'POST', body });
      const made = readAnswer(newTenantSchema, answer);
      if (options.json === true) io.json(made);
      else io.out(made.key);
    });
  verb('list', 'list the tenants').action(async (options: TenantOptions) => {
    const answer = await call(await connect(io, options), { path: 'v1/tenants' });
    const { tenants: all } = readAnswer(tenantListSchema, answer);
    if (options.json === true) io.json({ tenants: all });
    else for (const { name, createdAt, record } of all) io.out(`${name}  ${createdAt}  ${record}`);
  });
}
