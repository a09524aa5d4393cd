/** Refuses excess requests immediately. Their callers can come again early, and accepted requests are answered in time. */
import type { Request, RequestHandler } from 'express';
import { CountersignError } from '../contract/index.ts';
import { createAdaptiveLimit } from './adaptive-limit.ts';
import { sendProblem } from './problem.ts';

export interface OverloadOptions {
  /** Requests that may be at work in this process at a time, at most. Where that lasts and makes answers slow, fewer may. */
  atOnce: number;
  /** Called for each request that is turned away. */
  onShed?: (() => void) | undefined;
  /** After how many milliseconds a long poll counts as waiting for people instead of as work. @default 2000 */
  workMs?: number;
}

const RETRY_AFTER_S = 1;
/** True while the process is busy. */
const ALWAYS = ['/healthz', '/readyz', '/metrics'];

/** Counts requests at work, before anything is read or looked up for them. */
export function refuseOverload({ atOnce, onShed, workMs = 2000 }: OverloadOptions): RequestHandler {
  const limit = createAdaptiveLimit({ most: atOnce, now: () => performance.now() });
  return (request, response, next) => {
    if (ALWAYS.includes(request.path)) {
      next();
      return;
    }
    const end = limit.enter();
    if (end === null) {
      onShed?.();
      const busy = new CountersignError(
        'unavailable',
        'too many requests are at work here; nothing was released. send the same request with the same key again in a moment',
        { extensions: { retryAfter: RETRY_AFTER_S, overloaded: true } },
      );
      sendProblem(response, busy);
      return;
    }
    let working = true;
    const done = (kind: string | null): void => {
      if (!working) return;
      working = false;
      clearTimeout(waits);
      end(kind);
    };
    const polls = Number(request.query['wait'] ?? 0) > 0;
    const waits = polls ? setTimeout(() => done(null), workMs).unref() : undefined;
    // Also where the caller hung up.
    response.on('close', () => done(polls || !response.writableFinished ? null : kindOf(request)));
    next();
  };
}

/** Requests of one route take about the same time. */
function kindOf({ method, route }: Request): string | null {
  const path: unknown = (route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? `${method} ${path}` : null;
}
