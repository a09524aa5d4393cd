/**
 * `npm run walk`: goes through the README as a newcomer does, with its own commands as they stand there, and says how long each step took.
 * Of `npm ci`, which came before anything here could run, it looks at what it left; `npm start` runs on a folder of its own; a click is a
 * click in Chromium on the page that it printed. What the README leaves out (`act_…`, `sha256:…`, `eyJ…`) is copied from what the step
 * before printed. Exits 0 when every step did what the README says.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../test/support/browser.ts';
import { eventually } from '../test/support/eventually.ts';
import { snippetsOf } from '../test/support/snippets.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const blocks = snippetsOf('README.md');

/** A block of the README by how it begins; it has to be there. */
function block(start: string): string {
  const found = blocks.find(({ text }) => text.startsWith(start));
  if (found === undefined) throw new Error(`the README has no block that begins with \`${start}\``);
  return found.text;
}

const folder = mkdtempSync(join(tmpdir(), 'countersign-walk-'));
// PostgreSQL, which does not run as root, has to pass through.
chmodSync(folder, 0o755);
const env: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
  COUNTERSIGN_DATA: join(folder, 'data'),
  COUNTERSIGN_POLICIES: join(ROOT, 'policies'),
  COUNTERSIGN_PORT: '0',
};
const began = Date.now();

async function step<T>(what: string, does: () => Promise<T>): Promise<T> {
  const since = Date.now();
  const result = await does();
  console.log(`${((Date.now() - since) / 1000).toFixed(1).padStart(6)} s  ${what}`);
  return result;
}

/** Runs a block in a folder that is the newcomer's own. */
function run(script: string): { done: Promise<string>; said: () => string } {
  let text = '';
  const child = execFile('bash', ['--norc', '-euo', 'pipefail', '-c', script], { cwd: folder, env });
  child.stdin?.end();
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: string) => (text += chunk));
  const done = new Promise<string>((resolve, reject) => {
    child.on('close', (code) => {
      if (code === 0) resolve(text);
      else reject(new Error(`${script}\nended with ${String(code)}:\n${text}`));
    });
  });
  // Awaited later; until then a failure is no unhandled one.
  done.catch(() => undefined);
  return { done, said: () => text };
}

/** In Chromium, as Fatima Lindqvist in `#finance-approvals`: the newest message that still asks. */
async function approve(browser: Browser, page: string): Promise<void> {
  const context = await browser.newContext();
  const tab = await context.newPage();
  await tab.goto(`${page}#user=U0FINANCE`);
  await tab
    .getByRole('button', { name: /finance-approvals/ })
    .first()
    .click();
  await tab
    .locator('#messages')
    .getByRole('button', { name: /^Approve:/ })
    .last()
    .click({ timeout: 60_000 });
  await tab
    .locator('#messages')
    .getByText(/Released|Approved/)
    .last()
    .waitFor({ timeout: 60_000 });
  await context.close();
}

async function started(child: ChildProcess): Promise<{ url: string; key: string; sandbox: string }> {
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const of = (pattern: RegExp): Promise<string> =>
    eventually(
      `npm start prints ${pattern.source}`,
      () => {
        if (child.exitCode !== null) throw new Error(`npm start ended:\n${said}`);
        return pattern.exec(said)?.[1];
      },
      { withinMs: 240_000 },
    );
  const sandbox = await of(/(http:\/\/\S+\/slack-sandbox)/);
  return { sandbox, key: await of(/(csk_\S+)/), url: new URL(sandbox).origin };
}

type LockFile = { packages: Record<string, { version?: string; optional?: boolean; devOptional?: boolean }> };

/** @throws Error where what is installed is not what `npm ci` makes of the lock file */
function installed(): Promise<void> {
  const read = (file: string): LockFile => JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as LockFile;
  const there = read('node_modules/.package-lock.json').packages;
  const wanted = Object.entries(read('package-lock.json').packages).filter(([path]) => path.includes('node_modules/'));
  const other = wanted.filter(([path, { version, optional, devOptional }]) =>
    // What is for another system is left out.
    there[path] === undefined ? optional !== true && devOptional !== true : there[path].version !== version,
  );
  if (other.length > 0) throw new Error(`npm ci was not run here: ${other.map(([path]) => path).join(', ')}`);
  return Promise.resolve();
}

async function walk(browser: Browser, product: (child: ChildProcess) => void): Promise<void> {
  const [install, start = ''] = block('npm ci && npm start').trim().split(' && ');
  if (install !== 'npm ci') throw new Error('the README installs otherwise');
  await step('npm ci: every package is that of the lock file', installed);
  const { url, key, sandbox } = await step(`${start}: everything is up`, () => {
    const child = spawn('bash', ['--norc', '-c', start], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    product(child);
    return started(child);
  });
  // What a newcomer has in the folder: `npx countersign` is the checkout's program.
  mkdirSync(join(folder, 'bin'));
  const npx = `#!/bin/sh\nshift\nexec ${process.execPath} ${join(ROOT, 'bin/countersign.js')} "$@"\n`;
  writeFileSync(join(folder, 'bin', 'npx'), npx, { mode: 0o755 });

  const action = await step('a refund of 420.50, approved by a click: a decided action', async () => {
    const asking = run(block('npx countersign request'));
    await approve(browser, sandbox);
    const id = /act_[0-9a-f]+/.exec(await asking.done)?.[0];
    if (id === undefined) throw new Error(`no id was printed:\n${asking.said()}`);
    return id;
  });
  await step(
    'its receipts, verified from two public keys: a verified receipt',
    () => run(block('npx countersign show').replaceAll('act_…', action)).done,
  );
  const minutes = (Date.now() - began) / 60_000;
  console.log(`        a decided action and a verified receipt after ${minutes.toFixed(1)} minutes`);
  if (minutes > 10) throw new Error('that took longer than the ten minutes that the README promises');

  env['COUNTERSIGN_URL'] = url;
  env['COUNTERSIGN_API_KEY'] = key;
  await step('without a client: ask, redeem, report', async () => {
    const asked = await run(block('curl -s "$COUNTERSIGN_URL/v1/actions')).done;
    const { id, permit } = JSON.parse(asked) as { id: string; permit: string };
    const rest = block('curl -s $COUNTERSIGN_URL/v1/permits/redeem').replaceAll('eyJ…', permit).replaceAll('act_…', id);
    if (!(await run(rest).done).includes('"executed"')) throw new Error('the outcome was not taken');
  });
  await step('the auditor: what was on the screen, and a bundle', async () => {
    const said = await run(
      'npx countersign verify receipts/*-1.receipt.json --key keys/record-keys.jwks.json --log-key keys/log.vkey',
    ).done;
    const decision = /sha256:[0-9a-f]{64}/.exec(said)?.[0] ?? '';
    await run(block('npx countersign shown').replace('sha256:…', decision)).done;
    await run(block('npx countersign export')).done;
  });
}

const browser = await launchBrowser();
let product: ChildProcess | undefined;
try {
  await walk(browser, (child) => (product = child));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await browser.close();
  if (product?.pid !== undefined && product.exitCode === null) {
    process.kill(-product.pid, 'SIGINT');
    await new Promise((resolve) => product?.once('exit', resolve));
  }
  rmSync(folder, { recursive: true, force: true });
}
