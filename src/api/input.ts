/** Reads what a stranger sent, and says exactly what is wrong with it. */
import type { Request } from 'express';
import { type z } from 'zod';
import { CountersignError, REQUEST_LIMITS, type Door, type ErrorItem } from '../contract/index.ts';
import type { Authentication } from '../gateway/types.ts';
import type { Caller } from '../identity/index.ts';

const escapePointer = (part: PropertyKey): string => String(part).replaceAll('~', '~0').replaceAll('/', '~1');

/** RFC 6901 pointer of a zod path. */
export const toPointer = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${escapePointer(part)}`).join('');

const WELL_FORMED = /^(?:[^\uD800-\uDFFF]|[\uD800-\uDBFF][\uDC00-\uDFFF])*$/;

/**
 * Refuses what JSON can write but we cannot seal: nesting past 32, lone surrogates, numbers beyond a double, and the key
 * `__proto__`. Iterative, so that depth itself cannot hurt.
 */
export function checkShape(body: unknown): void {
  const open: { value: unknown; path: PropertyKey[] }[] = [{ value: body, path: [] }];
  const fail = (path: PropertyKey[], detail: string): never => {
    throw new CountersignError('invalid-request', `the body cannot be accepted: ${detail}`, {
      errors: [{ pointer: toPointer(path.slice(0, 8)), detail }],
    });
  };
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next;
    if (path.length > REQUEST_LIMITS.depth) fail(path, `it is nested deeper than ${REQUEST_LIMITS.depth} levels`);
    if (typeof value === 'string' && !WELL_FORMED.test(value))
      fail(path, 'a text holds a lone surrogate, which UTF-8 cannot write');
    if (typeof value === 'number' && !Number.isFinite(value)) fail(path, 'a number is too large to be exact');
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, child] of Object.entries(value)) {
      if (key === '__proto__') fail(path, 'the key `__proto__` is not allowed');
      if (!WELL_FORMED.test(key)) fail(path, 'a key holds a lone surrogate, which UTF-8 cannot write');
      open.push({ value: child, path: [...path, key] });
    }
  }
}

const itemOf = (issue: z.core.$ZodIssue): ErrorItem => ({
  pointer: toPointer(issue.path),
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

/** A path parameter, always one text. */
export function pathText(request: Request, name: string): string {
  const raw = request.params[name];
  if (typeof raw !== 'string') throw new CountersignError('not-found', 'there is nothing at this address');
  return raw;
}

export const callerOf = (gateway: Authentication, request: Request): Promise<Caller> =>
  gateway.authenticate(request.get('authorization'));

/**
 * Where a call comes from, as whoever sends it says. `cli` gives the same rights as `api`, so it needs no proof; `console` is believed
 * only of what was signed with a passkey, whose signature says at which origin.
 */
export function doorOf(request: Request, { signed = false } = {}): Door {
  const door = request.get('countersign-door');
  return door === 'cli' || (door === 'console' && signed) ? door : 'api';
}

/** `?limit=` of a page. */
export function limitOf(request: Request): number {
  const limit = Number(queryText(request, 'limit') ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new CountersignError('invalid-request', `limit is a whole number from 1 to ${MAX_LIMIT}`);
  }
  return limit;
}

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;
