/** `countersign api-key`: keys of services, scoped to surfaces and actors. */
import type { Command } from 'commander';
import { apiKeyListSchema, newApiKeySchema } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call, type ApiConnection } from './http.ts';
import type { Io } from './io.ts';
import { endOnce, sameNames, withIfAbsent, type IfAbsent } from './settled.ts';

interface ApiKeyOptions extends ConnectOptions, IfAbsent {
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

  const listed = async (connection: ApiConnection) =>
    readAnswer(apiKeyListSchema, await call(connection, { path: 'v1/api-keys' })).keys;

  withIfAbsent(verb('create', 'make a key; it is shown this once'), 'a live one that reaches and vouches for the same')
    .requiredOption('--surface <glob>', 'a surface it reaches, such as payments.*; may be repeated', collect, [])
    .requiredOption('--actor <id>', 'an actor it may speak for; may be repeated', collect, [])
    .option('--role <role>', 'a role of its actors that it vouches for; may be repeated', collect, [])
    .option('--group <group>', 'a group of its actors that it vouches for; may be repeated', collect, [])
    .option('--provenance', 'believe what it says of where values came from')
    .action(async (options: ApiKeyOptions) => {
      const { surface: surfaces, actor: actors, role: roles, group: groups, provenance = false } = options;
      const body = { surfaces, actors, roles, groups, provenance };
      const connection = await connect(io, options);
      const known = options.ifAbsent === true ? await listed(connection) : [];
      const same = known.find(
        (one) =>
          one.revokedAt === null &&
          (one.provenance ?? false) === provenance &&
          (['surfaces', 'actors', 'roles', 'groups'] as const).every((what) => sameNames(one[what], body[what])),
      );
      if (same !== undefined) {
        if (options.json === true) io.json(same);
        else io.out(`there is a key for that: ${same.id}`);
        return;
      }
      const made = readAnswer(newApiKeySchema, await call(connection, { path: 'v1/api-keys', method: 'POST', body }));
      if (options.json === true) io.json(made);
      else io.out(made.key);
    });
  verb('list', 'list the keys, without their secrets').action(async (options: ApiKeyOptions) => {
    const all = await listed(await connect(io, options));
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
  verb('revoke', 'end a key at once; one that ended before is left as it is')
    .argument('<id>', 'the key’s id')
    .action(async (id: string, options: ApiKeyOptions) => {
      const connection = await connect(io, options);
      await endOnce(
        () => call(connection, { path: `v1/api-keys/${encodeURIComponent(id)}`, method: 'DELETE' }),
        async () => (await listed(connection)).some((one) => one.id === id && one.revokedAt !== null),
      );
      if (options.json === true) io.json({ id, revoked: true });
      else io.out(`the key ${id} is revoked`);
    });
}
