/** PostgreSQL's own file that names the process serving a cluster. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CountersignError } from '../contract/index.ts';

export interface PidFile {
  pid: number;
  /** Seconds since the epoch. */
  startedAt: number;
  ready: boolean;
}

/** `postmaster.pid` (PostgreSQL, src/include/utils/pidfile.h): line 1 the process, line 3 its start, line 8 its state. Null when there is none. */
export function readPidFile(cluster: string): PidFile | null {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number(lines[0]);
    if (!Number.isInteger(pid) || pid <= 0) return null;
    return { pid, startedAt: Number(lines[2]), ready: (lines[7] ?? '').trim() === 'ready' };
  } catch {
    return null;
  }
}

/** True when that process is a PostgreSQL server of this cluster, and not a later process with the same id. */
function serves(pid: number, cluster: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(cluster);
  } catch {
    // No /proc here: PostgreSQL itself decides, when it finds the note.
    return false;
  }
}

const GENTLE_MS = 15_000;
const HARD_MS = 5000;

/**
 * Ends a server that was left behind on our cluster: both we and its supervisor were killed, or it is still shutting down. Called with the
 * folder locked, so nobody else is using it. PostgreSQL itself clears a file whose process is gone.
 *
 * @throws CountersignError `configuration` when it cannot be ended.
 */
export async function endOrphan(cluster: string): Promise<void> {
  const file = readPidFile(cluster);
  if (file === null || !serves(file.pid, cluster)) return;
  for (const [signal, patience] of [
    ['SIGINT', GENTLE_MS],
    ['SIGQUIT', HARD_MS],
  ] as const) {
    try {
      process.kill(file.pid, signal);
    } catch {
      // The process is gone, or we may not end it. The wait below shows which.
    }
    for (let waited = 0; waited < patience; waited += 20) {
      if (!serves(file.pid, cluster)) return;
      await sleep(20);
    }
  }
  throw new CountersignError(
    'configuration',
    `process ${file.pid} still serves the database in \`${cluster}\` and does not end; end it, then start again`,
  );
}
