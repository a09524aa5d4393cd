/** Finds out that a dependency hangs, answers for it meanwhile, and notices by itself when it is back. */
import { CountersignError } from '../contract/index.ts';
import { within } from './deadline.ts';

/** A call that is unanswered for so long makes its dependency suspect, in milliseconds. */
export const SUSPECT_MS = 2000;
/** How long a suspect may take to answer the smallest question there is. */
export const PROBE_MS = 1500;
/** How often a dependency that is down is asked again. */
export const AGAIN_MS = 500;
/** How long a call waits for its dependency to be found back, before it is refused. */
const BACK_MS = 250;
/** How long {@link Circuit.check} waits: readiness is told within a second. */
const CHECK_MS = 800;

export interface CircuitOptions {
  /** As `readyz` names it. */
  name: string;
  /** As a sentence begins: `the database`. */
  what: string;
  /** The smallest question there is, asked beside everything else. */
  probe(): Promise<unknown>;
  /** Whether a failed call makes its dependency suspect; all other failures are answers. */
  isOutage(error: unknown): boolean;
}

/**
 * A guard in front of one dependency. A call that fails or hangs is no proof, for a slow question looks the same: what decides is
 * whether a small question beside it is answered. Where it is not, the circuit opens: what waits is given up, what comes asks the
 * small question first, and nothing else until it is answered; it is asked again and again also when nobody comes.
 */
export interface Circuit {
  readonly name: string;
  /** @throws CountersignError `unavailable` while the dependency is down, also for calls that were waiting already. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when the dependency answers now, rejects within a second when it does not. */
  check(): Promise<void>;
  /** Asks no more. */
  close(): void;
}

interface Call {
  since: number;
  giveUp(error: CountersignError): void;
}

export function createCircuit({ name, what, probe, isOutage }: CircuitOptions): Circuit {
  const calls = new Set<Call>();
  let open = false;
  let closed = false;
  /** One small question at a time, for everybody. Never rejects: `open` says how it ended. */
  let probing: Promise<void> | null = null;
  let lastAnswer = 0;
  let sweep: NodeJS.Timeout | null = null;
  let again: NodeJS.Timeout | null = null;

  const down = (): CountersignError =>
    new CountersignError(
      'unavailable',
      `${what} does not answer; nothing was released. send the same request with the same key again in a moment`,
      { extensions: { retryAfter: 1, down: [name] } },
    );
  const askAgain = (): void => {
    again = null;
    if (!closed) void suspect();
  };
  const opens = (): void => {
    open = true;
    for (const call of calls) call.giveUp(down());
    calls.clear();
    if (!closed) again ??= setTimeout(askAgain, AGAIN_MS).unref();
  };
  const suspect = (): Promise<void> =>
    (probing ??= within(PROBE_MS, probe())
      .then(() => {
        open = false;
        lastAnswer = Date.now();
      }, opens)
      .finally(() => (probing = null)));
  /** Whether the dependency answers, as far as that is known within `ms`. */
  const isBack = (ms: number): Promise<boolean> =>
    within(ms, suspect()).then(
      () => !open,
      () => false,
    );
  /** Looks after what hangs. There is a timer only while something is asked. */
  const look = (): void => {
    if (calls.size === 0) {
      if (sweep !== null) clearInterval(sweep);
      sweep = null;
      return;
    }
    const [oldest] = calls;
    const now = Date.now();
    if (oldest !== undefined && now - oldest.since >= SUSPECT_MS && now - lastAnswer >= SUSPECT_MS) void suspect();
  };

  return {
    name,
    async run<T>(work: () => Promise<T>): Promise<T> {
      if (open && !(await isBack(BACK_MS))) throw down();
      sweep ??= setInterval(look, AGAIN_MS).unref();
      return new Promise<T>((resolve, reject) => {
        const call: Call = { since: Date.now(), giveUp: reject };
        calls.add(call);
        work().then(
          (value) => {
            calls.delete(call);
            resolve(value);
          },
          (error: unknown) => {
            calls.delete(call);
            if (isOutage(error) && !closed) void suspect();
            reject(error instanceof Error ? error : new Error(String(error)));
          },
        );
      });
    },
    async check() {
      if (!(await isBack(CHECK_MS))) throw down();
    },
    close() {
      closed = true;
      if (sweep !== null) clearInterval(sweep);
    },
  };
}
