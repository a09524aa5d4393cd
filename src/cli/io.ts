/** What the verbs know of the world around them: handed in, so that a test can be that world. */

import type { SandboxFactory } from '../main/start.ts';

export interface Io {
  /** Writes a line to standard output: results only. */
  out(line: string): void;
  /** Writes a line to standard error: progress, notes and errors. */
  err(line: string): void;
  env: Readonly<Record<string, string | undefined>>;
  /** All of standard input, as UTF-8. */
  stdin(): Promise<string>;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Loads the Slack sandbox, where there is one; the product does not know it. */
  sandbox?: () => Promise<SandboxFactory>;
  /** Set by a verb when its result is neither success nor an error, such as `still waiting`. */
  exitCode: number;
}

/** The process itself. */
export function processIo(outer: Pick<Io, 'sandbox'> = {}): Io {
  // A reader that has seen enough (`| head`) is no fault of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    ...outer,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    env: process.env,
    async stdin() {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString('utf8');
    },
    now: Date.now,
    exitCode: 0,
  };
}
