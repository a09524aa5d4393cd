/** Brings `dist/` up to date once, before many tests start the command line side by side. */
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './sources.ts';

export async function setup(): Promise<void> {
  await promisify(execFile)(process.execPath, ['scripts/build.js'], { cwd: ROOT });
  const folder = join(ROOT, 'dist/src/workflows');
  const [bundle] = readdirSync(folder).filter((name) => /^bundle-.*\.js$/.test(name));
  // Stacks that run from sources take the workflows from there. The processes that run the test files inherit it.
  if (bundle !== undefined) process.env['COUNTERSIGN_TEST_WORKFLOWS'] = join(folder, bundle);
}
