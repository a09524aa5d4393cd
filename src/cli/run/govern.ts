/** One governed execution of a command, and what its end means to a pipeline. */
import {
  Countersign,
  CountersignError as ClientError,
  Skip,
  type Action,
  type ActionRequest,
  type Governed,
  type JsonObject,
  type Release,
} from '../../client/index.ts';
import { govern, type GovernCalls } from '../../client/govern.ts';
import { applyChanges } from '../../client/verify/request-hash.ts';
import { CountersignError, ERROR_CODES, type ErrorCode } from '../../contract/index.ts';
import { actionPath } from '../actions.ts';
import { BEFORE_RELEASE, EXIT, exitOfStatus } from '../exit.ts';
import type { Io } from '../io.ts';
import { digestOf } from './artefact.ts';
import { CommandFailed, Runner } from './command.ts';
import type { RunCredential } from './credential.ts';
import { mask } from './pipeline.ts';

export interface Execution {
  request: ActionRequest;
  command: readonly string[];
  /** A new action under its key, or one that was asked for before. */
  from: { key: string } | { action: string };
  /** Milliseconds to wait for people. */
  timeout: number;
  /** The file whose digest is in the request. */
  file: string | null;
  /** Whether the command reads the request as released, so that changes reach it. */
  acceptChanges: boolean;
  /** Whether the command gets the credential that this asks with. */
  keepCredential: boolean;
  json: boolean;
}

/** How it ended; `failed` where the command did not end well. */
export type Result = Governed<null> | { status: 'failed'; action: Action | null };

export interface RunEnd {
  result: Result;
  exitCode: number;
  /** The outcome, in words. */
  said: string;
}

/** Milliseconds between two lines of progress: many pipelines end a job without output after ten minutes. */
const PROGRESS_MS = 60_000;

/** Asks, waits, executes with a permit, reports. @throws CountersignError for anything that is neither an answer nor a verdict */
export async function executeGoverned(
  io: Io,
  { url, key, fetch }: RunCredential,
  execution: Execution,
): Promise<RunEnd> {
  const client = new Countersign({ url, key, fetch });
  const stop = new AbortController();
  const runner = new Runner(() => stop.abort());
  const progress = new Progress(io);
  const { request, from, timeout } = execution;
  try {
    const options = {
      key: 'key' in from ? from.key : '',
      timeout,
      signal: stop.signal,
      onWaiting: (action: Action) => progress.begin(action),
    };
    const result = await govern<null>(callsOf(client, execution), request, options, async (released, release) => {
      progress.end();
      progress.action = release.action;
      await execute(io, runner, execution, released, release);
      return null;
    });
    return endOf(result);
  } catch (error) {
    if (error instanceof CommandFailed) {
      return { result: { status: 'failed', action: progress.action }, exitCode: error.exitCode, said: error.message };
    }
    if (error instanceof ClientError && error.code === 'aborted' && progress.action !== null) {
      const said = 'is not waited for any longer; nothing was withdrawn';
      return { result: { status: 'waiting', action: progress.action }, exitCode: before(EXIT.waiting), said };
    }
    throw error instanceof ClientError ? ours(error) : error;
  } finally {
    progress.end();
    runner.close();
  }
}

/**
 * The calls of `govern()`. The redemption names the request that this pipeline is about to run, and the engine compares
 * it. So an action that was requested with another file or other params is not executed here.
 */
function callsOf(client: Countersign, { request, from }: Execution): GovernCalls {
  return {
    async request(asked, { wait = 0, signal, idempotencyKey }) {
      const call = signal === undefined ? {} : { signal };
      if ('key' in from) return client.request(asked, { idempotencyKey, wait, ...call });
      actionPath(from.action);
      return client.wait(from.action, { timeout: wait * 1000, ...call });
    },
    permit: (id, options) => client.permit(id, options),
    redeem: ({ permit, ...more }, options) =>
      client.redeem(
        { permit, ...more, request: applyChanges(request, changesIn(permit)), audience: request.surface },
        options,
      ),
    report: (id, outcome, options) => client.report(id, outcome, options),
  };
}

