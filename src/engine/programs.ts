/**
 * Policies that are programs (OPA's WASM) may run for ever. They run in a separate thread, which is stopped when one takes too long. That
 * judgement is refused, and all other callers are answered meanwhile.
 */
import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import type { Worker } from 'node:worker_threads';
import { hashOf } from '../canonical/index.ts';
import { CountersignError } from '../contract/index.ts';
import {
  asksPrograms,
  rememberingBundle,
  type CompiledBundle,
  type ExternalAnswer,
  type ExternalInput,
  type ExternalQuestion,
} from '../policy/index.ts';
import { startThread } from './thread.ts';

export interface ProgramQuestion {
  /** Hash of the content. */
  program: string;
  /** Base64 of a compiled module. */
  content: string;
  input: ExternalInput;
}
export type ProgramAnswer = { yields: boolean } | { fails: string };

/** Judges by one bundle whose policies may be programs. Their answers are cached. */
export interface Asking {
  /** The bundle, which answers from the cache. */
  readonly bundle: CompiledBundle;
  /**
   * Runs `judge` until its bundle has every answer, and returns the last result, with the first program that did not end in time.
   *
   * @param judge pure; it is run again after each round of answers
   * @throws CountersignError `unavailable` where others kept the programs busy for too long
   */
  judged<T>(judge: (bundle: CompiledBundle) => T): Promise<{ value: T; silence: string | null }>;
}

/** Runs policies that are programs. */
export interface Programs {
  asking(bundle: CompiledBundle): Asking;
}

/** A program did not end in time. The request is refused, and its facts say why. */
export class SilentPolicy extends Error {}

/** Milliseconds for one answer. Usually it takes a thousandth of that; a busy machine may starve the thread for a while. */
const ANSWER_MS = 3000;
/** Milliseconds that a question waits for its turn. */
const TURN_MS = 4000;
/** After this number of programs that did not end, the rest of the round is not asked. */
const SILENT_MAX = 3;

const SILENCE = 'it takes longer, or more memory, than a policy may';

/** @param options how long a question waits for its turn, and how long its answer may take, in milliseconds */
export function createPrograms({ turnMs = TURN_MS, answerMs = ANSWER_MS } = {}): Programs {
  let thread: Promise<Worker> | null = null;
  let queue: Promise<unknown> = Promise.resolve();

  /** The thread keeps no process alive between questions. */
  const running = (): Promise<Worker> =>
    (thread ??= new Promise((resolve, reject) => {
      const worker = startThread(new URL('./program-worker', import.meta.url));
      worker.once('message', () => resolve(worker));
      // An error is followed by its end.
      worker.on('error', () => undefined);
      worker.once('exit', () => {
        thread = null;
        reject(
          new CountersignError('unavailable', 'the thread of policies that are programs did not start; try again'),
        );
      });
    }));

  const ask = async (question: ProgramQuestion): Promise<ExternalAnswer> => {
    const worker = await running();
    worker.ref();
    try {
      return await answerOf(worker, question, answerMs);
    } finally {
      worker.unref();
    }
  };

  /** One at a time, in order. */
  const askInTurn = (question: ProgramQuestion): Promise<ExternalAnswer> =>
    new Promise((resolve, reject) => {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        reject(
          new CountersignError('unavailable', 'the policies that are programs are busy; try again in a moment', {
            extensions: { retryAfter: 1 },
          }),
        );
      }, turnMs);
      queue = queue.then(async () => {
        clearTimeout(timer);
        if (!late) await ask(question).then(resolve, reject);
      });
    });

  return { asking: (bundle) => (asksPrograms(bundle) ? remembered(bundle, askInTurn) : atOnce(bundle)) };
}

const atOnce = (bundle: CompiledBundle): Asking => ({
  bundle,
  judged: (judge) => Promise.resolve({ value: judge(bundle), silence: null }),
});

function remembered(original: CompiledBundle, ask: (question: ProgramQuestion) => Promise<ExternalAnswer>): Asking {
  const { bundle, open, remember, silence } = rememberingBundle(original);
  let silent = 0;
  const answerTo = async ({ engine, input }: ExternalQuestion): Promise<ExternalAnswer> => {
    if (silent >= SILENT_MAX) return { fails: SILENCE, silent: true };
    const content = contentOf(original, engine);
    const answer = await ask({ program: hashOf(content), content, input });
    if ('silent' in answer && answer.silent) silent += 1;
    return answer;
  };
  return {
    bundle,
    async judged(judge) {
      for (;;) {
        const value = judge(bundle);
        const questions = open();
        if (questions.length === 0) return { value, silence: silence() };
        for (const question of questions) remember(question, named(await answerTo(question), question.engine));
      }
    },
  };
}

/** The answer of one question. The thread is stopped when it is late, and ends by itself when it is out of memory. */
function answerOf(worker: Worker, question: ProgramQuestion, answerMs: number): Promise<ExternalAnswer> {
  return new Promise((resolve) => {
    const done = (answer: ExternalAnswer): void => {
      clearTimeout(timer);
      worker.off('message', answered);
      worker.off('exit', ended);
      resolve(answer);
    };
    const answered = (answer: ProgramAnswer): void => done('fails' in answer ? { ...answer, silent: false } : answer);
    const ended = (): void => done({ fails: SILENCE, silent: true });
    // An answer may have arrived while this process was busy, so it is taken first.
    const timer = setTimeout(() => setImmediate(() => setImmediate(() => void worker.terminate())), answerMs);
    worker.on('message', answered);
    worker.once('exit', ended);
    worker.postMessage(question);
  });
}

const named = (answer: ExternalAnswer, engine: string): ExternalAnswer =>
  'silent' in answer && answer.silent
    ? { ...answer, fails: `the ${engine.replace(':', ' policy `')}\` gives no answer: ${answer.fails}` }
    : answer;

function contentOf({ source }: CompiledBundle, engine: string): string {
  const external = (source as { external?: Record<string, string> }).external ?? {};
  return external[engine] ?? '';
}
