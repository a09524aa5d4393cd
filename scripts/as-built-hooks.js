/** Loads what is built in the place of its source. */
import { readFile } from 'node:fs/promises';
import { builtOf } from './as-built-path.js';

const ROOT = new URL('../', import.meta.url).href;
const DIST = `${ROOT}dist/`;

export async function resolve(specifier, context, next) {
  if (context.parentURL === undefined || !/^(?:\.|file:)/.test(specifier)) return next(specifier, context);
  const { href } = new URL(specifier, context.parentURL);
  const built = href.startsWith(ROOT) ? builtOf(href.slice(ROOT.length)) : null;
  if (built === null) return next(specifier, context);
  return { url: `${ROOT}${built}`, format: 'module', shortCircuit: true };
}

export async function load(url, context, next) {
  if (!url.startsWith(DIST)) return next(url, context);
  return { format: 'module', source: await readFile(new URL(url)), shortCircuit: true };
}