/** The changes that a permit of the engine names. The engine checks its signature at the redemption. */
function changesIn(permit: string): JsonObject {
  const [, payload = ''] = permit.split('.');
  const { changes } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { changes?: JsonObject };
  return changes ?? {};
}

async function execute(
  io: Io,
  runner: Runner,
  { command, file, acceptChanges, keepCredential, json, request: { params } }: Execution,
  released: ActionRequest,
  { permit, changes, action }: Release,
): Promise<void> {
  mask(io, permit, json);
  if (file !== null && (await digestOf(file)) !== params?.['digest']) {
    throw new Skip(`\`${file}\` is no longer the file that was approved`);
  }
  if (changes !== null && !acceptChanges) {
    const what = Object.keys(changes).join(', ');
    throw new Skip(`it was approved with changes (${what}), which the command does not read; see \`--accept-changes\``);
  }
  const env: NodeJS.ProcessEnv = {
    ...io.env,
    COUNTERSIGN_ACTION: action.id,
    COUNTERSIGN_PERMIT: permit,
    COUNTERSIGN_REQUEST: JSON.stringify(released),
  };
  // The key may ask and report. The command has a permit, and with the key it could report what did not happen.
  if (!keepCredential) delete env['COUNTERSIGN_API_KEY'];
  await runner.run(command, { env, stdout: json ? 2 : 'inherit' });
}

/** Prints whom it waits for, and repeats that now and then. */
class Progress {
  /** The action as it was last seen. */
  action: Action | null = null;
  readonly #io: Io;
  #timer: NodeJS.Timeout | undefined;

  constructor(io: Io) {
    this.#io = io;
  }

  begin(action: Action): void {
    this.action = action;
    const began = this.#io.now();
    this.#io.err(`countersign: ${action.id} waits for ${awaited(action)}`);
    this.#timer ??= setInterval(() => {
      const minutes = Math.round((this.#io.now() - began) / 60_000);
      this.#io.err(`countersign: ${action.id} still waits for ${awaited(action)} (${minutes} min)`);
    }, PROGRESS_MS);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function awaited({ approval }: Action): string {
  if (approval === null) return 'a verdict';
  return `${approval.stages[approval.stage]?.approvers.join(', ') ?? 'somebody'} until ${approval.expiresAt}`;
}

const before = (exit: number): number => BEFORE_RELEASE + exit;

function endOf(result: Governed<null>): RunEnd {
  switch (result.status) {
    case 'executed':
      return {
        result,
        exitCode: EXIT.ok,
        said: result.reported ? 'is executed' : 'is executed, and could not be reported',
      };
    case 'skipped':
      return { result, exitCode: before(EXIT.refused), said: `was not executed: ${result.reason}` };
    case 'already':
      // An earlier run with this key: nothing was executed now.
      return {
        result,
        exitCode: result.outcome === 'executed' ? EXIT.ok : before(EXIT.fault),
        said: `had ended before as ${result.outcome}; nothing was executed now`,
      };
    case 'begun':
      return {
        result,
        exitCode: before(EXIT.fault),
        said: 'was begun by another run that has reported nothing; nothing was executed now',
      };
    case 'waiting':
      return { result, exitCode: before(EXIT.waiting), said: `waits for ${awaited(result.action)}` };
    case 'refused':
      return { result, exitCode: before(EXIT.refused), said: 'is refused' };
    default:
      return {
        result,
        exitCode: before(exitOfStatus(result.status)),
        said: `is ${result.status}; nothing was executed`,
      };
  }
}

/** The client's error as an error of this command line. */
function ours(error: ClientError): CountersignError {
  const { code, message, problem } = error;
  const known = Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : 'unavailable';
  return new CountersignError(known, message, {
    cause: error,
    ...(problem?.errors === undefined ? {} : { errors: problem.errors }),
  });
}
