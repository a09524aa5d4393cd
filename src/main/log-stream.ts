/**
 * Writes log lines to standard error without ever waiting for it. A pipe that nobody reads takes 64 KiB and then blocks its writer, and a
 * log must not block the process that it describes. So lines that do not fit are kept up to a bound; beyond that the newest are dropped and
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
 * Standard error without blocking. The non-blocking flag belongs to the open file, which we may share with our parent, so a pipe is opened
 * again by its name under `/proc`. A socket cannot be opened again; Node.js sets the flag on it. Files and terminals never block for long.
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
      // Nobody will ever read it, and it cannot be reported anywhere.
      if (code === 'EPIPE') {
        if (fd !== 2) closeSync(fd);
        fd = -1;
      }
      return bytes.length;
    }
  };
}
