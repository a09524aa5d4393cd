/** The check before Bolt's own, because Bolt accepts future timestamps, and the same request twice. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import express from 'express';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { SlackLog } from './log.ts';

/** Seconds that a request's timestamp may be off, to either side (docs.slack.dev/authentication/verifying-requests-from-slack). */
export const WINDOW_SECONDS = 300;

/** Slack's largest payload is a click on a view of 250 kB. */
const BODY_LIMIT = 512 * 1024;

export interface GuardOptions {
  signingSecret: string;
  log: SlackLog;
  /** Milliseconds since the epoch. */
  now(): number;
}

/**
 * Answers 401 to requests that are too old, too new, wrongly signed or repeated, and 413 to large ones; leaves the untouched bytes in
 * `req.rawBody`, where Bolt's receiver looks for them. Slack's own retries carry a new timestamp and signature, so they pass.
 */
export function slackGuard({ signingSecret, log, now }: GuardOptions): RequestHandler[] {
  const raw = express.raw({ type: () => true, limit: BODY_LIMIT, inflate: false });
  const seen = new Map<string, number>();

  const early: RequestHandler = (request, response, next) => {
    const timestamp = request.get('x-slack-request-timestamp') ?? '';
    // Digits only: `Number` would also take `1e9`, blanks and hexadecimal.
    const off = /^\d{1,12}$/.test(timestamp) ? Math.abs(now() / 1000 - Number(timestamp)) : Infinity;
    if (off > WINDOW_SECONDS) refuse(request, response, 401, 'timestamp');
    else next();
  };
  const read: RequestHandler = (request, response, next) => {
    void raw(request, response, (error?: unknown) => {
      if (error === undefined || error === null) next();
      else refuse(request, response, statusOf(error), 'body');
    });
  };
  const verify = (request: Request, response: Response, next: NextFunction): void => {
    const body: unknown = request.body;
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const timestamp = request.get('x-slack-request-timestamp') ?? '';
    const signature = request.get('x-slack-signature') ?? '';
    const expected = `v0=${createHmac('sha256', signingSecret).update(`v0:${timestamp}:`).update(bytes).digest('hex')}`;
    if (!equal(signature, expected)) return refuse(request, response, 401, 'signature');
    // Only correctly signed requests are remembered, so a stranger cannot fill this.
    if (seen.has(signature)) return refuse(request, response, 401, 'replayed');
    seen.set(signature, Number(timestamp) + WINDOW_SECONDS);
    for (const [old, until] of seen) {
      if (until >= now() / 1000) break;
      seen.delete(old);
    }
    Object.assign(request, { rawBody: bytes });
    next();
  };
  const refuse = (request: Request, response: Response, status: number, why: string): void => {
    log.warn({ why, ip: request.ip, status }, 'a request to the Slack endpoint was refused');
    response.status(status).end();
  };
  return [early, read, verify];
}

function equal(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function statusOf(error: unknown): number {
  const status = (error as { status?: unknown }).status;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 400;
}
