/**
 * Runs a candidate once in a thread with limits on time and memory, before the process that makes verdicts checks it. An endless loop
 * or unbounded growth stops that thread and nothing else.
 */
import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import { CountersignError } from '../contract/index.ts';
import type { Directory, Person, Workload } from '../identity/directory.ts';
import type { PolicyFile, SealedCase } from '../policy/index.ts';
import { threadTime } from '../engine/thread-time.ts';
import { startThread } from '../engine/thread.ts';

export interface RehearsalInput {
  files: readonly PolicyFile[];
  people: readonly Person[];
  workloads: readonly Workload[];
  sealed: readonly SealedCase[];
}

/** The step that the thread starts now. */
export interface RehearsalStep {
  at: string;
  /** The file of the step, if it has one. */
  file: string | null;
  /** Why its policies do not compile. */
  broken?: string | undefined;
  /** The thread itself, in its first message ({@link kernelThread}). */
  thread?: string | null;
}

/** Time limit of one step, such as one case, in milliseconds of processor time. A step usually takes a thousandth of it. */
const STEP_MS = 5000;
/** How often the time of a thread that waits for a processor is looked at, at most, in milliseconds. */
const LOOK_MS = 50;
/** Time limit for loading the thread, in milliseconds, on a busy machine. */
const START_MS = 60_000;
/** Time limit of all steps together, in milliseconds. */
const TOTAL_MS = 60_000;

/**
 * @param directory of the people whom the policies name
 * @throws CountersignError `invalid-policy` naming the case or other step that did not end
 */
export async function rehearse(
  directory: Directory,
  files: readonly PolicyFile[],
  sealed: readonly SealedCase[] = [],
): Promise<void> {
  const input: RehearsalInput = { files, people: directory.people(), workloads: directory.workloads(), sealed };
  const worker = startThread(new URL('./rehearsal-worker', import.meta.url));
  let last: RehearsalStep = { at: 'starting', file: null };
  let thread: string | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = (): void => void worker.terminate();
  const total = setTimeout(stop, START_MS + TOTAL_MS);
  const allow = (ms: number): void => {
    clearTimeout(timer);
    const began = threadTime(thread);
    const mine = setTimeout(
      () => {
        const used = threadTime(thread);
        // On a busy machine the thread may have waited for a processor. Where the system does not say, its wait counts too.
        const left = began === null || used === null ? 0 : ms - (used - began);
        if (left > 0) return allow(left);
        // It may have gone on while this process was busy, so its messages are taken first.
        setImmediate(() => {
          if (timer === mine) stop();
        });
      },
      Math.max(ms, LOOK_MS),
    );
    timer = mine;
  };
  // While it loads, it also reads from disk.
  timer = setTimeout(stop, START_MS);
  try {
    await new Promise<void>((resolve) => {
      worker.on('message', (message: RehearsalStep) => {
        last = { broken: last.broken, ...message };
        thread ??= message.thread ?? null;
        allow(STEP_MS);
        if (message.at === 'done') resolve();
      });
      // Running out of memory is an error; `last` says how far it got.
      worker.on('error', () => undefined);
      worker.on('exit', () => resolve());
      worker.postMessage(input);
    });
  } finally {
    clearTimeout(timer);
    clearTimeout(total);
    stop();
  }
  if (last.broken !== undefined) throw new CountersignError('invalid-policy', last.broken);
  if (last.at !== 'done') throw endless(files, last);
}

function endless(files: readonly PolicyFile[], { at, file }: RehearsalStep): CountersignError {
  const index = files.findIndex(({ path }) => path === file);
  const detail = `${file === null ? '' : `${file}: `}${at} takes longer, or more memory, than a policy may; make it smaller`;
  return new CountersignError('invalid-policy', `the policies cannot be used: ${detail}`, {
    errors: [{ pointer: index < 0 ? '/files' : `/files/${index}/text`, detail }],
  });
}
