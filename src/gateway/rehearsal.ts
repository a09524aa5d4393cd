/**
 * Runs a candidate once in a thread with limits on time and memory, before the process that makes verdicts checks it. An endless loop
 * or unbounded growth stops that thread and nothing else.
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

/** The step that the thread starts now. */
export interface RehearsalNews {
  at: string;
  /** The file of the step, if it has one. */
  file: string | null;
}

/** Time limit of one step, such as one case, in milliseconds. A step usually takes a thousandth of it. */
const STEP_MS = 5000;
/** Time limit for loading the thread, in milliseconds, on a busy machine. */
const START_MS = 60_000;
/** Time limit of all steps together, in milliseconds. */
const TOTAL_MS = 60_000;
const MEMORY_MB = 384;

/** @throws CountersignError `invalid-policy` naming the case or other step that did not end */
export async function rehearse(
  deps: Pick<GatewayDeps, 'directory'>,
  tenant: string,
  files: readonly PolicyFile[],
  sealed: readonly SealedCase[] = [],
): Promise<void> {
  const directory = deps.directory.current(tenant);
  const input: RehearsalInput = { files, people: directory.people(), workloads: directory.workloads(), sealed };
  const worker = startWorker();
  let last: RehearsalNews = { at: 'starting', file: null };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = (): void => void worker.terminate();
  const total = setTimeout(stop, START_MS + TOTAL_MS);
  const allow = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(stop, ms);
  };
  allow(START_MS);
  try {
    await new Promise<void>((resolve) => {
      worker.on('message', (message: RehearsalNews) => {
        last = message;
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
  if (last.at !== 'done') throw endless(files, last);
}

function startWorker(): Worker {
  const options = { resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 64 } };
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./rehearsal-worker.js', import.meta.url), options);
  // A checkout that cannot be built runs from its sources, here too.
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
