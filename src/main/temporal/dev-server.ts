/** Temporal's dev server: one process and one SQLite file, tuned for low latency. */
import { once } from 'node:events';
import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { CountersignError } from '../../contract/index.ts';
import { spawnSupervised } from '../../store/child.ts';
import { freePort } from '../../store/free-port.ts';

/** Turns off telemetry and the check for updates. */
const QUIET = ['--dynamic-config-value', 'frontend.enableServerVersionCheck=false'];

/**
 * The dev server polls its transfer queue 20 times a second by default, which costs 40 ms on every workflow; and it has one node, so
 * one partition per task queue. Durability is left alone: SQLite's `synchronous` stays at its default, full.
 */
const TUNING = [
  ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
  ...['--dynamic-config-value', 'matching.numTaskqueueReadPartitions=1'],
  ...['--dynamic-config-value', 'matching.numTaskqueueWritePartitions=1'],
  // The Web UI's list shares SQLite's only connection with the histories. It is written up to a fifth of a second later, and one row at a
  // time, so that an action waits for at most one row.
  ...['--dynamic-config-value', 'history.visibilityProcessorMaxPollRPS=5'],
  ...['--dynamic-config-value', 'history.visibilityProcessorSchedulerWorkerCount=1'],
  // Deleting a history waits until its queues have reported their progress twice, which happens every half minute by default.
  ...['--dynamic-config-value', 'history.transferProcessorUpdateAckInterval="5s"'],
  ...['--dynamic-config-value', 'history.visibilityProcessorUpdateAckInterval="5s"'],
  ...['--sqlite-pragma', 'journal_mode=WAL'],
];

/** The server gets no more of our environment than it needs: none of our secrets, none of a Temporal client's settings. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL'];

export interface DevServerOptions {
  /** Path of the `temporal` command. */
  binary: string;
  /** Holds its database, `temporal.db`, and its log, `temporal.log`. */
  dataDir: string;
  namespace: string;
  /** Without one, any that is free. */
  port?: number;
  /** Without our tuning, as people run it; for comparison in `bench/`. */
  stock?: boolean;
}

export interface DevServerEnd {
  /** In a sentence. */
  why: string;
  /** Another program took one of its ports between our check and its start. */
  portTaken: boolean;
}

export interface DevServer {
  /** Process id of the server. */
  pid: number;
  /** `host:port`, on loopback. */
  address: string;
  uiUrl: string;
  /** Resolves when the server ends, asked or not. */
  exited: Promise<DevServerEnd>;
  /** Ends it, and resolves when it is gone. */
  stop(): Promise<void>;
}

/** @throws CountersignError `configuration` when `port` is taken. */
async function refuseTaken(port: number): Promise<void> {
  const probe = createServer().listen(port, '127.0.0.1');
  try {
    await once(probe, 'listening');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why =
      code === 'EADDRINUSE'
        ? `port ${port}, which Temporal’s server should have, is taken; stop what uses it, or choose another one`
        : `Temporal’s server cannot listen on port ${port} (${code ?? message}); choose another one`;
    throw new CountersignError('configuration', why, { cause });
  }
  probe.close();
  await once(probe, 'close');
}

async function portFor(wanted: number | undefined): Promise<number> {
  if (wanted === undefined) return freePort();
  await refuseTaken(wanted);
  return wanted;
}

/**
 * Starts it; it may not answer yet. The child ends with this process, also when that is killed.
 *
 * @throws CountersignError `configuration` when a port is taken.
 */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const port = await portFor(options.port);
  const uiPort = await freePort();
  const logFile = join(options.dataDir, 'temporal.log');
  const log = openSync(logFile, 'a', 0o600);
  const from = fstatSync(log).size;
  const child = await spawnSupervised(
    options.binary,
    [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
      ...['--namespace', options.namespace, '--db-filename', join(options.dataDir, 'temporal.db')],
      ...['--log-level', 'error'],
      ...QUIET,
      ...(options.stock === true ? [] : TUNING),
    ],
    {
      output: log,
      // Answered writes are on disk. A graceful stop takes almost two seconds for a move to another node, and there is none.
      stopSignal: 'KILL',
      env: Object.fromEntries(
        PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
      ),
    },
  ).finally(() => closeSync(log));
  return {
    pid: child.pid,
    address: `127.0.0.1:${port}`,
    uiUrl: `http://127.0.0.1:${uiPort}`,
    exited: child.ended.then(({ status }) => {
      const tail = endOf(logFile, from);
      const line = tail.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
      return {
        why: `Temporal’s server ended (${status}) ${line === '' ? 'without a word' : `saying: ${line}`}`,
        portTaken: tail.includes('address already in use'),
      };
    }),
    async stop() {
      await child.stop();
    },
  };
}

/** The server's last lines, from `from` on. Its log may be large. */
function endOf(file: string, from: number): string {
  try {
    const fd = openSync(file, 'r');
    try {
      const { size } = fstatSync(fd);
      const tail = Buffer.alloc(Math.min(size - from, 4096));
      readSync(fd, tail, 0, tail.length, size - tail.length);
      return tail.toString('utf8');
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}
