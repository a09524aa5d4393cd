/** `countersign policy publish|history`: asks for a bundle to come into force, and lists earlier ones. */
import { randomUUID } from 'node:crypto';
import { policyPageSchema } from '../contract/views/index.ts';
import { askFor, printAction, waitUntilClosed } from './actions.ts';
import { readAnswer } from './answers.ts';
import { connect, type ConnectOptions } from './connect.ts';
import { exitOfStatus } from './exit.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';
import { compileFolder, readFolder, storedHash } from './policy-folder.ts';
import { usage, waitLimit } from './values.ts';

export interface PublishOptions extends ConnectOptions {
  reason: string;
  rollback?: string;
  ifChanged?: boolean;
  actor?: string;
  idempotencyKey?: string;
  wait?: string | true;
  json?: boolean;
}

export async function publishVerb(io: Io, folder: string | undefined, options: PublishOptions): Promise<void> {
  if (folder !== undefined && options.rollback !== undefined)
    throw usage('give either a folder or `--rollback`, not both');
  const limit = waitLimit(options.wait);
  const connection = await connect(io, options);
  const read = options.rollback === undefined ? await readFolder(io, folder ?? options.policies) : null;
  const given =
    read === null ? { bundle: await storedHash(connection, options.rollback ?? '') } : { files: read.files };
  if (options.ifChanged === true) {
    const wanted = read === null ? given.bundle : (await compileFolder(read)).hash;
    const page = await call(connection, { path: 'v1/policies' });
    if (readAnswer(policyPageSchema, page).inForce === wanted) {
      if (options.json === true) io.json(page);
      else io.out(`${wanted ?? ''} is in force; nothing is asked`);
      return;
    }
  }
  const body = {
    ...given,
    reason: options.reason,
    ...(options.actor === undefined ? {} : { actor: actorOf(options.actor) }),
  };
  const key = options.idempotencyKey ?? `cli-${randomUUID()}`;
  const first = await askFor(io, connection, { path: 'v1/policies', body, key });
  if (limit !== 0 && first.status === 'supervised') io.err(`${first.id} waits for a human`);
  const action = await waitUntilClosed(io, connection, first, limit);
  printAction(io, action, options);
  io.exitCode = exitOfStatus(action.status);
  if (action.status === 'supervised') {
    io.err(`it comes into force when it is approved; follow it with \`countersign show ${action.id} --wait\``);
  }
  if (action.status === 'skipped') {
    io.err('another bundle came into force since it was asked for; look at the difference and publish again');
  }
}

function actorOf(id: string): { id: string; type: string } {
  const type = /^(user|service|agent):/.exec(id)?.[1];
  if (type === undefined) throw usage(`\`--actor ${id}\` starts with \`user:\`, \`service:\` or \`agent:\``);
  return { id, type };
}

export async function history(io: Io, options: ConnectOptions & { json?: boolean }): Promise<void> {
  const answer = await call(await connect(io, options), { path: 'v1/policies' });
  if (options.json === true) {
    io.json(answer);
    return;
  }
  const { inForce, activations } = readAnswer(policyPageSchema, answer);
  activations.forEach(({ bundle, by, at, reason }, index) => {
    const mark = index === 0 && bundle === inForce ? '  ← in force' : '';
    io.out(`${at}  ${bundle}  by ${by ?? 'unknown'}${reason === null ? '' : `: ${reason}`}${mark}`);
  });
}
