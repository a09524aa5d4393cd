/** Validates input from strangers, and says exactly what is wrong with it. */
import type { Request } from 'express';
import { type z } from 'zod';
import { pointerOf } from '../canonical/index.ts';
import { checkShape, CountersignError, readIdempotencyKey, type Door, type ErrorItem } from '../contract/index.ts';
import type { Authentication } from '../gateway/types.ts';
import type { Caller } from '../identity/index.ts';

const itemOf = (issue: z.core.$ZodIssue): ErrorItem => ({
  pointer: pointerOf(issue.path),
  detail: issue.message,
});

/**
 * Parses `body` by `schema`.
 *
 * @throws CountersignError `invalid-request` naming every field that is wrong.
 */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  checkShape(body);
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const errors = result.error.issues.map(itemOf);
  const first = errors[0];
  throw new CountersignError(
    'invalid-request',
    `the body does not fit: ${first?.pointer || 'the top level'}: ${first?.detail ?? 'unknown'}`,
    { errors },
  );
}

/**
 * Parses the query by `schema`; an empty parameter is none.
 *
 * @throws CountersignError `invalid-request` naming every parameter that is wrong.
 */
export function parseQuery<T>(schema: z.ZodType<T>, request: Request): T {
  const given = Object.entries(request.query).filter(([, value]) => value !== '');
  const result = schema.safeParse(Object.fromEntries(given));
  if (result.success) return result.data;
  const errors = result.error.issues.map(itemOf);
  const first = errors[0];
  throw new CountersignError(
    'invalid-request',
    `the query does not fit: ${first?.pointer.slice(1) ?? ''}: ${first?.detail ?? 'unknown'}`,
    { errors },
  );
}

/** Seconds of `?wait=`, 0 to 60, also as `30s`; in milliseconds. */
export function waitOf(request: Request): number {
  const raw = request.query['wait'];
  if (raw === undefined) return 0;
  const seconds = typeof raw === 'string' ? /^(\d{1,3})s?$/.exec(raw)?.[1] : undefined;
  if (seconds === undefined || Number(seconds) > 60) {
    throw new CountersignError('invalid-request', 'wait is a number of seconds from 0 to 60', {
      errors: [{ pointer: '/wait', detail: 'a number of seconds from 0 to 60' }],
    });
  }
  return Number(seconds) * 1000;
}

/** A query parameter that may stand once. */
export function queryText(request: Request, name: string): string | undefined {
  const raw = request.query[name];
  if (raw === undefined || raw === '') return undefined;
  if (typeof raw !== 'string' || raw.length > 1024) {
    throw new CountersignError(
      'invalid-request',
      `the query parameter ${name} stands once, with at most 1,024 characters`,
    );
  }
  return raw;
}

/**
 * What a request holds, for a call that checks the credential itself. Callers without a valid credential learn only that, and nothing about their input.
 *
 * @throws CountersignError `unauthenticated`, and as `read`
 */
export async function readFor<T>(gateway: Authentication, request: Request, read: () => T): Promise<T> {
  try {
    return read();
  } catch (error) {
    await callerOf(gateway, request);
    throw error;
  }
}

/** The key of the header `Idempotency-Key`. @throws CountersignError as {@link readFor} and {@link readIdempotencyKey} */
export const idempotencyKeyOf = (gateway: Authentication, request: Request): Promise<string> =>
  readFor(gateway, request, () => readIdempotencyKey(request.headersDistinct['idempotency-key'] ?? []));

/** A path parameter, always one text. */
export function pathText(request: Request, name: string): string {
  const raw = request.params[name];
  if (typeof raw !== 'string') throw new CountersignError('not-found', 'there is nothing at this address');
  return raw;
}

export const callerOf = (gateway: Authentication, request: Request): Promise<Caller> =>
  gateway.authenticate(request.get('authorization'));

/**
 * The door of a call: `console` with a session that a browser keeps, whatever the header says. Otherwise the sender
 * names it: `cli` gives the same rights as `api`, so it needs no proof. `console` counts only with a passkey's signature, which names its
 * origin.
 */
export function doorOf(request: Request, { session }: Pick<Caller, 'session'>, { signed = false } = {}): Door {
  if (session?.door !== undefined) return session.door;
  const door = request.get('countersign-door');
  return door === 'cli' || (door === 'console' && signed) ? door : 'api';
}

/** `?limit=` of a page. */
export function limitOf(request: Request): number {
  const detail = `a whole number from 1 to ${MAX_LIMIT}, in digits`;
  const text = queryText(request, 'limit') ?? String(DEFAULT_LIMIT);
  // `Number` alone would take `0x10`, `1e2` and blanks.
  const limit = WHOLE.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new CountersignError('invalid-request', `limit is ${detail}`, { errors: [{ pointer: '/limit', detail }] });
}

/** How whole numbers are written in a query. */
export const WHOLE = /^\d{1,15}$/;

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;
