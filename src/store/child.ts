/** Child processes that never outlive this process, not even after SIGKILL. */
import { spawn } from 'node:child_process';
import { PassThrough, type Readable } from 'node:stream';

/**
 * The supervisor: a few lines of POSIX sh between us and the child. It holds the reading end of a pipe (its standard input) whose
 * writing end only we hold; when we die, however that happens, the kernel closes it and the supervisor ends the child. It tells the
 * child's process id on descriptor 3, and ends as the child ended.
 *
 * What a child writes is for its user alone.
 *
 * $1 signal for a gentle end, $2 seconds until a hard one, then the command.
 */
const SUPERVISOR = `
signal=$1 patience=$2; shift 2
umask 077
exec 4<&0
"$@" 0</dev/null 3>&- 4<&- &
child=$!
echo "$child" >&3; exec 3>&-
trap 'kill -s "$signal" "$child" 2>/dev/null' TERM INT HUP
(
  trap - TERM INT HUP
  while read -r _ <&4; do :; done
  kill -s "$signal" "$child" 2>/dev/null
  while [ "$patience" -gt 0 ] && kill -0 "$child" 2>/dev/null; do sleep 1; patience=$((patience - 1)); done
  kill -s KILL "$child" 2>/dev/null
) 1>/dev/null 2>&1 &
watcher=$!
exec 4<&-
while :; do
  wait "$child"; status=$?
  kill -0 "$child" 2>/dev/null || break
done
kill -s TERM "$watcher" 2>/dev/null
exit "$status"
`;

export interface SupervisedOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** User and group of the child; only root may give others than its own. */
  uid?: number;
  gid?: number;
  /** Where output goes: a file descriptor, `ignore`, or `pipe` for the streams below. @default 'ignore' */
  output?: number | 'ignore' | 'pipe';
  /** @default 'TERM' */
  stopSignal?: 'TERM' | 'INT' | 'QUIT' | 'KILL';
  /** Seconds between the gentle signal and SIGKILL. @default 10 */
  patience?: number;
}

/** How a child ended: its exit code, or 128 plus the number of the signal, as in a shell. */
export interface Ended {
  status: number;
}

export interface SupervisedChild {
  /** Process id of the command itself; -1 when it could not be started. */
  pid: number;
  /** Resolves when the command has ended, asked or not. Never rejects. */
  ended: Promise<Ended>;
  /** With `output: 'pipe'`. */
  stdout: Readable | null;
  stderr: Readable | null;
  /** Ends the command, gently and then hard, and resolves when it is gone. */
  stop(): Promise<Ended>;
}

/**
 * Starts a command that ends with us.
 *
 * It runs in a separate session, so a Ctrl-C at our terminal reaches us alone and we can stop what we started in order; if we do
 * not handle it, we die, and the command ends all the same.
 */
export async function spawnSupervised(
  command: string,
  args: readonly string[],
  options: SupervisedOptions = {},
): Promise<SupervisedChild> {
  const { output = 'ignore', stopSignal = 'TERM', patience = 10, cwd, env, uid, gid } = options;
  const supervisor = spawn(
    '/bin/sh',
    ['-c', SUPERVISOR, 'countersign-supervisor', stopSignal, String(patience), command, ...args],
    {
      detached: true,
      stdio: ['pipe', output, output, 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    },
  );
  const lifeline = supervisor.stdin;
  // The supervisor may end first. Then a write to its closed pipe is not an error.
  lifeline?.on('error', () => undefined);
  const ended = new Promise<Ended>((resolve) => {
    supervisor.once('error', () => resolve({ status: 127 }));
    supervisor.once('exit', (code, signal) => {
      lifeline?.destroy();
      // The supervisor was killed, and nothing else would end the command.
      if (signal !== null && child.pid > 0) tryKill(child.pid);
      resolve({ status: code ?? 137 });
    });
  });
  const child: SupervisedChild = {
    pid: -1,
    ended,
    stdout: buffered(supervisor.stdout as Readable | null),
    stderr: buffered(supervisor.stderr as Readable | null),
    stop() {
      lifeline?.end();
      return ended;
    },
  };
  child.pid = await firstLine(supervisor.stdio[3] as Readable | null);
  return child;
}

/** Node discards unread output when a child ends, and the last output matters most. */
function buffered(stream: Readable | null): Readable | null {
  return stream === null ? null : stream.pipe(new PassThrough());
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

function firstLine(stream: Readable | null): Promise<number> {
  return new Promise((resolve) => {
    let text = '';
    stream?.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    const done = (): void => resolve(Number(/^([0-9]+)\n/.exec(text)?.[1] ?? -1));
    stream?.once('close', done);
    stream?.once('error', done);
    if (stream === null) done();
  });
}
