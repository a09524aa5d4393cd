/** The file that an approval is about: its digest is judged and shown, and compared again before the command runs. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { JsonObject } from '../../contract/index.ts';
import { usage } from '../values.ts';

/** `sha256:` and the hash of a file's current content. @throws CountersignError `invalid-request` */
export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw usage(`\`${file}\` cannot be read (${code ?? 'unreadable'}); name the file that the command will use`);
  }
  return `sha256:${hash.digest('hex')}`;
}

/** The params with the file's name and digest. @throws CountersignError `invalid-request` where one of them is given already */
export async function withArtefact(params: JsonObject, file: string): Promise<JsonObject> {
  for (const name of ['file', 'digest']) {
    if (Object.hasOwn(params, name)) throw usage(`\`--file\` says \`params.${name}\`; leave \`--param ${name}=…\` out`);
  }
  return { ...params, file: basename(file), digest: await digestOf(file) };
}
