/** A candidate's first run, in a thread that can be stopped: built, linted, judged by its cases and by sealed history. */
import { parentPort } from 'node:worker_threads';
import type { ActionRequest } from '../contract/index.ts';
import { Directory } from '../identity/index.ts';
import { backtest, buildBundle, compileBundle, evaluate, lintFiles, type CompiledBundle } from '../policy/index.ts';
import { caseFacts, readCases } from '../policy/cases.ts';
import { externalEngines } from '../policy/engines/index.ts';
import { kernelThread } from '../engine/thread-time.ts';
import type { RehearsalInput, RehearsalStep } from './rehearsal.ts';

const tell = (message: RehearsalStep): void => parentPort?.postMessage(message);

function rehearse({ files, people, workloads, sealed }: RehearsalInput): void {
  const directory = new Directory(people, { workloads });
  const resolve = directory.resolve.bind(directory);
  tell({ at: 'reading it', file: null });
  const { bundle } = buildBundle(files);
  // The caller of the rehearsal reports what is wrong, and where.
  if (bundle === null) return;
  tell({ at: 'preparing it', file: null });
  let compiled: CompiledBundle;
  try {
    compiled = compileBundle(bundle.source, bundle.hash, externalEngines);
  } catch (error) {
    return tell({ at: 'preparing it', file: null, broken: error instanceof Error ? error.message : String(error) });
  }
  tell({ at: 'lint', file: null });
  lintFiles(files, { resolve, engines: externalEngines });
  for (const one of readCases(files).cases) {
    tell({ at: `case \`${one.name}\``, file: one.file });
    evaluate(compiled, one.request, caseFacts(compiled, one, resolve));
  }
  tellEngines(compiled);
  for (const one of sealed) {
    tell({ at: `the sealed action ${one.name}`, file: null });
    backtest(compiled, [one], resolve);
  }
}

/** Starts every engine, also those that no case needs. */
function tellEngines(compiled: CompiledBundle): void {
  const request: ActionRequest = { surface: 'a.b', action: 'a', actor: { id: 'agent:a', type: 'agent' }, params: {} };
  for (const [name, ask] of compiled.engines) {
    tell({ at: `the ${name.replace(':', ' policy `')}\``, file: null });
    try {
      ask({ request, now: '2026-11-25T12:00:00.000Z' });
    } catch {
      // An error on another request is for the cases to report.
    }
  }
}

parentPort?.on('message', (input: RehearsalInput) => {
  try {
    rehearse(input);
  } catch {
    // An error is not a hang. The check of the candidate finds and reports it.
  }
  tell({ at: 'done', file: null });
});
tell({ at: 'started', file: null, thread: kernelThread() });
