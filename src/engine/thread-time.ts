/** How much a worker thread has computed: on a busy machine, a thread that waits for its turn computes nothing. */
import { readFileSync, readlinkSync } from 'node:fs';

/** The kernel's name of the calling thread, to be sent to the thread that watches it; null where there is no /proc. */
export function kernelThread(): string | null {
  try {
    return readlinkSync('/proc/thread-self');
  } catch {
    return null;
  }
}

/** Milliseconds of processor time that a thread of this process has used so far; null where the system does not say. */
export function threadTime(kernelThread: string | null): number | null {
  if (kernelThread === null) return null;
  try {
    // Nanoseconds on a processor, nanoseconds of waiting for one, turns (Linux, Documentation/scheduler/sched-stats.rst).
    const [onProcessor = ''] = readFileSync(`/proc/${kernelThread}/schedstat`, 'utf8').split(' ');
    return Number(onProcessor) / 1e6;
  } catch {
    return null;
  }
}
