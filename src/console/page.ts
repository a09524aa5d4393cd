/** Serves the console, which Vite built, under a policy that lets the page run only its own files. */
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Router, type Request, type RequestHandler, type Response } from 'express';

/** Beside a build, and in a checkout that runs from its sources. */
const PLACES = ['../../console/', '../../dist/console/'].map((place) => fileURLToPath(new URL(place, import.meta.url)));

/** Only our own files: nothing inline, and no text that becomes a script (Trusted Types). */
export const CONSOLE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const MISSING = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Countersign console</title></head>
<body><h1>The console is not built</h1><p>Run <code>npm run build</code>, and load this page again.</p></body>
</html>
`;

const placeOf = (): string | undefined => PLACES.find((place) => existsSync(join(place, 'index.html')));

/** Compressed copies that lie beside a file, the smallest first. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

/** A file whose name holds the hash of its content, so that it never changes. */
function sendAsset(request: Request, response: Response, place: string, name: string): void {
  const file = join(place, 'assets', name);
  const accepted = request.acceptsEncodings();
  const [encoding, ending] = ENCODINGS.find(([one, suffix]) => accepted.includes(one) && existsSync(file + suffix)) ?? [
    null,
    '',
  ];
  if (encoding !== null) response.setHeader('Content-Encoding', encoding);
  response
    .setHeader('Content-Type', TYPES[extname(name)] ?? 'application/octet-stream')
    .setHeader('Cache-Control', 'public, max-age=31536000, immutable')
    .setHeader('Vary', 'Accept-Encoding');
  response.send(readFileSync(file + ending));
}

const strict: RequestHandler = (_request, response, next) => {
  response
    .setHeader('Content-Security-Policy', CONSOLE_POLICY)
    .setHeader('Referrer-Policy', 'no-referrer')
    .setHeader('Cache-Control', 'no-store');
  next();
};

/** `/console` and every page below it are one program, which reads the address itself. */
export function consoleRoutes(): Router {
  const router = Router();
  router.use('/console', strict);
  router.get('/console/assets/:name', (request, response, next) => {
    const place = placeOf();
    const { name } = request.params;
    // A single name without folders, as the bundler makes them.
    if (place === undefined || !/^[\w-]+\.[\w.-]+$/.test(name) || !existsSync(join(place, 'assets', name))) next();
    else sendAsset(request, response, place, name);
  });
  router.get(['/console', '/console/*page'], (_request, response) => {
    const place = placeOf();
    response.status(place === undefined ? 503 : 200).type('html');
    response.send(place === undefined ? MISSING : readFileSync(join(place, 'index.html'), 'utf8'));
  });
  return router;
}
