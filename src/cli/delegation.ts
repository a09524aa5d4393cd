/** `countersign delegation`: who decides for whom, and until when. */
import type { Command } from 'commander';
import { delegationListSchema, delegationSchema, type DelegationView } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call, type ApiConnection } from './http.ts';
import type { Io } from './io.ts';
import { sameNames, withIfAbsent, type IfAbsent } from './settled.ts';
import { collectValues } from './values.ts';

interface DelegationOptions extends ConnectOptions, IfAbsent {
  to: string;
  until: string;
  surface?: string[];
  json?: boolean;
}

const line = ({ id, from, to, surfaces, until }: DelegationView): string =>
  `${id}  ${from} → ${to}  ${surfaces.join(' ')}  until ${until}`;

const inForce = async (connection: ApiConnection): Promise<DelegationView[]> =>
  readAnswer(delegationListSchema, await call(connection, { path: 'v1/delegations' })).delegations;

export function register(program: Command, io: Io): void {
  const delegations = program.command('delegation').description('let somebody decide for you while you are away');
  const verb = (name: string, description: string): Command =>
    withConnection(delegations.command(name).description(description), { as: true }).option('--json', 'print JSON');

  withIfAbsent(verb('give', 'let somebody stand in'), 'one to them for these surfaces until then')
    .requiredOption('--to <person>', 'directory id of who stands in')
    .requiredOption('--until <time>', 'when it ends, as 2026-12-24T08:00:00Z')
    .option('--surface <glob>', 'for these surfaces only; may be repeated', collectValues)
    .action(async (options: DelegationOptions) => {
      const connection = await connect(io, options);
      const { to, until, surface: surfaces } = options;
      const known = options.ifAbsent === true ? await inForce(connection) : [];
      const same = known.find(
        (one) =>
          one.to === to && Date.parse(one.until) === Date.parse(until) && sameNames(one.surfaces, surfaces ?? ['**']),
      );
      const body = { to, until, ...(surfaces === undefined ? {} : { surfaces }) };
      const given =
        same ?? readAnswer(delegationSchema, await call(connection, { path: 'v1/delegations', method: 'POST', body }));
      if (options.json === true) io.json(given);
      else io.out(line(given));
    });
  verb('list', 'list what you gave and were given').action(async (options: DelegationOptions) => {
    const all = await inForce(await connect(io, options));
    if (options.json === true) io.json({ delegations: all });
    else for (const one of all) io.out(line(one));
  });
  verb('revoke', 'end one early; one that is over is left as it is')
    .argument('<id>', 'the delegation’s id, dlg_…')
    .action(async (id: string, options: DelegationOptions) => {
      const connection = await connect(io, options);
      if ((await inForce(connection)).some((one) => one.id === id))
        await call(connection, { path: `v1/delegations/${encodeURIComponent(id)}`, method: 'DELETE' });
      if (options.json === true) io.json({ id, revoked: true });
      else io.out(`the delegation ${id} has ended`);
    });
}
