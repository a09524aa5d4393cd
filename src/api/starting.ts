/** The answers of a process between listening and ready: it is alive, and releases nothing yet. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CountersignError } from '../contract/index.ts';
import { toProblem } from './problem.ts';

const RETRY_AFTER_S = 1;

/** `GET /healthz` is 200 as always; every other request is asked to come again. */
export function answerStarting(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url?.split('?', 1)[0];
  // The rest of the body is read and dropped, so that the connection can be reused.
  request.resume();
  if (path === '/healthz' && (request.method === 'GET' || request.method === 'HEAD')) {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end('{"status":"ok"}');
    return;
  }
  const starting = new CountersignError(
    'unavailable',
    'countersign is starting and releases nothing yet; send the same request again in a moment',
    { extensions: { retryAfter: RETRY_AFTER_S, starting: true } },
  );
  response
    .writeHead(starting.status, {
      'content-type': 'application/problem+json; charset=utf-8',
      'retry-after': String(RETRY_AFTER_S),
    })
    .end(JSON.stringify(toProblem(starting)));
}
