#!/usr/bin/env node
// In a checkout the TypeScript sources run as they are; an installed package has only what was built from them.
import { existsSync } from 'node:fs';

const inCheckout = existsSync(new URL('../src/cli/main.ts', import.meta.url));
const load = (path) => import(new URL(inCheckout ? `../${path}.ts` : `../dist/${path}.js`, import.meta.url).href);

if (inCheckout) (await import('tsx/esm/api')).register();
const { main } = await load('src/cli/main');
// The sandbox is a program of its own, for a checkout on one machine: it is handed to the product here, which knows only what it has to
// offer. What is built and shipped has none.
await main(inCheckout ? { sandbox: async () => (await load('sandbox/slack/index')).createSlackSandbox } : {});
