/** `countersign run`: executes a command only with a permit, and reports the outcome. */
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Action, ActionRequest } from '../client/index.ts';
import type { JsonObject } from '../contract/index.ts';
import { withConnection, type ConnectOptions } from './connect.ts';
import type { Io } from './io.ts';
import { buildRequest, withRequestParts, type RequestBodyOptions } from './request-body.ts';
import { withArtefact } from './run/artefact.ts';
import { requireCommand } from './run/command.ts';
import { credentialOf } from './run/credential.ts';
import { actorOfJob, keyOfJob } from './run/job.ts';
import { executeGoverned, type RunEnd } from './run/govern.ts';
import { tell } from './run/pipeline.ts';
import { secondsOf, usage } from './values.ts';

interface RunOptions extends RequestBodyOptions, ConnectOptions {
  request?: string;
  key?: string;
  wait?: string;
  detach?: boolean;
  resume?: string;
  acceptChanges?: boolean;
  keepCredential?: boolean;
  audience: string;
  json?: boolean;
}

export function register(program: Command, io: Io): void {
  const command = withRequestParts(
    program
      .command('run')
      .description(
        'ask, wait, and execute a command only with a permit; exits as the command does, and before a release with 121 to 124',
      )
      .argument('<command...>', 'what to execute, after --'),
  )
    .option('--request <json>', 'the whole request as JSON, or - for standard input; the other options add to it')
    .option('--file <path>', 'the file that is approved: its name and digest become `params.file` and `params.digest`')
    .option('--key <key>', 'one key is one execution (default: one for each attempt of a job, else a new one)')
    .option('--wait <seconds>', 'wait for people at most so long (default: as long as policy lets them take)')
    .option('--detach', 'do not wait for people: print the action’s id, and exit 124')
    .option('--resume <id>', 'go on with an action that was asked for by --detach, with the same request')
    .option(
      '--accept-changes',
      'the command reads COUNTERSIGN_REQUEST, so it may run where approvers changed something',
    )
    .option('--keep-credential', 'leave COUNTERSIGN_API_KEY in the command’s environment, for one that asks by itself')
    .option('--audience <name>', 'whom a token of GitHub’s job is for', 'countersign')
    .option('--json', 'print how it ended as JSON; the command’s output goes to standard error');
  withConnection(command, { as: true }).action((words: string[], options: RunOptions) => run(io, words, options));
}

async function run(io: Io, words: readonly string[], options: RunOptions): Promise<void> {
  const { detach, resume, wait } = options;
  if (resume !== undefined && (detach === true || options.key !== undefined)) {
    throw usage('`--resume` goes on with one action; leave `--detach` and `--key` out');
  }
  if (detach === true && wait !== undefined) throw usage('`--detach` does not wait; leave `--wait` out');
  const patience = wait === undefined ? Infinity : secondsOf('--wait', wait);
  const seconds = detach === true ? 0 : patience;
  const asked = await requestOf(io, options);
  requireCommand(words[0] ?? '', io.env['PATH']);
  const credential = await credentialOf(io, options, options.audience);
  const key = options.key ?? keyOfJob(io.env, asked, words) ?? `run:${randomUUID()}`;
  const request: unknown = asked;
  const ended = await executeGoverned(io, credential, {
    request: request as ActionRequest,
    command: words,
    from: resume === undefined ? { key } : { action: resume },
    timeout: seconds * 1000,
    file: options.file ?? null,
    acceptChanges: options.acceptChanges === true,
    keepCredential: options.keepCredential === true,
    json: options.json === true,
  });
  const { result, exitCode, said } = ended;
  io.exitCode = exitCode;
  tell(io, {
    ended: said,
    status: result.status,
    surface: String(asked['surface']),
    action: result.action,
    reasons: reasonsOf(ended),
    url: credential.url,
  });
  print(io, ended, options);
}

async function requestOf(io: Io, { request, file, ...options }: RunOptions): Promise<JsonObject> {
  const body = await buildRequest(io, {
    ...options,
    ...(request === undefined ? {} : { file: request }),
    defaults: { action: 'run', actor: options.as ?? actorOfJob(io.env) },
  });
  const params = body['params'] ?? {};
  if (file === undefined) return body;
  return { ...body, params: await withArtefact(params as JsonObject, file) };
}

const reasonsOf = ({ result }: RunEnd): readonly string[] =>
  result.status === 'refused' ? result.reasons : (result.action?.verdict?.reasons ?? []);

/** The permit is for this process alone, so it is not printed. */
function print(io: Io, ended: RunEnd, { json, detach }: RunOptions): void {
  const { result, exitCode, said } = ended;
  const id = result.action?.id ?? null;
  if (json === true) {
    const action = result.action === null ? null : withoutPermit(result.action);
    io.json({ status: result.status, exitCode, id, reasons: reasonsOf(ended), action });
    return;
  }
  if (detach === true && result.status === 'waiting' && id !== null) io.out(id);
  io.err(`countersign: ${id === null ? '' : `${id} `}${said}`);
  if (result.status === 'refused') for (const reason of reasonsOf(ended)) io.err(`  ${reason}`);
  if (result.status === 'waiting' && id !== null) {
    io.err(`  go on with \`countersign run --resume ${id} …\` and the same request`);
  }
  if (result.status === 'begun') {
    io.err('  look whether it happened; an owner settles it with `countersign reconcile`');
  }
}

const withoutPermit = (action: Action): Action => ({ ...action, permit: null });
