/**
 * `node --import tsx --import ./scripts/as-built.js …` runs a script of ours on the product as it is built, as its users have it: sources that
 * tsx compiles are slower, since it gives every function its name while it runs. Brings `dist/` up to date first.
 */
import module from 'node:module';
import { ensureBuilt } from './build.js';

await ensureBuilt();
module.register('./as-built-hooks.js', import.meta.url);
