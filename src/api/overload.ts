/** Refuses excess requests immediately. Their callers can come again early, and accepted requests are answered in time. */
import type { RequestHandler } from 'express';
import { CountersignError } from '../contract/index.ts';
import { sendProblem } from './problem.ts';

export interface OverloadOptions {
  /** Requests that may be at work in this process at a time. */
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
  let atWork = 0;
  return (request, response, next) => {
    if (ALWAYS.includes(request.path)) {
      next();
      return;
    }
    if (atWork >= atOnce) {
      onShed?.();
      const busy = new CountersignError(
        'unavailable',
        'too many requests are at work here; nothing was released. send the same request with the same key again in a moment',
        { extensions: { retryAfter: RETRY_AFTER_S, overloaded: true } },
      );
      sendProblem(response, busy);
      return;
    }
    atWork += 1;
    let working = true;
    const done = (): void => {
      if (working) atWork -= 1;
      working = false;
      clearTimeout(waits);
    };
    const waits = Number(request.query['wait'] ?? 0) > 0 ? setTimeout(done, workMs).unref() : undefined;
    // Also where the caller hung up.
    response.on('close', done);
    next();
  };
}
