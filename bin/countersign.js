#!/usr/bin/env node
// In a checkout the TypeScript sources run as they are; an installed package has only what was built from them.
import { existsSync } from 'node:fs';

const source = new URL('../src/cli/main.ts', import.meta.url);
const built = new URL('../dist/src/cli/main.js', import.meta.url);
const inCheckout = existsSync(source);
if (inCheckout) (await import('tsx/esm/api')).register();
const { main } = await import((inCheckout ? source : built).href);
await main();
