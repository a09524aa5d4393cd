/** The console as it is edited: a copy of its sources, served by `npm run dev:console`, in a real browser. */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';
import { ROOT } from '../support/sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-dev-console-'));
let browser: Browser;
let stack: Server;
let serving: ChildProcess;
let address: string;

beforeAll(async () => {
  for (const name of ['src', 'scripts/dev-console.ts', 'package.json', 'tsconfig.json'])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  // Nobody is signed in there: what the page says then, it says by itself.
  stack = createServer((_request, response) => {
    response.writeHead(401, { 'content-type': 'application/problem+json' }).end('{"code":"unauthenticated"}');
  });
  await new Promise<void>((resolve) => stack.listen(0, '127.0.0.1', resolve));
  [browser, address] = await Promise.all([
    launchBrowser(),
    serve(`http://127.0.0.1:${(stack.address() as AddressInfo).port}`),
  ]);
});
afterAll(async () => {
  await browser.close();
  serving.kill('SIGKILL');
  stack.close();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(url: string): Promise<string> {
  serving = spawn(process.execPath, ['--import', 'tsx', 'scripts/dev-console.ts', '--port', '0'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], COUNTERSIGN_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (serving.stdout === null) throw new Error('it says nothing');
  for await (const line of createInterface({ input: serving.stdout })) {
    const said = /http:\S+/.exec(stripVTControlCharacters(line))?.[0];
    if (said === undefined) continue;
    serving.stdout.resume();
    return said;
  }
  throw new Error(`it ended with ${serving.exitCode}`);
}

it('shows what is saved, under the policy that the page has in production', async () => {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
  page.on('pageerror', (error) => void complaints.push(String(error)));
  const answer = await page.goto(address);
  const policy = answer?.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("require-trusted-types-for 'script'");
  expect(policy).not.toContain('unsafe');
  await page.getByRole('heading', { name: 'Sign in to the console' }).waitFor();

  const words = join(folder, 'src/console/web/words.ts');
  writeFileSync(words, readFileSync(words, 'utf8').replace('Sign in to the console', 'Sign in to what is edited'));
  await page.getByRole('heading', { name: 'Sign in to what is edited' }).waitFor();

  const look = join(folder, 'src/console/web/tokens.css');
  writeFileSync(look, `${readFileSync(look, 'utf8')}\nh1 { word-spacing: 7px; }\n`);
  const spacing = "getComputedStyle(document.querySelector('h1')).wordSpacing";
  await eventually('the style that was saved', async () => (await page.evaluate(spacing)) === '7px' || undefined);
  // A call that nobody signed is refused, and the browser notes it. The rest would be a breach of the policy, or a fault.
  expect(complaints.filter((line) => !line.includes('401'))).toEqual([]);
});
