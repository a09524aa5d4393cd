/** The verbs' view of the outside world. It is passed in, so that a test can replace it. */
import { once } from 'node:events';
import type { SandboxFactory } from '../main/sandbox.ts';

export interface Io {
  /** Writes one line to standard output: results only. */
  out(line: string): void;
  /** Writes a value to standard output as indented JSON. */
  json(value: unknown): void;
  /** Writes bytes unchanged to standard output, for another program. */
  bytes(chunk: Uint8Array): Promise<void>;
  /** Writes one line to standard error: progress, notes and errors. */
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

/** Control and bidi characters that JSON does not escape. */
const BEYOND_JSON = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** One line that is safe to print. Reasons and names come from strangers, who must not control the terminal or add lines. */
export function visible(line: string): string {
  return line.replaceAll(CONTROL, escaped);
}

/** Where an {@link Io} reads and writes. */
export interface Streams {
  writeOut(text: string): void;
  writeErr(text: string): void;
  /** Bytes to standard output, taken once they are resolved. */
  writeBytes?(chunk: Uint8Array): Promise<void>;
  readIn(): Promise<string>;
  env: Io['env'];
}

export function createIo(streams: Streams, outer: Pick<Io, 'sandbox'> = {}): Io {
  return {
    ...outer,
    out: (line) => streams.writeOut(`${visible(line)}\n`),
    json: (value) => streams.writeOut(`${JSON.stringify(value, null, 2).replaceAll(BEYOND_JSON, escaped)}\n`),
    bytes: async (chunk) => {
      if (streams.writeBytes === undefined) streams.writeOut(Buffer.from(chunk).toString('utf8'));
      else await streams.writeBytes(chunk);
    },
    err: (line) => streams.writeErr(`${visible(line)}\n`),
    env: streams.env,
    stdin: () => streams.readIn(),
    now: Date.now,
    exitCode: 0,
  };
}

/** The process itself. */
export function processIo(outer: Pick<Io, 'sandbox'> = {}): Io {
  // A reader that stops early (`| head`) is not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  const streams: Streams = {
    writeOut: (text) => void process.stdout.write(text),
    writeErr: (text) => void process.stderr.write(text),
    async writeBytes(chunk) {
      if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
    },
    async readIn() {
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString('utf8');
    },
    env: process.env,
  };
  return createIo(streams, outer);
}
