/**
 * `npm run dev:console`: the console as it is edited, beside a stack that `npm start` runs (COUNTERSIGN_URL, http://127.0.0.1:8787 unless set).
 * The page has the policy that it has in production, with what Vite's own client needs: a nonce for its styles, and its socket.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'vite';
import config from '../src/console/web/vite.config.js';

const stack = process.env.COUNTERSIGN_URL ?? 'http://127.0.0.1:8787';
const nonce = randomBytes(16).toString('base64');
const POLICY = [
  "default-src 'none'",
  `script-src 'self' 'nonce-${nonce}'`,
  `style-src 'self' 'nonce-${nonce}'`,
  "img-src 'self' data:",
  "connect-src 'self' ws:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const server = await createServer({
  ...config,
  html: { cspNonce: nonce },
  server: {
    host: '127.0.0.1',
    headers: { 'Content-Security-Policy': POLICY },
    // The host stays as the browser says it, so that a request is still one of our own pages.
    proxy: Object.fromEntries(
      ['/v1', '/log', '/.well-known', '/sign-in', '/sign-out', '/account', '/openapi.json'].map((path) => [
        path,
        { target: stack, changeOrigin: false },
      ]),
    ),
  },
});
await server.listen();
server.printUrls();
