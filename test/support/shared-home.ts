/**
 * Before the files that share stacks: makes the folder that holds the data of these stacks. Vitest does not count what fails while a process
 * ends, so the run counts it here: a stack removes its data when it has stopped, and what is left at the end fails the run.
 */
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setup(): void {
  const home = mkdtempSync(join(tmpdir(), 'countersign-shared-'));
  // Started by root, PostgreSQL runs as a user of its own, and has to come through here.
  chmodSync(home, 0o711);
  // The processes that run the test files inherit it.
  process.env['COUNTERSIGN_TEST_SHARED'] = home;
  process.once('exit', () => {
    const left = readdirSync(home);
    rmSync(home, { recursive: true, force: true });
    if (left.length === 0) return;
    console.error(`stacks that did not stop as they should: ${left.length}`);
    process.exitCode = 1;
  });
}
