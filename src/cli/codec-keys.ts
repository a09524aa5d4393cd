/** `countersign keys export --codec`: the keys of Temporal's payloads, without any other key; needs the data folder. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CountersignError } from '../contract/index.ts';
import type { Io } from './io.ts';
import { dataFolder } from './local.ts';
import { requireKeys } from './person.ts';

/** The file that `keys export --codec` writes. */
export const CODEC_KEYS_FILE = 'codec-keys.json';

/** @returns the path of a new file, which only its owner can read. @throws CountersignError `configuration`, `invalid-request` */
export async function exportCodecKeys(io: Io, { data: folder, out }: { data?: string; out: string }): Promise<string> {
  const data = dataFolder(io, folder);
  requireKeys(data);
  const { openFileKeys } = await import('../keys/index.ts');
  const { codec } = await openFileKeys(data);
  // The first encrypts, all of them decrypt.
  const keys = codec.map(({ id, secret }) => ({ id, secret: Buffer.from(secret).toString('base64') }));
  const path = join(out, CODEC_KEYS_FILE);
  try {
    mkdirSync(out, { recursive: true });
    // An existing file may be open to others, so it is never overwritten.
    writeFileSync(path, `${JSON.stringify({ kind: 'countersign.codec-keys/v1', keys }, null, 2)}\n`, {
      mode: 0o600,
      flag: 'wx',
    });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unwritable';
    throw new CountersignError(
      'invalid-request',
      `\`${path}\` cannot be written (${code}); remove it, or give another folder with \`--out\``,
      { cause },
    );
  }
  return path;
}
