/** For tests of a service: a whole engine on this machine, which answers for the approvers. Needs Node and the package `countersign`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestEngineOptions {
  /** What the approvers say; `ask` leaves it to the Slack sandbox. Default: `approve`. */
  auto?: 'approve' | 'refuse' | 'ask';
  /** The folder of policies to test against. */
  policies?: string;
  /** What starts the engine. Default: `npx countersign`. */
  command?: readonly string[];
  env?: Record<string, string>;
}

export interface TestEngine {
  url: string;
  /** A key that may speak for any actor. */
  key: string;
  /** Stops it and deletes everything. */
  stop(): Promise<void>;
}

/** Starts an engine on any free port and in a new folder, and resolves when it serves. */
export async function startTestEngine({
  auto = 'approve',
  policies,
  command = ['npx', 'countersign'],
  env = {},
}: TestEngineOptions = {}): Promise<TestEngine> {
  const data = await mkdtemp(join(tmpdir(), 'countersign-'));
  const [program = '', ...before] = command;
  const args = [...before, 'start', '--json', '--auto', auto, '--port', '0', '--data', data];
  const child = spawn(program, policies === undefined ? args : [...args, '--policies', policies], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    // Its own process group, so that its children end with it.
    detached: true,
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      signal(child, 'SIGTERM');
      await exited;
    }
    await rm(data, { recursive: true, force: true });
  };
  try {
    const { url, firstKey } = JSON.parse(await firstLine(child)) as { url: string; firstKey: string };
    return { url, key: firstKey, stop };
  } catch (cause) {
    await stop();
    throw new Error('the engine did not start; it said why on standard error', { cause });
  }
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(-pid, name);
}

/** The engine's output once it serves. Later output is read too, so that the pipe never fills. */
function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += String(chunk);
      const [line = '', ...more] = text.split('\n');
      if (more.length > 0) resolve(line);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`it ended with ${code}`)));
  });
}
