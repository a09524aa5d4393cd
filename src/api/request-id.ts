/** One id for everything that a request brings about: in its answer, in every line of the log that it causes, in a problem document. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';

const current = new AsyncLocalStorage<string>();

/** What a caller, or a proxy before us, may call its request: no more than an id, for it is repeated in logs. */
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
