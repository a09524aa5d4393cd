/** One id for everything that a request causes: its answer, its lines in the log, a problem document. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';

const current = new AsyncLocalStorage<string>();

/** The form of an id that a caller or a proxy chooses. It is short and plain, because it is repeated in logs. */
const WELL_FORMED = /^[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}$/;

/** The id of the request that is being answered; undefined where none is. */
export const requestId = (): string | undefined => current.getStore();

/** Takes the `x-request-id` of the request, or makes one, and answers with it. */
export const identifyRequest: RequestHandler = (request, response, next) => {
  const given = request.get('x-request-id');
  const id = given !== undefined && WELL_FORMED.test(given) ? given : randomUUID();
  response.setHeader('X-Request-Id', id);
  current.run(id, next);
};
