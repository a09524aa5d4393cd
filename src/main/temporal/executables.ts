import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import type { Env } from '../config.ts';

export const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** The first executable of that name on `PATH`, or null. */
export function onPath(env: Env, name: string): string | null {
  for (const dir of (env['PATH'] ?? '').split(delimiter)) {
    const path = resolve(dir, name);
    if (dir !== '' && isExecutable(path)) return path;
  }
  return null;
}
