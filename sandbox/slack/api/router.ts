import { Router, raw } from 'express';
import type { Request, Response } from 'express';
import type { Core } from '../core.ts';
import { remember } from '../core.ts';
import { SlackApiError } from '../errors.ts';
import type { ApiFault } from '../faults.ts';
import { isObject, parseJson } from '../json.ts';
import type { JsonObject } from '../types.ts';
import { Args, readCall } from './args.ts';
import { METHODS, call } from './methods.ts';
import { respond } from './respond.ts';

/** Slack's own cap is undocumented; a view may have 250 kB and a text 40,000 characters. */
const BODY_LIMIT = '1mb';

/** `/api/<method>` and the `response_url`s, below the sandbox's mount point. */
export function apiRouter(core: Core): Router {
  const router = Router();
  const body = raw({ type: () => true, limit: BODY_LIMIT });
  router.all('/api/:method', body, (request, response) => {
    answerCall(core, request, response, String(request.params['method']));
  });
  router.post(['/actions/:team/:id/:secret', '/commands/:team/:id/:secret'], body, (request, response) => {
    answerResponseUrl(core, request, response);
  });
  return router;
}

function originOf(request: Request): string {
  return `${request.protocol}://${request.get('host') ?? '127.0.0.1'}${request.baseUrl}`;
}

/** The body as text; a body that someone before us parsed is written out again. */
function bodyText(request: Request): string {
  const body: unknown = request.body;
  if (Buffer.isBuffer(body)) return body.toString('utf8');
  if (!isObject(body)) return '';
  const form = request.get('content-type')?.startsWith('application/x-www-form-urlencoded') === true;
  return form ? new URLSearchParams(body as Record<string, string>).toString() : JSON.stringify(body);
}

function answerCall(core: Core, request: Request, response: Response, name: string): void {
  let args = new Args({});
  let token: string | undefined;
  let malformed: SlackApiError | undefined;
  try {
    ({ args, token } = readCall(request, bodyText(request)));
  } catch (error) {
    if (!(error instanceof SlackApiError)) throw error;
    malformed = error;
  }
  const log = (status: number, result: JsonObject): void => {
    remember(core.calls, { at: core.clock.now(), method: name, args: args.all, status, result });
    core.world.changed();
  };
  if (core.faults.outage) {
    log(503, { ok: false, error: 'service_unavailable' });
    response.status(503).type('text/plain').send('service unavailable');
    return;
  }
  const fault = core.faults.takeApi(name) ?? limited(core, name);
  if (fault && !(fault.connection === 'lost')) {
    log(fault.answer ?? (fault.error === undefined ? 0 : 200), { ok: false, error: fault.error ?? 'injected_fault' });
    fail(fault, request, response);
    return;
  }
  const result = malformed
    ? { ok: false, error: malformed.code, ...malformed.extra }
    : call(core, name, args, token, originOf(request));
  log(fault ? 0 : 200, result);
  if (fault) {
    request.socket.destroy();
    return;
  }
  response.set('x-oauth-scopes', [...core.scopes].join(','));
  response.set('x-accepted-oauth-scopes', (METHODS[name]?.scopes ?? []).join(','));
  response.json(result);
}

/** 429 where the method was called too often within the last minute. */
function limited(core: Core, name: string): ApiFault | undefined {
  const { perMinute } = METHODS[name] ?? {};
  if (perMinute === undefined) return undefined;
  const since = core.clock.now() - 60_000;
  const taken = core.calls.filter(({ method, at, status }) => method === name && status === 200 && at > since);
  const first = taken.at(-perMinute);
  if (first === undefined) return undefined;
  return { api: name, answer: 429, retryAfter: Math.max(1, Math.ceil((first.at - since) / 1000)) };
}

function fail(fault: ApiFault, request: Request, response: Response): void {
  if (fault.connection === 'hang') return;
  if (fault.connection === 'drop') request.socket.destroy();
  else if (fault.error !== undefined) response.json({ ok: false, error: fault.error });
  else if (fault.answer === 429) {
    response.set('retry-after', String(fault.retryAfter ?? 1));
    response.status(429).json({ ok: false, error: 'ratelimited' });
  } else
    response
      .status(fault.answer ?? 500)
      .type('text/plain')
      .send('injected fault');
}

function answerResponseUrl(core: Core, request: Request, response: Response): void {
  const body = parseJson(bodyText(request));
  const args = isObject(body) ? body : {};
  const log = (status: number, result: JsonObject): void => {
    remember(core.calls, { at: core.clock.now(), method: 'response_url', args, status, result });
    core.world.changed();
  };
  if (core.faults.outage) {
    log(503, { ok: false, error: 'service_unavailable' });
    response.status(503).send('service unavailable');
    return;
  }
  const fault = core.faults.takeApi('response_url');
  if (fault) {
    log(fault.answer ?? 0, { ok: false, error: 'injected_fault' });
    fail(fault, request, response);
    return;
  }
  try {
    if (!isObject(body)) throw new SlackApiError('invalid_payload');
    respond(core, request.path, body);
    log(200, { ok: true });
    response.send('ok');
  } catch (error) {
    if (!(error instanceof SlackApiError)) throw error;
    const status = error.code.endsWith('_url') ? 404 : 400;
    const result = { ok: false, error: error.code, ...error.extra };
    log(status, result);
    response.status(status).json(result);
  }
}
