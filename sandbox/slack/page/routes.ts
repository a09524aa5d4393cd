import { fileURLToPath } from 'node:url';
import { Router, json, static as serveStatic } from 'express';
import type { NextFunction, Request, Response } from 'express';
import type { InputValue, InputValues } from '../blocks/state.ts';
import type { SandboxControl } from '../control/control.ts';
import type { Core } from '../core.ts';
import { SandboxControlError, SlackApiError } from '../errors.ts';
import { asBoolean, asObject, asString } from '../json.ts';
import type { JsonObject } from '../types.ts';
import { screenOf } from './screen.ts';

/** Only our own scripts and styles; pictures may come from where a block says. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: https:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The page and what it calls. */
export function pageRouter(core: Core, control: SandboxControl): { router: Router; close(): void } {
  const router = Router();
  const listeners = new Set<Response>();
  router.use(onlyOurPage(core));
  router.get('/', (request, response, next) => {
    // Relative addresses of the page need the slash.
    if (new URL(request.originalUrl, 'http://sandbox').pathname.endsWith('/')) next();
    else response.redirect(308, `${request.baseUrl}/`);
  });
  router.get('/archives/:channel/:permalink', (request, response) => {
    const digits = String(request.params['permalink']).replace(/^p/, '');
    const ts = `${digits.slice(0, -6)}.${digits.slice(-6)}`;
    response.redirect(302, `${request.baseUrl}/#channel=${String(request.params['channel'])}&ts=${ts}`);
  });
  router.get('/ui/changes', (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write('data: hello\n\n');
    listeners.add(response);
    request.on('close', () => listeners.delete(response));
  });
  router.get('/ui/screen', (request, response) => {
    response.set('cache-control', 'no-store');
    response.json(screenOf(core, asString(request.query['user']), asString(request.query['channel'])));
  });
  router.post('/ui/:act', json({ limit: '1mb' }), async (request, response) => {
    await act(control, String(request.params['act']), asObject(request.body), response);
  });
  router.use(serveStatic(fileURLToPath(new URL('./static/', import.meta.url)), { index: 'index.html', maxAge: 0 }));
  // One poke per burst of changes is enough: the page then asks for what it shows.
  let poked = false;
  core.world.on('change', () => {
    if (poked || listeners.size === 0) return;
    poked = true;
    setImmediate(() => {
      poked = false;
      for (const listener of listeners) listener.write('data: change\n\n');
    });
  });
  return {
    router,
    close: () => {
      for (const listener of listeners) listener.end();
    },
  };
}

/** Refuses other sites' pages: whoever can call this can act as anyone in the sandbox. */
function onlyOurPage(core: Core): (request: Request, response: Response, next: NextFunction) => void {
  return (request, response, next) => {
    response.set('content-security-policy', POLICY);
    response.set('x-content-type-options', 'nosniff');
    const host = request.hostname;
    const local = /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host) || core.allowedHosts.includes(host);
    const site = request.get('sec-fetch-site') ?? 'none';
    const navigation = request.get('sec-fetch-mode') === 'navigate' && request.method === 'GET';
    if (local && (site === 'none' || site === 'same-origin' || navigation)) next();
    else response.status(403).type('text/plain').send('the sandbox is for its own page, on this machine only');
  };
}

async function act(control: SandboxControl, name: string, body: JsonObject, response: Response): Promise<void> {
  const field = (key: string): string => asString(body[key]) ?? '';
  const maybe = (key: string): Record<string, string> => {
    const value = asString(body[key]);
    return value === undefined || value === '' ? {} : { [key]: value };
  };
  const user = field('user');
  const value = 'value' in body ? { value: body['value'] as InputValue } : {};
  const values = asObject(body['values']) as InputValues;
  const acts: Record<string, () => Promise<unknown>> = {
    click: () =>
      control.click({
        user,
        channel: field('channel'),
        ts: field('ts'),
        actionId: field('actionId'),
        ...maybe('blockId'),
        ...value,
      }),
    'view-click': () =>
      control.clickInView({
        user,
        viewId: field('viewId'),
        actionId: field('actionId'),
        ...maybe('blockId'),
        ...value,
        values,
      }),
    submit: () => control.submit({ user, viewId: field('viewId'), values }),
    close: () => control.close({ user, viewId: field('viewId'), all: asBoolean(body['all']) ?? false }),
    command: () => control.slashCommand({ user, command: field('command'), text: field('text'), ...maybe('channel') }),
    message: () => control.write({ user, channel: field('channel'), text: field('text'), ...maybe('threadTs') }),
    home: () => control.openHome(user),
  };
  const run = Object.hasOwn(acts, name) ? acts[name] : undefined;
  if (!run) {
    response.status(404).json({ ok: false, error: 'unknown_act' });
    return;
  }
  try {
    await run();
    response.json({ ok: true });
  } catch (error) {
    if (!(error instanceof SandboxControlError) && !(error instanceof SlackApiError)) throw error;
    response.status(409).json({ ok: false, error: error.code, message: error.message });
  }
}
