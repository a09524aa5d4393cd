/**
 * Signing in for Temporal's UI where nobody signs in to that: a person's token in a cookie that only `/codec` gets, and that no script
 * reads. A UI that has its own sign-in passes its token on, and needs none of this.
 */
import express, { Router, type Request } from 'express';
import { CountersignError } from '../../contract/index.ts';
import type { Authentication, PayloadReading } from '../../gateway/types.ts';

const COOKIE = 'countersign_codec';
/** A token is longer than an API key, and much shorter than this. */
const FORM_BYTES = 16 * 1024;

const page = (text: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Countersign: payloads of Temporal</title><main>${text}</main></html>`;

const FORM = page(
  `<h1>Read payloads in Temporal’s UI</h1><p>Sign in with a token of yours: <code>countersign token --as user:you@example.com</code></p>
<form method="post" action="/codec/session"><label>Token <input name="token" type="password" autocomplete="off" required></label>
<button>Sign in</button></form>`,
);
const SIGNED_IN = page(
  '<h1>Signed in</h1><p>In Temporal’s UI, name this address as codec server and include cross-origin credentials.</p>',
);

export function codecSession(gateway: Authentication & PayloadReading): Router {
  const router = Router();
  router.get('/', (_request, response) => {
    response.type('html').send(FORM);
  });
  router.post('/session', express.urlencoded({ extended: false, limit: FORM_BYTES }), async (request, response) => {
    const token: unknown = (request.body as { token?: unknown } | undefined)?.token;
    const caller = await gateway.authenticate(typeof token === 'string' ? `Bearer ${token}` : undefined);
    // A token of a person ends within hours. A key would stay in the browser until somebody revokes it.
    if (caller.kind !== 'person')
      throw new CountersignError('forbidden', 'only people sign in here, with their own token');
    await gateway.decodePayloads(caller, []);
    response
      .cookie(COOKIE, token, { httpOnly: true, sameSite: 'strict', secure: request.secure, path: '/codec' })
      .setHeader('Cache-Control', 'no-store')
      .type('html')
      .send(SIGNED_IN);
  });
  return router;
}

/** The credential of the cookie, for pages of Temporal's UI alone; a page elsewhere cannot use it. */
export function sessionOf(request: Request, origins: readonly string[]): string | undefined {
  if (!origins.includes(request.get('origin') ?? '')) return undefined;
  const pairs = (request.get('cookie') ?? '').split(';').map((pair) => pair.trim().split('='));
  const token = pairs.find(([name]) => name === COOKIE)?.[1];
  return token === undefined ? undefined : `Bearer ${token}`;
}
