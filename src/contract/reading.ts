/** Reads input from strangers, once and the same way at every door. */
import { z } from 'zod';
import {
  canonicalBytes,
  dayOf,
  DAY,
  faultOfNumber,
  hashOf,
  instantOf,
  isCanonicalError,
  pointerOf,
  readInput,
  saysSomething,
  type Json,
} from '../canonical/index.ts';
import { CountersignError, type ErrorItem } from './errors.ts';
import { actionRequestSchema, REQUEST_LIMITS, type ActionRequest } from './request.ts';

/**
 * The JSON that somebody sent.
 *
 * @param what is read, for the message: `the body`, a file's name
 * @param read how strictly: {@link readInput} unless it may be what we wrote ourselves
 * @throws CountersignError `malformed-json` · `invalid-request` with the pointer to what is wrong
 */
export function readJson(what: string, text: string, read: (text: string) => Json = readInput): Json {
  try {
    return read(text);
  } catch (cause) {
    if (!isCanonicalError(cause)) throw cause;
    if (cause.code === 'malformed-json') {
      throw new CountersignError('malformed-json', `${what} is not JSON; send one JSON object`, { cause });
    }
    throw refusal(what, { pointer: cause.pointer, detail: cause.message });
  }
}

/** What was read here, with its hash once somebody asked for that. Reading it again gives the same object. */
const READ = new WeakMap<object, { hash?: string }>();

/**
 * A body as an action request, the same at every door.
 *
 * @throws CountersignError `invalid-request` naming every field that is wrong · `body-too-large`
 */
export function readRequest(body: unknown): ActionRequest {
  if (typeof body === 'object' && body !== null && READ.has(body)) return body as ActionRequest;
  checkShape(body, 'the request');
  const parsed = actionRequestSchema.safeParse(body);
  if (!parsed.success) {
    const errors = parsed.error.issues.map(({ path, message }) => ({ pointer: pointerOf(path), detail: message }));
    const first = errors[0];
    throw new CountersignError(
      'invalid-request',
      `the request does not fit: ${first?.pointer || 'the top level'}: ${first?.detail ?? 'unknown'}`,
      { errors },
    );
  }
  const { params = {}, context } = parsed.data;
  // Not in the schema, because that also reads requests from before reasons had to be readable.
  if (context?.reason !== undefined && !saysSomething(context.reason)) {
    throw refusal('the request', { pointer: '/context/reason', detail: NO_REASON });
  }
  if (canonicalBytes(params).length > REQUEST_LIMITS.paramsBytes) {
    throw new CountersignError(
      'body-too-large',
      'params are larger than 64 KiB; keep large payloads elsewhere and send their hash',
    );
  }
  READ.set(parsed.data, {});
  return parsed.data;
}

/** `hashOf` a request. For one that was read here it is made once, because nobody changes what was read. */
export function hashOfRequest(request: ActionRequest): string {
  const read = READ.get(request);
  return read === undefined ? hashOf(request) : (read.hash ??= hashOf(request));
}

/** The refusal of a request that names a connector which this engine does not have for it. */
export const noSuchConnector = (): CountersignError =>
  refusal('the request', {
    pointer: '/execution/connector',
    detail: 'there is no such connector for this surface; leave `execution` out and execute with the permit',
  });

const NO_REASON = 'say why, with at least one letter or digit that can be seen';

const WELL_FORMED = /^\P{Surrogate}*$/u;

/**
 * Refuses what JSON can write but we cannot seal: nesting past 32, lone surrogates, U+0000, the key `__proto__`, and numbers that are
 * longer than a caller may send. For values whose text is gone already; iterative, so that depth itself cannot hurt.
 *
 * @throws CountersignError `invalid-request`
 */
export function checkShape(body: unknown, what = 'the body'): void {
  const fault = faultOfShape(body);
  if (fault !== null) throw refusal(what, fault);
}

