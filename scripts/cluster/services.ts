/** The services of a cluster as processes of their own, each with a way to take it away and to give it back. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/store/index.ts';
import type { Restartable } from './platform.ts';

export type ServiceKind = 'api' | 'worker' | 'slack';

export interface ServiceProcess extends Restartable {
  readonly kind: ServiceKind;
  /** Where it serves; null for a worker. The same after a restart. */
  readonly url: string | null;
  /** Where it says how it is: `/healthz`, `/readyz`, `/metrics`. */
  readonly ownUrl: string | null;
}

const READY = { api: /serves at (\S+)/, slack: /serves at (\S+)/, worker: /worker (runs)/ };
const OWN_PORT = /says how it is at (http:\S+)\/metrics/;
/** How much of what it said is told of one that ended at its start. */
const LAST_LINES = 5;

interface ServiceOptions {
  env: NodeJS.ProcessEnv;
  /** What it says that is not awaited here. */
  say(line: string): void;
  /** The command in front of `countersign KIND`. */
  command?: readonly [string, ...string[]];
}

/** Longer than anything it needs is ever away. */
const INSISTS_MS = 180_000;

/** As an orchestrator does: what ends at its start, since something else does not answer yet, is started again. */
export async function insisting<T>(start: () => Promise<T>): Promise<T> {
  for (const until = Date.now() + INSISTS_MS; ;) {
    try {
      return await start();
    } catch (error) {
      if (Date.now() > until) throw error;
      await sleep(1000);
    }
  }
}

/** Starts one, and answers once it serves or runs. */
export async function startService(
  kind: ServiceKind,
  { env, say, command = [process.execPath, 'bin/countersign.js'] }: ServiceOptions,
): Promise<ServiceProcess> {
  let child: ChildProcess | null = null;
  let url: string | null = null;
  let ownUrl: string | null = null;
  const start = async (): Promise<void> => {
    const [program, ...args] = command;
    // Nobody else is given it while the process is away.
    const port = url === null ? String(await freePort()) : new URL(url).port;
    const started = spawn(program, [...args, kind], {
      env: { ...env, ...(kind === 'worker' ? {} : { COUNTERSIGN_PORT: port }) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child = started;
    const lines = createInterface({ input: started.stderr });
    const last: string[] = [];
    await new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => {
        if (last.push(line) > LAST_LINES) last.shift();
        ownUrl = OWN_PORT.exec(line)?.[1] ?? ownUrl;
        const ready = READY[kind].exec(line)?.[1];
        if (ready === undefined) return say(`${kind} ${String(started.pid)}: ${line}`);
        if (kind !== 'worker') url = ready;
        resolve();
      });
      // Not `exit`, at which not all that it said is read.
      started.once('close', (code, signal) => {
        reject(new Error(`countersign ${kind} ended with ${String(code ?? signal)}: ${last.join('\n')}`));
      });
    });
  };
  await start();
  return {
    kind,
    get pid() {
      return child?.pid ?? -1;
    },
    get url() {
      return url;
    },
    get ownUrl() {
      return ownUrl;
    },
    start,
    async end(signal) {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
    },
  };
}
