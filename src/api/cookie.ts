/** A browser's session as a credential: a cookie that no other site can use. */
import type { Request, RequestHandler } from 'express';

/** `__Host-`: this host alone, over TLS or on this machine, for every path (draft-ietf-httpbis-rfc6265bis). */
export const SESSION_COOKIE = '__Host-countersign';

/** A cookie that is there once. */
export function cookieOf(request: Request, name: string): string | null {
  const pairs = (request.get('cookie') ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`));
  const [one] = pairs;
  return one === undefined || pairs.length > 1 ? null : one.slice(name.length + 1);
}

const SAFE = new Set(['GET', 'HEAD']);

/** Whether a request comes from our own pages, as the browser says: nothing that another site makes it send counts. */
export function isOwnPage(request: Request): boolean {
  const [site, origin] = [request.get('sec-fetch-site'), request.get('origin')];
  const ours = origin === undefined ? null : URL.canParse(origin) && new URL(origin).host === request.get('host');
  if (ours === false) return false;
  if (SAFE.has(request.method)) return site === undefined || site === 'same-origin' || site === 'none';
  return site === undefined ? ours === true : site === 'same-origin';
}

/** Takes our pages' cookie for the credential, where no other is presented. */
export const cookieCredential: RequestHandler = (request, _response, next) => {
  const token = request.get('authorization') === undefined ? cookieOf(request, SESSION_COOKIE) : null;
  if (token !== null && isOwnPage(request)) request.headers.authorization = `Bearer ${token}`;
  next();
};
