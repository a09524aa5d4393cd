/**
 * Where log lines go: standard error, without ever waiting for it. A pipe that nobody reads takes 64 KiB and then holds whoever writes on;
 * a log must not hold up what it reports on. So what does not fit is kept, up to a bound, and beyond that the newest lines are dropped, and
 * counted.
 */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';

export interface LogStream {
  write(line: string): void;
}

/** Characters that are kept for a reader who is behind. */
const KEPT_MAX = 1024 * 1024;
/** Level of pino. */
const WARN = 40;
/** How often a full pipe is tried again, in milliseconds. */
const AGAIN_MS = 100;

/** Writes as much of the bytes as fits now. @returns how many; 0 where nothing fits. */
export type TryWrite = (bytes: Uint8Array) => number;

export interface LogStreamOptions {
  tryWrite?: TryWrite;
  onDropped?: (lines: number) => void;
  keptMax?: number;
  againMs?: number;
}

export function createLogStream(options: LogStreamOptions = {}): LogStream {
  const { tryWrite = standardError(), onDropped, keptMax = KEPT_MAX, againMs = AGAIN_MS } = options;
  const backlog: Buffer[] = [];
  let size = 0;
  let dropped = 0;
  let timer: NodeJS.Timeout | null = null;

  /** True when everything that was kept is written. */
  const flush = (): boolean => {
    while (backlog[0] !== undefined) {
      const written = tryWrite(backlog[0]);
      size -= written;
      if (written < backlog[0].length) {
        backlog[0] = backlog[0].subarray(written);
        return false;
      }
      backlog.shift();
    }
    return true;
  };
  const keep = (bytes: Buffer): void => {
    backlog.push(bytes);
    size += bytes.length;
    if (timer === null && !flush()) again();
  };
  const again = (): void => {
    timer ??= setTimeout(() => {
      timer = null;
      if (!flush()) again();
      else if (dropped > 0) {
        const lines = dropped;
        dropped = 0;
        const said = {
          level: WARN,
          time: Date.now(),
          dropped: lines,
          msg: 'lines of this log were dropped: nobody read them',
        };
        keep(Buffer.from(`${JSON.stringify(said)}\n`));
      }
    }, againMs).unref();
  };
  const write = (line: string): void => {
    const bytes = Buffer.from(line);
    if (size + bytes.length > keptMax) {
      dropped += 1;
      onDropped?.(1);
      again();
      return;
    }
    keep(bytes);
  };
  return { write };
}

/**
 * Standard error. A pipe is opened once more by its name under `/proc`, for the flag that makes a full one say so belongs to the opening, and
 * whoever gave us this one may share it. A socket cannot be: it gets the flag as it is, from Node.js. Files and terminals take what they are
 * given.
 */
function standardError(): TryWrite {
  let fd = 2;
  try {
    if (fstatSync(2).isFIFO()) fd = openSync('/proc/self/fd/2', constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // No such folder here.
  }
  // Node.js opens it at its first mention, and then no write to it waits.
  if (fd === 2) void process.stderr.writable;
  return (bytes) => {
    try {
      return writeSync(fd, bytes);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') return 0;
      // Nobody will ever read it: there is nowhere to say so either.
      if (code === 'EPIPE') {
        if (fd !== 2) closeSync(fd);
        fd = -1;
      }
      return bytes.length;
    }
  };
}
