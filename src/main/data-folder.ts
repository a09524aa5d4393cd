/** The data folder holds keys and everything sealed, so only its user may open it. */
import { accessSync, chmodSync, constants, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CountersignError } from '../contract/index.ts';

/** Others' permissions. */
const OTHERS = 0o077;

/**
 * Makes the folder, or closes one that is open to others, and everything in it.
 *
 * @throws CountersignError `configuration` when it cannot be written or closed.
 */
export function prepareDataFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new CountersignError(
      'configuration',
      `the data folder \`${dir}\` cannot be written; make it writable, or set COUNTERSIGN_DATA to another folder`,
      { cause },
    );
  }
  try {
    close(dir);
  } catch (cause) {
    throw new CountersignError(
      'configuration',
      `the data folder \`${dir}\` is open to others and cannot be closed; take others' permissions away (chmod -R go= on it), or set COUNTERSIGN_DATA to a folder of your own`,
      { cause },
    );
  }
}

/** Skips links, whose targets are closed where they are, and files that are gone meanwhile. */
function close(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !(stat.isFile() || stat.isDirectory())) return;
  try {
    if ((stat.mode & OTHERS) !== 0) chmodSync(path, stat.mode & 0o7777 & ~OTHERS);
    if (stat.isDirectory()) for (const name of readdirSync(path)) close(join(path, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
