#!/usr/bin/env node
// What runs is built: an installed package has only `dist/`, and a checkout brings its own up to date first. Where that cannot be done,
// as in a folder that is read only, a checkout runs its TypeScript sources as they are.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';

const { env } = process;
const cache = env.COUNTERSIGN_CACHE || (env.XDG_CACHE_HOME || (env.HOME && join(env.HOME, '.cache'))) + '/countersign';
// Not in the folder for temporary files, where others could write: what is in it is executed.
if (!cache.startsWith('undefined')) module.enableCompileCache?.(join(cache, 'compiled'));

async function fromSources(reason) {
  try {
    (await import('tsx/esm/api')).register();
  } catch {
    console.error(`countersign: dist/ cannot be built (${reason}), nor can the sources run: run \`npm ci\` first`);
    process.exit(1);
  }
  return (path) => import(new URL(`../${path}.ts`, import.meta.url).href);
}

const inCheckout = existsSync(new URL('../src/cli/main.ts', import.meta.url));

async function loader() {
  if (inCheckout) {
    try {
      await (await import('../scripts/build.js')).ensureBuilt();
    } catch (error) {
      return fromSources(error.message);
    }
  }
  return (path) => import(new URL(`../dist/${path}.js`, import.meta.url).href);
}

const load = await loader();
const { main } = await load('src/cli/main');
// The sandbox is a program of its own, for a checkout on one machine: it is handed to the product here, which knows only what it has to
// offer. What is shipped has none.
await main(inCheckout ? { sandbox: async () => (await load('sandbox/slack/index')).createSlackSandbox } : {});
