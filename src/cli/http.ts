/** Calls the API over HTTP, and turns its problem documents back into errors. */
import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';
import { CountersignError, ERROR_CODES, type ErrorCode, type ErrorItem } from '../contract/index.ts';
import { send, type Received } from './transport.ts';

/** Milliseconds a call may take beyond what it was asked to wait. */
const TIMEOUT = 20_000;

/** Milliseconds until a download begins, because its contents are counted and sealed first. */
const DOWNLOAD_TIMEOUT = 120_000;

/** Milliseconds for which an unreachable or overloaded server is asked again. */
const PATIENCE = 60_000;

export interface HttpCall {
  method?: 'GET' | 'POST' | 'DELETE';
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** Seconds the server is asked to hold the answer, at most 60. */
  wait?: number;
  /** Milliseconds that the answer may take beyond the usual. */
  allowMs?: number;
}

/** A server, and the credential for it. */
export interface ApiConnection {
  url: string;
  /** Null for what everyone may read. */
  token: string | null;
}

/** The body of the answer, parsed when it is JSON. */
export async function call(connection: ApiConnection, request: HttpCall): Promise<unknown> {
  const url = new URL(request.path, connection.url.endsWith('/') ? connection.url : `${connection.url}/`);
  if (request.wait !== undefined) url.searchParams.set('wait', String(request.wait));
  let answer: Received;
  try {
    answer = await send(url, {
      method: request.method ?? 'GET',
      headers: {
        accept: 'application/json',
        ...(connection.token === null ? {} : { authorization: `Bearer ${connection.token}` }),
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      timeoutMs: TIMEOUT + (request.wait ?? 0) * 1000 + (request.allowMs ?? 0),
    });
  } catch (cause) {
    throw new CountersignError(
      'unavailable',
      `nothing answers at ${url.origin} (${reasonOf(cause)}); start the stack with \`countersign start\`, or set \`COUNTERSIGN_URL\``,
      { cause },
    );
  }
  let body: unknown = answer.text;
  if (answer.contentType.includes('json')) {
    try {
      body = JSON.parse(answer.text);
    } catch (cause) {
      throw notCountersign(url, cause);
    }
  }
  if (answer.status >= 200 && answer.status < 300) return body;
  throw problemError(url, answer.status, body);
}

/**
 * {@link call}, asked again while the server restarts or asks for patience. Only for calls that may be repeated: reading, and whatever
 * carries an idempotency key.
 *
 * @param answered Whether this server has answered before. If so, a closed port also counts as a restart.
 */
export async function callPatiently(
  connection: ApiConnection,
  request: HttpCall,
  options: { note: (line: string) => void; answered: boolean },
): Promise<unknown> {
  const start = performance.now();
  for (let pause = 250; ; pause = Math.min(pause * 2, 4000)) {
    try {
      return await call(connection, request);
    } catch (error) {
      if (!(error instanceof CountersignError) || !isPassing(error, options.answered)) throw error;
      const asked = error.extensions['retryAfter'];
      const next = Math.max(pause, typeof asked === 'number' ? asked * 1000 : 0);
      if (performance.now() - start + next > PATIENCE) throw error;
      if (pause === 250) options.note(`${error.message}; asking again`);
      await sleep(next);
    }
  }
}

function isPassing(error: CountersignError, answered: boolean): boolean {
  if (error.code !== 'unavailable' && error.code !== 'rate-limited') return false;
  if (error.extensions['retryAfter'] !== undefined) return true;
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return answered;
  return code === 'ECONNRESET' || code === 'EPIPE';
}

/**
 * Opens a GET whose body may be long. It has no time limit once it has begun.
 *
 * @throws CountersignError as {@link call}
 */
export async function download(connection: ApiConnection, path: string): Promise<Response> {
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(), DOWNLOAD_TIMEOUT);
  try {
    return await stream(connection, path, { signal: waiting.signal });
  } finally {
    clearTimeout(timer);
  }
}

/** Streams a long body while it is read. It has no time limit. @throws CountersignError as {@link call} */
export async function upload(
  connection: ApiConnection,
  { path, type, body }: { path: string; type: string; body: AsyncIterable<Uint8Array> },
): Promise<unknown> {
  const response = await stream(connection, path, {
    method: 'POST',
    headers: { 'content-type': type },
    body: ReadableStream.from(body),
    duplex: 'half',
  });
  return response.json();
}

async function stream(
  connection: ApiConnection,
  path: string,
  init: RequestInit & { duplex?: 'half'; headers?: Record<string, string> },
): Promise<Response> {
  const url = new URL(path, connection.url.endsWith('/') ? connection.url : `${connection.url}/`);
  const authorization = connection.token === null ? {} : { authorization: `Bearer ${connection.token}` };
  try {
    const response = await fetch(url, { ...init, headers: { ...init.headers, ...authorization }, redirect: 'error' });
    if (response.ok) return response;
    const json = response.headers.get('content-type')?.includes('json') === true;
    throw problemError(url, response.status, json ? await response.json() : null);
  } catch (cause) {
    if (cause instanceof CountersignError) throw cause;
    throw new CountersignError(
      'unavailable',
      `nothing answers at ${url.origin} (${reasonOf(cause)}); start the stack with \`countersign start\`, or set \`COUNTERSIGN_URL\``,
      { cause },
    );
  }
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return 'no answer';
  if (cause.name === 'TimeoutError') return 'no answer in time';
  // `fetch` wraps the cause; Node's own client does not.
  const inner = (cause.cause ?? cause) as NodeJS.ErrnoException;
  return inner.code ?? inner.message;
}

/** The same error with one more sentence on what to do next. */
export function withHint(error: CountersignError, hint: string): CountersignError {
  const { code, errors, extensions } = error;
  return new CountersignError(code, `${error.message}. ${hint}`, { cause: error, errors, extensions });
}

function problemError(url: URL, status: number, body: unknown): CountersignError {
  if (typeof body !== 'object' || body === null) return notCountersign(url);
  const {
    code,
    detail,
    errors,
    type: _type,
    title: _title,
    status: _status,
    ...extensions
  } = body as Record<string, unknown>;
  if (typeof detail !== 'string') return notCountersign(url);
  const known =
    typeof code === 'string' && Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : codeOfStatus(status);
  const items = Array.isArray(errors) ? (errors as ErrorItem[]) : [];
  return new CountersignError(known, detail, { errors: items, extensions });
}

function codeOfStatus(status: number): ErrorCode {
  const code = Object.entries(ERROR_CODES).find(([, value]) => value === status)?.[0] as ErrorCode | undefined;
  return code ?? (status < 500 ? 'invalid-request' : 'unavailable');
}

function notCountersign(url: URL, cause?: unknown): CountersignError {
  return new CountersignError(
    'unavailable',
    `what answers at ${url.origin} is not Countersign; check \`COUNTERSIGN_URL\``,
    { cause },
  );
}
