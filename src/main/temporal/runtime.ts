/** The runtime of Temporal's SDK, one for each process. Its log goes to ours, and its metrics can be read. */
import { Runtime, type LogLevel } from '@temporalio/worker';
import type { Logger } from 'pino';
import { freePort } from '../../store/free-port.ts';

/**
 * The SDK's notes go to our log. Those below `INFO` stay out at every level, because they spell out inputs and results of activities, with
 * undisclosed values and permits.
 */
const LEVELS = {
  TRACE: null,
  DEBUG: null,
  INFO: 'debug',
  WARN: 'warn',
  ERROR: 'error',
} as const satisfies Record<LogLevel, keyof Logger | null>;

/** How long core may take to answer its metrics, in milliseconds. */
const ASK_MS = 1000;
/** How often another port is tried when another program took one that was free. */
const TRIES = 5;

export interface CoreRuntime {
  /** Core's metrics in Prometheus's format; empty where it measures nothing. */
  metrics(): Promise<string>;
  /** Ends it, when nobody else uses it: while it collects core's log, this process cannot end by itself. */
  close(): Promise<void>;
}

/** Tests run several stacks in one process. */
let users = 0;

/**
 * Installs it, unless that was done.
 *
 * @param measure Whether core measures. It serves its metrics on a loopback port, from which we pass them on.
 */
export async function installRuntime({ log }: { log: Logger }, measure = false): Promise<CoreRuntime> {
  for (let left = measure ? TRIES : 1; ; left -= 1) {
    const address = measure && left > 1 ? `127.0.0.1:${await freePort()}` : null;
    try {
      install(log, address);
      return used(address);
    } catch (error) {
      // Already installed.
      if (error instanceof Error && error.name === 'IllegalStateError') return used(null);
      if (left <= 1) throw error;
    }
  }
}

function used(metricsAddress: string | null): CoreRuntime {
  users += 1;
  return {
    metrics: () => (metricsAddress === null ? Promise.resolve('') : ask(metricsAddress)),
    async close() {
      users -= 1;
      if (users === 0) await Runtime.instance().shutdown();
    },
  };
}

function install(log: Logger, metricsAddress: string | null): void {
  const say = (level: LogLevel, message: string, meta: object = {}): void => {
    const to = LEVELS[level];
    if (to !== null) log[to](meta, message);
  };
  Runtime.install({
    logger: {
      log: say,
      trace: (message, meta) => say('TRACE', message, meta),
      debug: (message, meta) => say('DEBUG', message, meta),
      info: (message, meta) => say('INFO', message, meta),
      warn: (message, meta) => say('WARN', message, meta),
      error: (message, meta) => say('ERROR', message, meta),
    },
    telemetryOptions: {
      // Core would print lines of another form beside ours.
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
      ...(metricsAddress === null ? {} : { metrics: { prometheus: { bindAddress: metricsAddress } } }),
    },
    // Ctrl-C is handled once, by the process that owns the worker.
    shutdownSignals: [],
  });
}

async function ask(address: string): Promise<string> {
  try {
    const response = await fetch(`http://${address}/metrics`, { signal: AbortSignal.timeout(ASK_MS) });
    return response.ok ? await response.text() : '';
  } catch {
    return '';
  }
}
