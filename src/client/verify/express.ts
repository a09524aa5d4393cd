/** The guard as a middleware of Express, or of anything that calls `(request, response, next)`. */
import { CountersignError } from '../errors.ts';
import type { ActionRequest } from '../types.ts';
import { permitVerifier, type Granted, type GuardOptions } from './guard.ts';

/** As much of an Express request as is read. */
export interface IncomingRequest {
  headers: Record<string, string | string[] | undefined>;
  body?: unknown;
}

export interface OutgoingResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(text: string): unknown;
}

export interface RequirePermitOptions<R> extends GuardOptions {
  /** The action request, built from what the handler will really do. Default: the body as it came. */
  request?: (incoming: R) => ActionRequest | Promise<ActionRequest>;
  /** The version of the resource as found now. */
  version?: (incoming: R) => string | undefined | Promise<string | undefined>;
}

const granted = new WeakMap<object, Granted>();

/** What `requirePermit` granted to this request. @throws CountersignError `permit-missing` where it did not run */
export function permitOf(incoming: object): Granted {
  const grant = granted.get(incoming);
  if (grant !== undefined) return grant;
  throw new CountersignError('permit-missing', 'no permit was checked; put requirePermit() before this handler');
}

/**
 * Lets only requests through whose header `Countersign-Permit` carries a permit for exactly what they ask. Others are answered with a
 * problem document. In the handler, `permitOf(request).request` is what to execute.
 */
export function requirePermit<R extends IncomingRequest>(
  options: RequirePermitOptions<R>,
): (incoming: R, response: OutgoingResponse, next: (error?: unknown) => void) => Promise<void> {
  const verify = permitVerifier(options);
  const requestOf = options.request ?? ((incoming: R) => incoming.body as ActionRequest);
  return async (incoming, response, next) => {
    try {
      const header = incoming.headers['countersign-permit'];
      const request = await requestOf(incoming);
      const version = await options.version?.(incoming);
      granted.set(
        incoming,
        await verify({ permit: typeof header === 'string' ? header : undefined, request, version }),
      );
    } catch (error) {
      refuse(response, error);
      return;
    }
    next();
  };
}

function refuse(response: OutgoingResponse, error: unknown): void {
  const known = error instanceof CountersignError;
  const code = known ? error.code : 'unavailable';
  const status =
    known && (code.startsWith('permit-') || error.status === 403 || error.status === 409) ? (error.status ?? 403) : 503;
  response.statusCode = status;
  response.setHeader('content-type', 'application/problem+json');
  const detail = known ? error.message : 'the permit could not be checked; do not execute, try again';
  response.end(
    JSON.stringify({ type: `urn:countersign:problem:${code}`, title: 'No permit, no execution', status, detail, code }),
  );
}
