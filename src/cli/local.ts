/** What a stack on this machine leaves in its data folder for the command line. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CountersignError } from '../contract/index.ts';
import { FIRST_KEY_FILE, RUNTIME_FILE } from '../main/local-files.ts';
import type { Io } from './io.ts';

/** `<data>/runtime.json`, mode 0600: where the stack that uses this folder listens. */
export const runtimeSchema = z.looseObject({ url: z.url({ protocol: /^https?$/ }), pid: z.int().positive() });
export type Runtime = z.infer<typeof runtimeSchema>;

/** The data folder that is meant: `--data`, else `COUNTERSIGN_DATA`, else `.countersign`. */
export function dataFolder(io: Io, option: string | undefined): string {
  return option ?? (io.env['COUNTERSIGN_DATA'] || '.countersign');
}

/** The stack's own address, or null when none was started on this folder. */
export function readRuntime(data: string): Runtime | null {
  const text = readIfThere(join(data, RUNTIME_FILE));
  if (text === null) return null;
  try {
    return runtimeSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CountersignError(
      'configuration',
      `\`${join(data, RUNTIME_FILE)}\` is damaged; remove it and run \`countersign start\` again`,
      { cause },
    );
  }
}

/** The first API key, or null when this folder has none. */
export function readFirstKey(data: string): string | null {
  const key = readIfThere(join(data, FIRST_KEY_FILE))?.trim() ?? '';
  return key === '' ? null : key;
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT' || (cause as NodeJS.ErrnoException).code === 'ENOTDIR')
      return null;
    throw new CountersignError(
      'configuration',
      `\`${file}\` cannot be read; run this as the user that started the stack`,
      { cause },
    );
  }
}
