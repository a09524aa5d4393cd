/** How much one caller, or one address whose caller is not known, may send in a minute, and how often it may be wrong. */
import { createHash } from 'node:crypto';
import type { RequestHandler, Response } from 'express';
import { ipKeyGenerator } from 'express-rate-limit';
import { CountersignError, isCountersignError } from '../contract/index.ts';
import type { Attempts, Authentication } from '../gateway/types.ts';
import { Allowance, type Taken } from './allowance.ts';
import { sendProblem } from './problem.ts';

const WINDOW_MS = 60_000;
/** Wrong credentials that one address may present in a minute. */
const WRONG_PER_MINUTE = 30;
/** Callers, and addresses, that are counted one by one. */
const COUNTED = 10_000;
/** Credentials that are remembered as good. */
const KNOWN = 10_000;

export interface RateLimitOptions {
  gateway: Pick<Authentication, 'authenticateReader'> & Pick<Attempts, 'unauthenticated'>;
  requestsPerMinute: number;
}

/** The credential in one form: `Bearer x`, `bearer  x` and `x` are the same. */
const digestOf = (authorization: string): string =>
  createHash('sha256')
    .update(authorization.replace(/^\s*Bearer\s+/i, '').trim())
    .digest('base64');

/**
 * Counts by address until a credential is known to be good, and by its caller from then on: a busy service cannot use up its
 * neighbour's share, one caller has one share for all its credentials, and guessing ends after a few wrong ones. Memory is bounded:
 * callers beyond the bound share one allowance.
 */
export function rateLimit({ gateway, requestsPerMinute }: RateLimitOptions): RequestHandler {
  const callers = new Allowance({ limit: requestsPerMinute, windowMs: WINDOW_MS, keys: COUNTED });
  const addresses = new Allowance({ limit: requestsPerMinute, windowMs: WINDOW_MS, keys: COUNTED });
  const wrong = new Allowance({ limit: WRONG_PER_MINUTE, windowMs: WINDOW_MS, keys: COUNTED });
  /** Good credentials, by digest: whose they are. */
  const known = new Map<string, string>();

  const remember = (digest: string, caller: string): void => {
    const oldest = known.keys().next().value;
    if (known.size >= KNOWN && oldest !== undefined) known.delete(oldest);
    known.set(digest, caller);
  };
  /** The caller of a credential that is presented for the first time; null when it is not good, or not one of ours to know. */
  const recognize = async (authorization: string, digest: string): Promise<string | null> => {
    try {
      const { tenant, id } = await gateway.authenticateReader(authorization);
      remember(digest, `${tenant}\n${id}`);
      return `${tenant}\n${id}`;
    } catch (error) {
      if (isCountersignError(error) && error.code === 'unauthenticated') return null;
      throw error;
    }
  };

  /** Checks under way, by digest: a caller that presents the same credential meanwhile makes no further guess. */
  const checks = new Map<string, Promise<string | null>>();

  return async (request, response, next) => {
    if (request.path === '/healthz' || request.path === '/readyz') {
      next();
      return;
    }
    const address = ipKeyGenerator(request.ip ?? '');
    const authorization = request.get('authorization');
    const digest = authorization === undefined ? null : digestOf(authorization);
    let caller = digest === null ? null : (known.get(digest) ?? null);
    /** Counted before the credential is checked, so that a thousand concurrent guesses are not all checked. */
    let guess = false;
    response.on('finish', () => {
      if (response.statusCode === 401) {
        gateway.unauthenticated(address);
        if (digest !== null) known.delete(digest);
        if (digest !== null && !guess) wrong.take(address);
      } else if (guess) wrong.giveBack(address);
    });
    if (authorization !== undefined && digest !== null && caller === null) {
      let check = checks.get(digest);
      if (check === undefined) {
        const tried = wrong.take(address);
        if (!tried.fits) {
          refuse(
            response,
            tried,
            'too many wrong credentials from this address; correct the credential and wait a minute',
          );
          return;
        }
        guess = true;
        check = recognize(authorization, digest).finally(() => checks.delete(digest));
        checks.set(digest, check);
      }
      caller = await check;
      if (caller !== null && guess) {
        // The caller is known now. Its request may take long, and many people share an address.
        guess = false;
        wrong.giveBack(address);
      }
    }
    const taken = caller === null ? addresses.take(address) : callers.take(caller);
    show(response, taken);
    if (taken.fits) next();
    else refuse(response, taken, 'too many requests in a minute; wait, then send the same request again');
  };
}

/** draft-ietf-httpapi-ratelimit-headers. */
function show(response: Response, { limit, left, resetMs }: Taken): void {
  const seconds = Math.ceil(resetMs / 1000);
  response.setHeader('RateLimit-Policy', `"minute";q=${limit};w=${WINDOW_MS / 1000}`);
  response.setHeader('RateLimit', `"minute";r=${left};t=${seconds}`);
}

function refuse(response: Response, taken: Taken, detail: string): void {
  show(response, taken);
  const retryAfter = Math.max(1, Math.ceil(taken.resetMs / 1000));
  sendProblem(response, new CountersignError('rate-limited', detail, { extensions: { retryAfter } }));
}
