/** Brings `dist/` up to date once, before many tests start the command line, threads and workers side by side. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { ROOT } from './sources.ts';

export async function setup(): Promise<void> {
  await promisify(execFile)(process.execPath, ['scripts/build.js'], { cwd: ROOT });
}
