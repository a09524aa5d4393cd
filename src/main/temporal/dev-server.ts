/** Temporal's dev server: one process and one SQLite file, tuned as docs/architecture.md says. */
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { CountersignError } from '../../contract/index.ts';
import { spawnSupervised } from '../../store/child.ts';

/**
 * The dev server polls its transfer queue 20 times a second by default, which costs 40 ms on every workflow; and it has one node, so
 * one partition per task queue. Durability is left alone: SQLite's `synchronous` stays at its default.
 */
const TUNING = [
  '--dynamic-config-value',
  'history.transferProcessorMaxPollRPS=2000',
  '--dynamic-config-value',
  'matching.numTaskqueueReadPartitions=1',
  '--dynamic-config-value',
  'matching.numTaskqueueWritePartitions=1',
  '--sqlite-pragma',
  'journal_mode=WAL',
];

export interface DevServerOptions {
  binary: string;
  dataDir: string;
  namespace: string;
  /** 0 = any free port. */
  port?: number;
  uiPort?: number;
  /** Without our tuning, as people run it; for comparison in `bench/`. */
  stock?: boolean;
}

export interface DevServer {
  address: string;
  uiUrl: string;
  /** Resolves with a sentence when the server ends by itself. */
  exited: Promise<string>;
  stop(): Promise<void>;
}

async function freePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new CountersignError(
          'configuration',
          `Temporal’s port ${wanted} is taken (${error.code ?? error.message}); stop what uses it`,
          {
            cause: error,
          },
        ),
      );
    });
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Starts it; it may not answer yet. The child ends with this process, also when that is killed. */
export async function startDevServer(options: DevServerOptions): Promise<DevServer> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
  const port = await freePort(options.port ?? 0);
  const uiPort = await freePort(options.uiPort ?? 0);
  const logFile = join(options.dataDir, 'temporal.log');
  const log = openSync(logFile, 'a', 0o600);
  const child = await spawnSupervised(
    options.binary,
    [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
      ...[
        '--namespace',
        options.namespace,
        '--db-filename',
        join(options.dataDir, 'temporal.db'),
        '--log-level',
        'error',
      ],
      ...(options.stock === true ? [] : TUNING),
    ],
    { output: log },
  ).finally(() => closeSync(log));
  return {
    address: `127.0.0.1:${port}`,
    uiUrl: `http://127.0.0.1:${uiPort}`,
    exited: child.ended.then(({ status }) => `Temporal’s server ended by itself (${status}): ${lastLine(logFile)}`),
    async stop() {
      await child.stop();
    },
  };
}

function lastLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  } catch {
    return 'its log cannot be read';
  }
}
