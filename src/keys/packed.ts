/**
 * All key files of a stack as one, for processes that share no folder: a secret that all of them read and none writes. References to keys
 * of key managers are among them.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CountersignError, TENANT_NAME } from '../contract/index.ts';
import { keyFileSchema, read } from './key-file.ts';

const KIND = 'countersign.keys/v1';
const ENGINE_FILES = ['engine.json', 'webhook.json'];
const TENANTS = 'tenants';

const isKeyFile = (name: string): boolean => {
  const [, tenant] = /^tenants\/(.+)\.json$/.exec(name) ?? [];
  return tenant === undefined ? ENGINE_FILES.includes(name) : TENANT_NAME.test(tenant);
};

const packedSchema = z.strictObject({
  kind: z.literal(KIND),
  files: z.record(z.string().refine(isKeyFile), keyFileSchema).refine((files) => files['engine.json'] !== undefined),
});

/** @returns the text of the file; it holds every secret of the stack. @throws CountersignError `configuration` */
export function packKeys(dataDir: string): string {
  const folder = join(dataDir, 'keys');
  const tenants = existsSync(join(folder, TENANTS)) ? readdirSync(join(folder, TENANTS)) : [];
  const names = [...ENGINE_FILES, ...tenants.map((name) => `${TENANTS}/${name}`)].filter(
    (name) => isKeyFile(name) && existsSync(join(folder, name)),
  );
  const files = Object.fromEntries(names.sort().map((name) => [name, read(join(folder, name))]));
  return `${JSON.stringify({ kind: KIND, files }, null, 2)}\n`;
}

/**
 * Puts them into a folder of this process. Existing keys are replaced.
 *
 * @throws CountersignError `configuration`; nothing of the file is repeated.
 */
export function unpackKeys(file: string, folder: string): void {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new CountersignError(
      'configuration',
      'COUNTERSIGN_KEYS_FILE names a file that cannot be read; correct the path, or its permissions',
      { cause },
    );
  }
  const packed = packedSchema.safeParse(parsed(text));
  if (!packed.success) {
    throw new CountersignError(
      'configuration',
      'COUNTERSIGN_KEYS_FILE names a file that `countersign keys pack` did not write, or that is damaged; pack the keys again',
    );
  }
  try {
    rmSync(folder, { recursive: true, force: true });
    for (const [name, keys] of Object.entries(packed.data.files)) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, JSON.stringify(keys, null, 2), { mode: 0o600 });
    }
  } catch (cause) {
    throw new CountersignError(
      'configuration',
      `the keys cannot be written to \`${folder}\`; make that folder writable, or set COUNTERSIGN_DATA to another one`,
      { cause },
    );
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
