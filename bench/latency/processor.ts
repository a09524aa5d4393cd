/** Processor time of this process and of all that it has started: Temporal's servers, PostgreSQL and its backends. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

/** Of /proc/PID/stat, in ticks of a hundredth of a second (proc(5)). */
const TICK_MS = 10;

interface Usage {
  parent: number;
  /** Its own, and that of children which have ended. */
  ms: number;
}

function usageOf(pid: string): Usage | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold blanks and parentheses: what counts follows its last one. The state is field 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { parent: Number(fields[1]), ms: ticks * TICK_MS };
  } catch {
    // Ended meanwhile: its parent has its time.
    return null;
  }
}

/** Milliseconds, since each process began. */
export function processorMs(): number {
  const all = new Map<number, Usage>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const usage = usageOf(pid);
    if (usage !== null) all.set(Number(pid), usage);
  }
  const isOurs = (pid: number): boolean => pid === process.pid || (all.has(pid) && isOurs(all.get(pid)?.parent ?? 0));
  return [...all].filter(([pid]) => isOurs(pid)).reduce((sum, [, { ms }]) => sum + ms, 0);
}
