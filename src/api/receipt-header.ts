/** `Countersign-Receipt`: every answer about an action names its newest record, problems too. */
import type { ErrorRequestHandler, Request, Response } from 'express';
import { isCountersignError, readIdempotencyKey, type Action } from '../contract/index.ts';
import type { AboutAction, Actions, Authentication } from '../gateway/types.ts';
import type { Caller } from '../identity/index.ts';
import { callerOf } from './input.ts';

const HEADER = 'Countersign-Receipt';

export function name(response: Response, action: Action): Response {
  const newest = action.records.at(-1);
  return newest === undefined ? response : nameRecord(response, newest);
}

/** @param newest hash of the newest record of the answer's action */
export const nameRecord = (response: Response, newest: string): Response => response.setHeader(HEADER, newest);

/** Answers with the action. */
export function answerWithAction(response: Response, action: Action): void {
  name(response, action).json(action);
}

export async function nameRecordOf(
  gateway: Actions,
  caller: Caller,
  meant: AboutAction,
  response: Response,
): Promise<void> {
  const newest = await gateway.newestRecord(caller, meant);
  if (newest !== null) response.setHeader(HEADER, newest);
}

/** Refusals that already say that there is such an action. */
const SAYS_SO = [403, 409, 422];

/** The action that a refused request was about, or null where naming it would tell a stranger that there is one. */
function meantBy(request: Request, code: string, status: number): AboutAction | null {
  if (!SAYS_SO.includes(status)) return null;
  const id = /^\/v1\/actions\/(act_[0-9a-f]{64})(?:\/|$)/.exec(request.path)?.[1];
  if (id !== undefined) return { action: id };
  if (request.path === '/v1/permits/redeem' && code !== 'permit-invalid') {
    const { permit } = (request.body ?? {}) as { permit?: unknown };
    return typeof permit === 'string' ? { permit } : null;
  }
  const keys = request.headersDistinct['idempotency-key'] ?? [];
  return code === 'idempotency-key-reused' ? { idempotencyKey: readIdempotencyKey(keys) } : null;
}

/** Runs before the problem handler. If the record cannot be named, the header is left out, because the refusal matters more. */
export function nameNewestRecord(gateway: Authentication & Actions): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    const meant = isCountersignError(error) ? meantBy(request, error.code, error.status) : null;
    if (meant !== null && !response.headersSent && !response.hasHeader(HEADER)) {
      await callerOf(gateway, request)
        .then((caller) => nameRecordOf(gateway, caller, meant, response))
        .catch(() => undefined);
    }
    next(error);
  };
}
