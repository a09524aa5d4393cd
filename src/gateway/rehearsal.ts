/**
 * Before a candidate is checked where verdicts are made, it runs once in a thread with limits of time and memory: what loops, or grows
 * without end, stops that thread and nothing else.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { clearTimeout, setTimeout } from 'node:timers';
import { Worker } from 'node:worker_threads';
import { CountersignError } from '../contract/index.ts';
import type { Person, Workload } from '../identity/directory.ts';
import type { PolicyFile, SealedCase } from '../policy/index.ts';
import type { GatewayDeps } from './deps.ts';

export interface RehearsalInput {
  files: readonly PolicyFile[];
  people: readonly Person[];
  workloads: readonly Workload[];
  sealed: readonly SealedCase[];
}

/** What the thread begins with now. */
export interface RehearsalNews {
  at: string;
  /** The file that it stands in, where it stands in one. */
  file: string | null;
}

/** Milliseconds of one step, such as one case: a thousandth of it is usual. */
const STEP_MS = 5000;
/** Milliseconds until the thread has loaded its programs, on a machine that is busy. */
const START_MS = 60_000;
/** Milliseconds of all steps. */
const TOTAL_MS = 60_000;
const MEMORY_MB = 384;

/** @throws CountersignError `invalid-policy` naming the case, or whatever else it was, that did not end */
export async function rehearse(
  deps: Pick<GatewayDeps, 'directory'>,
  files: readonly PolicyFile[],
  sealed: readonly SealedCase[] = [],
): Promise<void> {
  const directory = deps.directory.current();
  const input: RehearsalInput = { files, people: directory.people(), workloads: directory.workloads(), sealed };
  const ready = idle;
  idle = null;
  const worker = ready ?? startWorker();
  worker.ref();
  let last: RehearsalNews = { at: 'starting', file: null };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = (): void => void worker.terminate();
  const total = setTimeout(stop, START_MS + TOTAL_MS);
  const allow = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(stop, ms);
  };
  allow(ready === null ? START_MS : STEP_MS);
  try {
    await new Promise<void>((resolve) => {
      worker.on('message', (message: RehearsalNews) => {
        last = message;
        allow(STEP_MS);
        if (message.at === 'done') resolve();
      });
      // Out of memory is an error; how far it came says `last`.
      worker.on('error', () => undefined);
      worker.on('exit', () => resolve());
      worker.postMessage(input);
    });
  } finally {
    clearTimeout(timer);
    clearTimeout(total);
    worker.removeAllListeners();
  }
  if (last.at !== 'done') throw endless(files, last);
  keep(worker);
}

/** A thread that has loaded its programs and waits for the next candidate: loading them takes longer than most candidates do. */
let idle: Worker | null = null;

function keep(worker: Worker): void {
  if (idle !== null) {
    void worker.terminate();
    return;
  }
  worker.unref();
  worker.once('error', () => (idle = null));
  worker.once('exit', () => {
    if (idle === worker) idle = null;
  });
  idle = worker;
}

function startWorker(): Worker {
  const options = { resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 64 } };
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./rehearsal-worker.js', import.meta.url), options);
  // A checkout that cannot be built runs its sources as they are, here too.
  const tsx = pathToFileURL(
    createRequire(import.meta.url)
      .resolve('tsx/esm/api')
      .replace(/cjs$/, 'mjs'),
  ).href;
  const program = new URL('./rehearsal-worker.ts', import.meta.url).href;
  const start = `import(${JSON.stringify(tsx)}).then(({ register }) => (register(), import(${JSON.stringify(program)})))`;
  return new Worker(start, { ...options, eval: true });
}

function endless(files: readonly PolicyFile[], { at, file }: RehearsalNews): CountersignError {
  const index = files.findIndex(({ path }) => path === file);
  const detail = `${file === null ? '' : `${file}: `}${at} takes longer, or more memory, than a policy may; make it smaller`;
  return new CountersignError('invalid-policy', `the policies cannot be used: ${detail}`, {
    errors: [{ pointer: index < 0 ? '/files' : `/files/${index}/text`, detail }],
  });
}
