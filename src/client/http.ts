/** One HTTP call: its time, its errors, and asking again where that is safe. */
import { CountersignError } from './errors.ts';
import type { Problem } from './types.ts';

export interface CallOptions {
  /** Makes a call safe to repeat: the same key and body are the same answer for ever. */
  idempotencyKey?: string;
  /** Milliseconds for the whole call, tries and pauses together. Default: 20 s for each try, plus the time that the server is asked to wait. */
  timeout?: number;
  /** Stops waiting. It withdraws nothing: use `cancel` for that. */
  signal?: AbortSignal;
}

export interface Call extends CallOptions {
  method: 'GET' | 'POST';
  path: string;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  /** Seconds that the server is asked to hold its answer, at most 60. */
  wait?: number;
  /** True where the call may be sent twice without anything happening twice. */
  repeatable: boolean;
}

export interface TransportOptions {
  url: string;
  key: string;
  fetch: typeof globalThis.fetch;
  /** Milliseconds for which a call that is safe to repeat is repeated while the server is away or overloaded. */
  retryFor: number;
}

/** Milliseconds of one try, plus the time that the server is asked to wait. */
const TRY_MS = 20_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8000;
const PASSING = [429, 502, 503, 504];

export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** The body of the answer. @throws CountersignError */
  async send(call: Call): Promise<unknown> {
    const end = Date.now() + (call.timeout ?? Infinity);
    const patience = Date.now() + this.#options.retryFor;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        return await this.#once(call, end - Date.now());
      } catch (error) {
        if (!(error instanceof CountersignError) || !call.repeatable || !isPassing(error)) throw error;
        // Jitter, so that callers who were cut off together do not come back together.
        const rest = Math.max(pause * (0.5 + Math.random() / 2), (error.retryAfter ?? 0) * 1000);
        if (Date.now() + rest > Math.min(end, patience)) throw error;
        await sleep(rest, call.signal);
      }
    }
  }

  async #once(call: Call, left: number): Promise<unknown> {
    const url = new URL(call.path, this.#options.url.endsWith('/') ? this.#options.url : `${this.#options.url}/`);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    if (call.wait !== undefined) url.searchParams.set('wait', String(call.wait));
    const requestId = crypto.randomUUID();
    const stop = stopAfter(Math.min(left, TRY_MS + (call.wait ?? 0) * 1000), call.signal);
    try {
      const response = await this.#options.fetch(url.href, {
        method: call.method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${this.#options.key}`,
          'x-request-id': requestId,
          ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(call.idempotencyKey === undefined ? {} : { 'idempotency-key': call.idempotencyKey }),
        },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        // The key is for this server alone, so it never follows a redirect elsewhere.
        redirect: 'manual',
        signal: stop.signal,
      });
      return read(url, response, await response.text(), response.headers.get('x-request-id') ?? requestId);
    } catch (cause) {
      if (cause instanceof CountersignError) throw cause;
      if (call.signal?.aborted === true) throw aborted(cause);
      const details = { cause, requestId };
      if (stop.signal.aborted) {
        throw new CountersignError(
          'timeout',
          `${url.origin} did not answer in time; ask again with the same key`,
          details,
        );
      }
      throw new CountersignError(
        'unreachable',
        `nothing answers at ${url.origin}; check COUNTERSIGN_URL and that the engine runs, then ask again with the same key`,
        details,
      );
    } finally {
      stop.clear();
    }
  }
}

function read(url: URL, response: Response, text: string, requestId: string): unknown {
  const body = response.headers.get('content-type')?.includes('json') === true ? parsed(text) : undefined;
  if (response.ok && typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  const { status } = response;
  if (isProblem(body)) {
    const header = Number(response.headers.get('retry-after') ?? NaN);
    const problem =
      Number.isFinite(header) && body['retryAfter'] === undefined ? { ...body, retryAfter: header } : body;
    const id = typeof body['incident'] === 'string' ? body['incident'] : requestId;
    throw new CountersignError(problem.code, problem.detail, { status, requestId: id, problem });
  }
  throw new CountersignError(
    'not-countersign',
    `what answers at ${url.origin} with ${status} is not Countersign; check COUNTERSIGN_URL`,
    { status, requestId },
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body;
}

function isPassing({ code, status }: CountersignError): boolean {
  return code === 'unreachable' || code === 'timeout' || (status !== null && PASSING.includes(status));
}

const aborted = (cause: unknown): CountersignError =>
  new CountersignError(
    'aborted',
    'the caller stopped waiting; the action stays as it is, ask again with the same key',
    {
      cause,
    },
  );

/** `AbortSignal.any` and `.timeout` together, for runtimes that have neither. */
function stopAfter(ms: number, outer: AbortSignal | undefined): { signal: AbortSignal; clear(): void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, Math.max(0, ms));
  if (outer?.aborted === true) abort();
  outer?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      outer?.removeEventListener('abort', abort);
    },
  };
}

/** Waits. @throws CountersignError `aborted` */
export async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const stop = stopAfter(ms, signal);
  try {
    if (!stop.signal.aborted) {
      await new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve(), { once: true }));
    }
  } finally {
    stop.clear();
  }
  if (signal?.aborted === true) throw aborted(signal.reason);
}
