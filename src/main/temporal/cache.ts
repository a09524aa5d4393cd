import { accessSync, constants, mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CountersignError, isCountersignError } from '../../contract/index.ts';
import { lockDataFolder, type FolderLock } from '../../store/index.ts';

/**
 * Makes the cache and locks it. One process at a time fills it, and a process that died no longer holds the lock.
 *
 * @throws CountersignError `configuration` when the folder cannot be written.
 */
export async function lockCache(cacheDir: string, say: (line: string) => void): Promise<FolderLock> {
  try {
    mkdirSync(cacheDir, { recursive: true });
    accessSync(cacheDir, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new CountersignError(
      'configuration',
      `there is no Temporal server yet, and the folder \`${cacheDir}\`, where it would be kept, cannot be written; make it writable, or set COUNTERSIGN_CACHE to another one`,
      { cause },
    );
  }
  for (let waited = 0; ; waited += 1) {
    try {
      return await lockDataFolder(cacheDir);
    } catch (error) {
      if (!isCountersignError(error)) throw error;
      if (waited === 0) say('Temporal: another process is getting the server; waiting for it');
      await sleep(500);
    }
  }
}
