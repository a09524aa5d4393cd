/**
 * `npm run dev:console [-- --port N]`: the console as it is edited, beside a stack that `npm start` runs (COUNTERSIGN_URL, http://127.0.0.1:8787
 * unless set). What is saved shows at once. The page has the policy that it has in production, with what Vite's own client needs: a nonce
 * for its styles, and its socket.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { createServer } from 'vite';
import { CONSOLE_POLICY } from '../src/console/page.ts';
import config from '../src/console/web/vite.config.js';

const { values } = parseArgs({ options: { port: { type: 'string', default: '5173' } } });
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error('--port is a number from 0 to 65535; 0 takes a free one');
  process.exit(2);
}
const stack = process.env['COUNTERSIGN_URL'] ?? 'http://127.0.0.1:8787';
const nonce = randomBytes(16).toString('base64');

/** What Vite's client needs beside each directive. */
const BESIDE = new Map([
  ['script-src', `'nonce-${nonce}'`],
  ['style-src', `'nonce-${nonce}'`],
  ['connect-src', 'ws:'],
]);
const policy = CONSOLE_POLICY.split('; ')
  .map((directive) => [directive, BESIDE.get(directive.split(' ')[0] ?? '') ?? []].flat().join(' '))
  .join('; ');

const server = await createServer({
  ...config,
  html: { cspNonce: nonce },
  server: {
    host: '127.0.0.1',
    port,
    headers: { 'Content-Security-Policy': policy },
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
