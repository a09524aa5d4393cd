/** Where people sign in with a browser, and see who they are and their sessions, and sign out. */
import { Router, type Request, type Response } from 'express';
import { cookieOf, isOwnPage, SESSION_COOKIE } from '../api/cookie.ts';
import { CountersignError, isCountersignError } from '../contract/index.ts';
import type { Sessions, SignInPlan } from '../gateway/session-types.ts';
import type { Authentication } from '../gateway/types.ts';
import { ACCOUNT_HTML, ACCOUNT_SCRIPT, ACCOUNT_STYLE, failurePage } from './account-page.ts';

/** The cookie between the two halves of a sign-in. */
const PENDING_COOKIE = '__Host-countersign-sign-in';
const COOKIE = { httpOnly: true, secure: true, sameSite: 'lax', path: '/' } as const;
const PENDING_MS = 600_000;
/** Seconds that a command line has to fetch its session. */
const CODE_S = 120;
const HOME = '/account';

export interface SignInOptions {
  gateway: Authentication & Sessions;
  /** Where people reach this stack; no trailing slash. Null: as the request says. */
  url: string | null;
}

const text = (request: Request, name: string): string | undefined => {
  const value = request.query[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** A path on this server that no browser reads as another host's. */
const pathOf = (given: string | undefined): string =>
  given !== undefined && /^\/(?![/\\])[\x21-\x7e]{0,512}$/.test(given) && !given.includes('\\') ? given : HOME;

function planOf(request: Request): SignInPlan {
  const [port, state, challenge] = ['cli_port', 'state', 'challenge'].map((name) => text(request, name));
  const to = pathOf(text(request, 'to'));
  if (port === undefined) return { to, cli: null };
  if (!/^[1-9]\d{3,4}$/.test(port) || Number(port) > 65_535 || !/^[\w-]{16,128}$/.test(state ?? ''))
    throw new CountersignError('invalid-request', 'a command line says `cli_port`, `state` and `challenge`');
  if (!/^[\w-]{43}$/.test(challenge ?? ''))
    throw new CountersignError('invalid-request', '`challenge` is the SHA-256 of a verifier, in base64url');
  return { to, cli: { port: Number(port), state: state ?? '', challenge: challenge ?? '' } };
}

function maxAgeOf(request: Request): number | null {
  const raw = text(request, 'max_age');
  if (raw === undefined) return null;
  if (/^\d{1,6}$/.test(raw)) return Number(raw);
  throw new CountersignError('invalid-request', '`max_age` is a number of seconds');
}

/** A page for a person. It never quotes a provider or a parameter. */
function fail(response: Response, error: unknown): void {
  if (!isCountersignError(error)) throw error;
  response.status(error.status).type('html').send(failurePage(error.message));
}

export function signInRoutes({ gateway, url }: SignInOptions): Router {
  const router = Router();
  const baseOf = (request: Request): string => url ?? `${request.protocol}://${request.get('host') ?? ''}`;
  const signedIn = (
    response: Response,
    { token, expiresAt }: { token: string; expiresAt: string },
    to: string,
  ): void => {
    response.cookie(SESSION_COOKIE, token, { ...COOKIE, expires: new Date(expiresAt) }).redirect(303, to);
  };
  router.use(['/sign-in', HOME, '/sign-out'], (request, response, next) => {
    // A page that may send no referrer sends no origin either, and then the form that signs out would be refused.
    const referrer = request.baseUrl === HOME ? 'same-origin' : 'no-referrer';
    response.setHeader('Cache-Control', 'no-store').setHeader('Referrer-Policy', referrer);
    next();
  });

  router.get('/sign-in', async (request, response) => {
    try {
      const plan = planOf(request);
      const callback = `${baseOf(request)}/sign-in/callback`;
      const begun = await gateway.beginSignIn(text(request, 'provider'), callback, maxAgeOf(request), plan);
      response.cookie(PENDING_COOKIE, begun.pending, { ...COOKIE, maxAge: PENDING_MS }).redirect(303, begun.url);
    } catch (error) {
      fail(response, error);
    }
  });

  router.get('/sign-in/callback', async (request, response) => {
    const pending = cookieOf(request, PENDING_COOKIE);
    response.clearCookie(PENDING_COOKIE, COOKIE);
    try {
      if (pending === null)
        throw new CountersignError('unauthenticated', 'this browser began no sign-in; sign in again');
      const callback = new URL(request.originalUrl, baseOf(request));
      const { who, plan } = await gateway.finishSignIn(callback, pending);
      if (plan.cli === null) {
        signedIn(response, await gateway.openSession(who), plan.to);
        return;
      }
      const { port, state, challenge } = plan.cli;
      const code = await gateway.loginCode(who, challenge, CODE_S);
      response.redirect(303, `http://127.0.0.1:${port}/?${new URLSearchParams({ code, state }).toString()}`);
    } catch (error) {
      fail(response, error);
    }
  });

  router.get('/sign-in/link', async (request, response) => {
    try {
      signedIn(response, await gateway.redeemLoginCode(text(request, 'code') ?? '', undefined), '/console');
    } catch (error) {
      fail(response, error);
    }
  });

  router.post('/sign-out', async (request, response) => {
    const token = cookieOf(request, SESSION_COOKIE);
    if (token === null || !isOwnPage(request)) {
      fail(response, new CountersignError('forbidden', 'sign out on the page of your account'));
      return;
    }
    try {
      await gateway.endSession(await gateway.authenticate(`Bearer ${token}`), 'current');
    } catch (error) {
      // The session ended already, as requested.
      if (!isCountersignError(error) || error.status >= 500) throw error;
    }
    response.clearCookie(SESSION_COOKIE, COOKIE).redirect(303, HOME);
  });

  router.get(HOME, (_request, response) => void response.type('html').send(ACCOUNT_HTML));
  router.get(`${HOME}/page.js`, (_request, response) => void response.type('text/javascript').send(ACCOUNT_SCRIPT));
  router.get(`${HOME}/page.css`, (_request, response) => void response.type('css').send(ACCOUNT_STYLE));
  return router;
}
