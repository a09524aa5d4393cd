/** A circuit breaker. It detects a dependency that hangs, fails calls meanwhile, and notices by itself when the dependency is back. */
import { CountersignError } from '../contract/index.ts';
import { within } from './deadline.ts';

/** After how many milliseconds without an answer a call makes its dependency suspect. */
export const SUSPECT_MS = 2000;
/** How long a suspect dependency may take to answer a probe. */
export const PROBE_MS = 1500;
/** Pause between two probes of a dependency that is down. */
export const AGAIN_MS = 500;
/** How long a call waits for its dependency to come back before it is refused. */
const BACK_MS = 250;
/** How long {@link Circuit.check} waits: readiness is answered within a second. */
const CHECK_MS = 800;

export interface CircuitOptions {
  /** As `readyz` names it. */
  name: string;
  /** As a sentence begins: `the database`. */
  what: string;
  /** The probe: the cheapest call there is, made beside all others. */
  probe(): Promise<unknown>;
  /** Whether a failure makes the dependency suspect. Any other failure counts as an answer. */
  isOutage(error: unknown): boolean;
}

/**
 * A circuit breaker in front of one dependency. A call that fails or hangs proves nothing, because a slow query looks the same. The
 * probe decides. When the probe is not answered, the circuit opens: waiting calls are given up, and new calls wait for the next probe.
 * Probes go on even when nobody calls.
 */
export interface Circuit {
  readonly name: string;
  /** @throws CountersignError `unavailable` while the dependency is down, also for calls that were already waiting. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when the dependency answers; rejects within a second when it does not. */
  check(): Promise<void>;
  /** Stops probing. */
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
  /** One probe at a time, shared by all callers. Never rejects: `open` holds the result. */
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
  /** Watches for calls that hang. The timer runs only while a call is pending. */
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
