/**
 * The tests run the product as it is built, as its users do: Node itself loads `dist/`, which is brought up to date first. From sources,
 * each of two hundred processes would have every file of the product compiled and handed over anew, for seconds of processor time each.
 * Built once for a run: who edits the product while watching tests starts them anew.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { builtOf } from '../../scripts/as-built-path.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let building: Promise<unknown> | undefined;

/** Brings `dist/` up to date. */
export async function setup(): Promise<void> {
  await (building ??= promisify(execFile)(process.execPath, ['scripts/build.js'], { cwd: ROOT }));
}

/** For Vite: a module of the product is the one that was built of it. */
export const built = {
  name: 'built',
  enforce: 'pre',
  configureServer: setup,
  resolveId(source: string, importer: string | undefined): { id: string; external: false } | undefined {
    if (importer === undefined || !(source.startsWith('.') || source.startsWith(ROOT))) return undefined;
    const path = resolve(dirname(importer), source);
    const file = path.startsWith(ROOT) ? builtOf(path.slice(ROOT.length)) : null;
    return file === null ? undefined : { id: `${ROOT}${file}`, external: false };
  },
} as const;

/** Node loads these itself. */
export const BUILT_FILES = [/\/dist\/(?:src|sandbox)\/.*\.js$/];
