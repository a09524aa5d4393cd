/** Loads what is built in the place of its source. */
import { readFile } from 'node:fs/promises';

const ROOT = new URL('../', import.meta.url).href;
const DIST = `${ROOT}dist/`;
/** Not the page of the console, which Vite compiles, nor the plugin, a package that needs the built client. */
const BUILT = /^(?:src\/(?!console\/web\/|temporal\/)|sandbox\/).*\.ts$/;

export async function resolve(specifier, context, next) {
  if (context.parentURL === undefined || !/^(?:\.|file:)/.test(specifier)) return next(specifier, context);
  const { href } = new URL(specifier, context.parentURL);
  const path = href.slice(ROOT.length);
  if (!href.startsWith(ROOT) || !BUILT.test(path)) return next(specifier, context);
  return { url: `${DIST}${path.replace(/\.ts$/, '.js')}`, format: 'module', shortCircuit: true };
}

export async function load(url, context, next) {
  if (!url.startsWith(DIST)) return next(url, context);
  return { format: 'module', source: await readFile(new URL(url)), shortCircuit: true };
}
