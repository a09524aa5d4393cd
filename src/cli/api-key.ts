/** `countersign api-key`: keys of services, scoped to surfaces and actors. */
import type { Command } from 'commander';
import { apiKeyListSchema, newApiKeySchema } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

interface ApiKeyOptions extends ConnectOptions {
  surface: string[];
  actor: string[];
  role: string[];
  group: string[];
  provenance?: boolean;
  json?: boolean;
}

const collect = (value: string, before: string[]): string[] => [...before, value];

export function register(program: Command, io: Io): void {
  const keys = program
    .command('api-key')
    .description('keys of services: what they reach, whom they speak for, what they vouch for');
  const verb = (name: string, description: string): Command =>
    withConnection(keys.command(name).description(description), { as: true }).option('--json', 'print JSON');

  verb('create', 'make a key; it is shown this once')
    .requiredOption('--surface <glob>', 'a surface it reaches, such as payments.*; may be repeated', collect, [])
    .requiredOption('--actor <id>', 'an actor it may speak for; may be repeated', collect, [])
    .option('--role <role>', 'a role of its actors that it vouches for; may be repeated', collect, [])
    .option('--group <group>', 'a group of its actors that it vouches for; may be repeated', collect, [])
    .option('--provenance', 'believe what it says of where values came from')
    .action(async (options: ApiKeyOptions) => {
      const { surface: surfaces, actor: actors, role: roles, group: groups, provenance = false } = options;
      const body = { surfaces, actors, roles, groups, provenance };
      const made = readAnswer(
        newApiKeySchema,
        await call(await connect(io, options), { path: 'v1/api-keys', method: 'POST', body }),
      );
      if (options.json === true) io.json(made);
      else io.out(made.key);
    });
  verb('list', 'list the keys, without their secrets').action(async (options: ApiKeyOptions) => {
    const { keys: all } = readAnswer(apiKeyListSchema, await call(await connect(io, options), { path: 'v1/api-keys' }));
    if (options.json === true) {
      io.json({ keys: all });
      return;
    }
    for (const { id, surfaces, actors, roles, groups, provenance, revokedAt } of all) {
      const vouches = [
        ...roles.map((role) => `role:${role}`),
        ...groups.map((group) => `group:${group}`),
        ...(provenance === true ? ['provenance'] : []),
      ];
      const end = revokedAt === null ? [] : [`revoked ${revokedAt}`];
      io.out(
        [id, surfaces.join(','), actors.join(','), ...(vouches.length > 0 ? [vouches.join(',')] : []), ...end].join(
          '  ',
        ),
      );
    }
  });
  verb('revoke', 'end a key at once')
    .argument('<id>', 'the key’s id')
    .action(async (id: string, options: ApiKeyOptions) => {
      await call(await connect(io, options), { path: `v1/api-keys/${encodeURIComponent(id)}`, method: 'DELETE' });
      if (options.json === true) io.json({ id, revoked: true });
      else io.out(`the key ${id} is revoked`);
    });
}
