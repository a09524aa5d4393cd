/** `countersign surfaces`: which surfaces policies cover, and which requests had no policy. */
import type { Command } from 'commander';
import { surfaceListSchema, type SurfaceCoverage } from '../contract/views/index.ts';
import { readAnswer } from './answers.ts';
import { connect, withConnection, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';

export function register(program: Command, io: Io): void {
  const command = program
    .command('surfaces')
    .description('list what is governed by which policy, and what became of it in 30 days')
    .option('--json', 'print JSON');
  withConnection(command, { as: true }).action(async (options: ConnectOptions & { json?: boolean }) => {
    const connection = await connect(io, options);
    const list = readAnswer(surfaceListSchema, await call(connection, { path: 'v1/surfaces' }));
    if (options.json === true) io.json(list);
    else for (const one of list.surfaces) io.out(line(one));
  });
}

function line({
  surface,
  governed,
  policies,
  actions,
  neverRedeemed,
  neverReported,
  executedBy,
}: SurfaceCoverage): string {
  const by = policies.map(({ name, mode }) => (mode === 'observe' ? `${name} (observes)` : name)).join(', ');
  const parts = [
    governed ? by : 'NO POLICY',
    `${actions} asked for`,
    ...(neverRedeemed === 0 ? [] : [`${neverRedeemed} never redeemed`]),
    ...(neverReported === 0 ? [] : [`${neverReported} NEVER REPORTED`]),
    ...(executedBy.length === 0
      ? []
      : [`executed by ${executedBy.map((one) => `${one.by} (${one.times})`).join(', ')}`]),
  ];
  return `${surface}  ${parts.join(' · ')}`;
}
