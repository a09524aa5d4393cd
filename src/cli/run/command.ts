/** The command that `run` executes: found before anybody is asked, started after the release, signals passed on. */
import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { constants as system } from 'node:os';
import { delimiter, join } from 'node:path';
import { usage } from '../values.ts';

const FORWARDED = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** @throws CountersignError `invalid-request` where there is nothing of this name that could run: then nobody is asked */
export function requireCommand(name: string, path: string | undefined): void {
  const places = name.includes('/') ? [name] : (path ?? '').split(delimiter).map((folder) => join(folder || '.', name));
  if (places.some(isExecutable)) return;
  throw usage(
    `\`${name}\` is no command that can be run here; nobody was asked. check its path, and that it is executable`,
  );
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The command failed. Its name is reported, never its output. */
export class CommandFailed extends Error {
  override readonly name: string;
  /** The exit code as in a shell. */
  readonly exitCode: number;

  constructor(how: string, exitCode: number) {
    super(`the command ${how}`);
    this.name = how;
    this.exitCode = exitCode;
  }
}

/** Runs at most one command, and passes on the signals that this process gets. */
export class Runner {
  #child: ChildProcess | null = null;
  readonly #pass: (signal: NodeJS.Signals) => void;

  /** @param interrupted called for a signal that comes while no command runs */
  constructor(interrupted: (signal: NodeJS.Signals) => void) {
    this.#pass = (signal) => {
      if (this.#child === null) interrupted(signal);
      // A terminal sends Ctrl-C to the command itself.
      else if (signal !== 'SIGINT' || !process.stdin.isTTY) this.#child.kill(signal);
    };
    for (const name of FORWARDED) process.on(name, this.#pass);
  }

  close(): void {
    for (const name of FORWARDED) process.off(name, this.#pass);
  }

  /** Resolves when it ended with 0. @throws CommandFailed */
  async run(
    [program = '', ...args]: readonly string[],
    { env, stdout }: { env: NodeJS.ProcessEnv; stdout: 'inherit' | 2 },
  ): Promise<void> {
    const child = spawn(program, args, { env, stdio: ['inherit', stdout, 'inherit'] });
    this.#child = child;
    try {
      await new Promise<void>((resolve, reject) => {
        child.once('error', ({ code }: NodeJS.ErrnoException) =>
          reject(new CommandFailed(`did not start (${code ?? 'unknown'})`, code === 'ENOENT' ? 127 : 126)),
        );
        child.once('exit', (code, signal) => {
          if (code === 0) resolve();
          else if (signal === null) reject(new CommandFailed(`ended with exit code ${code}`, code ?? 1));
          else reject(new CommandFailed(`was ended by ${signal}`, 128 + system.signals[signal]));
        });
      });
    } finally {
      this.#child = null;
    }
  }
}
