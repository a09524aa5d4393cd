/** `countersign freeze`: immediately stops a tenant, a surface or an actor, and lifts that again. */
import type { Command } from 'commander';
import { freezeListSchema, freezeSchema, type FreezeView } from '../contract/views/index.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { readAnswer } from './answers.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';
import { withIfAbsent, type IfAbsent } from './settled.ts';
import { CountersignError } from '../contract/index.ts';

interface FreezeOptions extends ConnectOptions, IfAbsent {
  everything?: boolean;
  surface?: string;
  actor?: string;
  lift?: string;
  unknown?: boolean;
  reason?: string;
  json?: boolean;
}

const line = ({ id, scope, value, reason, by, at, stops }: FreezeView): string =>
  `${id}  ${scope}${value === null ? '' : ` ${value}`}  by ${by} at ${at}: ${reason}${stops === undefined ? '' : `\nstops now: ${stops.surfaces} surfaces of policies, ${stops.actors} known actors, ${stops.actions} waiting actions`}`;

export function register(program: Command, io: Io): void {
  const command = program
    .command('freeze')
    .description(
      'stop a tenant, a surface or an actor at once: nothing is released, unredeemed permits are dead; alone, list what is in force',
    )
    .option('--everything', 'the whole tenant')
    .option('--surface <name>', 'one surface')
    .option('--actor <id>', 'one actor, and everyone who acts for it')
    .option('--unknown', 'freeze also what no policy covers, or nobody is called')
    .option('--lift <id>', 'lift the freeze of that id')
    .option('--reason <text>', 'why; needed to freeze and to lift')
    .option('--json', 'print JSON');
  withConnection(withIfAbsent(command, 'such a freeze in force'), { as: true }).action(
    async (options: FreezeOptions) => {
      const connection = await connect(io, options);
      const print = (freeze: FreezeView): void => (options.json === true ? io.json(freeze) : io.out(line(freeze)));
      const { reason } = options;
      const chosen: { scope: string; value?: string }[] = [
        ...(options.everything === true ? [{ scope: 'tenant' }] : []),
        ...(options.surface === undefined ? [] : [{ scope: 'surface', value: options.surface }]),
        ...(options.actor === undefined ? [] : [{ scope: 'actor', value: options.actor }]),
      ];
      const [what] = chosen;
      if (options.lift === undefined && what === undefined) {
        const { freezes } = readAnswer(freezeListSchema, await call(connection, { path: 'v1/freezes' }));
        if (options.json === true) io.json({ freezes });
        else for (const freeze of freezes) io.out(line(freeze));
        return;
      }
      if (reason === undefined || chosen.length + (options.lift === undefined ? 0 : 1) !== 1) {
        throw new CountersignError(
          'invalid-request',
          'give --reason, and one of --everything, --surface, --actor and --lift',
        );
      }
      if (options.ifAbsent === true && what !== undefined) {
        const { freezes } = readAnswer(freezeListSchema, await call(connection, { path: 'v1/freezes' }));
        const same = freezes.find(({ scope, value }) => scope === what.scope && value === (what.value ?? null));
        if (same !== undefined) {
          print(same);
          return;
        }
      }
      const headers = { 'countersign-door': 'cli' };
      print(
        readAnswer(
          freezeSchema,
          options.lift === undefined
            ? await call(connection, {
                path: 'v1/freezes',
                method: 'POST',
                body: { ...what, reason, ...(options.unknown === true ? { unknown: true } : {}) },
                headers,
              })
            : await call(connection, {
                path: `v1/freezes/${encodeURIComponent(options.lift)}`,
                method: 'DELETE',
                body: { reason },
                headers,
              }),
        ),
      );
    },
  );
}
