/** `countersign tenant`: creates tenants, each with its own keys, log and first API key. */
import type { Command } from 'commander';
import { newTenantSchema, tenantListSchema } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';
import { withIfAbsent, type IfAbsent } from './settled.ts';

interface TenantOptions extends ConnectOptions, IfAbsent {
  reason?: string;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  const tenants = program.command('tenant').description('tenants of the stack, each with keys and a log of its own');
  const verb = (name: string, description: string): Command =>
    withConnection(tenants.command(name).description(description), { as: true }).option('--json', 'print JSON');

  withIfAbsent(verb('add', 'make a tenant; its first key is shown this once'), 'one of that name')
    .argument('<name>', 'lower-case letters, digits, - and _')
    .option('--reason <text>', 'why; it is sealed')
    .action(async (name: string, options: TenantOptions) => {
      const connection = await connect(io, options);
      if (options.ifAbsent === true) {
        const { tenants: all } = readAnswer(tenantListSchema, await call(connection, { path: 'v1/tenants' }));
        const there = all.find((one) => one.name === name);
        if (there !== undefined) {
          if (options.json === true) io.json(there);
          else io.out(`the tenant ${name} is there since ${there.createdAt}`);
          return;
        }
      }
      const body = { name, reason: options.reason };
      const answer = await call(connection, { path: 'v1/tenants', method: 'POST', body });
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