/** What {@link checkShape} refuses, or null. */
export function faultOfShape(body: unknown): ErrorItem | null {
  const open: { value: unknown; path: PropertyKey[] }[] = [{ value: body, path: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next;
    const detail = path.length > REQUEST_LIMITS.depth ? TOO_DEEP : faultOfLeaf(value);
    if (detail !== null) return { pointer: pointerOf(path.slice(0, REQUEST_LIMITS.depth)), detail };
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, child] of Object.entries(value)) {
      const fault = key === '__proto__' ? 'the key `__proto__` is not allowed' : faultOfText(key);
      if (fault !== null) return { pointer: pointerOf(path), detail: fault };
      open.push({ value: child, path: [...path, key] });
    }
  }
  return null;
}

const TOO_DEEP = `it is nested deeper than ${REQUEST_LIMITS.depth} levels`;

function faultOfLeaf(value: unknown): string | null {
  if (typeof value === 'string') return faultOfText(value);
  if (typeof value !== 'number') return null;
  return Number.isFinite(value) ? faultOfNumber(String(value)) : 'a number is too large to be exact';
}

function faultOfText(text: string): string | null {
  if (text.includes('\u0000')) return 'a text holds U+0000, which no store keeps; leave it out';
  return WELL_FORMED.test(text) ? null : 'a text holds a lone surrogate, which UTF-8 cannot write';
}

function refusal(what: string, item: ErrorItem): CountersignError {
  const where = item.pointer === '' ? '' : ` at ${item.pointer}`;
  return new CountersignError('invalid-request', `${what} cannot be accepted${where}: ${item.detail}`, {
    errors: [item],
  });
}

/** Why somebody did something, in words that somebody else can read: U+200B alone is no reason. */
export const reasonSchema = z.string().trim().min(1).max(2000).refine(saysSomething, NO_REASON);

/** @throws CountersignError `reason-required` for a reason that says nothing */
export function checkReason(reason: string): void {
  if (saysSomething(reason)) return;
  throw new CountersignError('reason-required', NO_REASON);
}

/** An instant: RFC 3339, a day that exists, with its offset. */
export const timeSchema = z.iso
  .datetime({ offset: true })
  .refine((text) => instantOf(text) !== null, 'a time is RFC 3339 with its offset, such as 2026-11-21T00:00:00Z');

/**
 * One end of a period: an instant, or a plain date, which is that day in UTC from its first moment to its last.
 *
 * @param end `from` is included, `to` is not: a plain date there means the start of the next day
 * @throws CountersignError `invalid-request` for everything else
 */
export function readBound(name: string, text: string, end: 'from' | 'to'): Date {
  const day = dayOf(text);
  const time = day === null ? instantOf(text) : day + (end === 'to' ? DAY : 0);
  if (time !== null) return new Date(time);
  const detail = `${name} is a day such as 2026-11-21, which is that day in UTC, or a time with its offset such as 2026-11-21T00:00:00Z`;
  throw new CountersignError('invalid-request', detail, { errors: [{ pointer: `/${name}`, detail }] });
}

/**
 * Both ends of a period, as instants; an end that is left out is open.
 *
 * @throws CountersignError `invalid-request` for what is not a time, and for a period that ends before it begins
 */
export function readBounds({ from, to }: { from?: string | undefined; to?: string | undefined }): {
  from?: string;
  to?: string;
} {
  const start = from === undefined ? undefined : readBound('from', from, 'from');
  const end = to === undefined ? undefined : readBound('to', to, 'to');
  if (start !== undefined && end !== undefined && start > end) throw endsBeforeItBegins();
  return {
    ...(start === undefined ? {} : { from: start.toISOString() }),
    ...(end === undefined ? {} : { to: end.toISOString() }),
  };
}

/** The refusal of a period whose `from` is after its `to`. */
export function endsBeforeItBegins(): CountersignError {
  const detail = '`from` is a time before `to`';
  return new CountersignError('invalid-request', detail, {
    errors: [
      { pointer: '/from', detail },
      { pointer: '/to', detail },
    ],
  });
}
