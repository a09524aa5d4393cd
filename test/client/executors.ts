/** One executor behind the guard in each language, over HTTP. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { permitOf, requirePermit } from '../../src/client/verify/index.ts';
import { freePort } from '../../src/store/index.ts';
import { hasPython, PYTHON, pythonEnv } from './python.ts';
import { eventually } from '../support/eventually.ts';

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const hasGo = spawnSync('go', ['version']).status === 0;

export const LANGUAGES = ['JavaScript', ...(hasPython ? ['Python'] : []), ...(hasGo ? ['Go'] : [])];

export interface Executors {
  /** What the executor of this language answers to a permit and what is to be executed. */
  attempt(language: string, permit: string | undefined, request: unknown): Promise<{ executed: boolean; body: string }>;
  stop(): Promise<void>;
}

/** @param mode `offline`: without asking the engine, for permits that allow it */
export async function startExecutors(
  engine: { url: string; key: string },
  surface: string,
  mode?: 'offline',
): Promise<Executors> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-executors-'));
  const env = { ...process.env, ...pythonEnv, COUNTERSIGN_URL: engine.url, COUNTERSIGN_API_KEY: engine.key };
  const children: ChildProcess[] = [];
  const addresses: Record<string, string> = {};
  const start = async (language: string, command: string, args: string[]): Promise<void> => {
    const port = await freePort();
    const address = language === 'Go' ? `127.0.0.1:${port}` : String(port);
    children.push(
      spawn(command, [...args, address, surface, ...(mode === undefined ? [] : [mode])], {
        env,
        stdio: ['ignore', 'ignore', 'inherit'],
      }),
    );
    addresses[language] = `http://127.0.0.1:${port}/`;
    await answering(addresses[language]);
  };

  const app = express();
  app.post(
    '/',
    express.json(),
    requirePermit({ surface, ...engine, offline: mode === 'offline' }),
    (request, response) => {
      response.json(permitOf(request).request);
    },
  );
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  addresses['JavaScript'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  if (hasPython) await start('Python', PYTHON, [file('executor.py')]);
  if (hasGo) {
    const built = spawnSync('go', ['build', '-o', join(folder, 'guard'), '.'], {
      cwd: file('../../examples/go-guard'),
      encoding: 'utf8',
    });
    if (built.status !== 0) throw new Error(`the guard in Go does not build: ${built.stderr}`);
    await start('Go', join(folder, 'guard'), []);
  }
  return {
    async attempt(language, permit, request) {
      const response = await fetch(addresses[language] ?? '', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(permit === undefined ? {} : { 'countersign-permit': permit }),
        },
        body: JSON.stringify(request),
      });
      const body = await response.text();
      // Whatever is no refusal is a fault of the guard, and would hide what it lets through.
      if (![200, 403, 409, ...(mode === undefined ? [] : [503])].includes(response.status))
        throw new Error(`${language}: ${response.status} ${body}`);
      return { executed: response.status === 200, body };
    },
    async stop() {
      server.close();
      for (const child of children) child.kill();
      await Promise.all(children.map(async (child) => child.exitCode ?? (await once(child, 'exit'))));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const answering = (url: string): Promise<Response> =>
  eventually(`the executor at ${url} answers`, () => fetch(url).catch(() => undefined), { withinMs: 120_000 });
