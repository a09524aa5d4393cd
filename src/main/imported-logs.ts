/**
 * Logs of other deployments, which `countersign import` put into the data folder. They are served as `imported.NAME`, which no tenant can
 * be called, with their original origin and keys. This deployment uses them for nothing else: not their records, keys or people.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PublicLog } from '../api/routes/log.ts';
import { keyFiles } from '../archive/key-files.ts';
import { recordJwks } from '../archive/record-jwks.ts';
import { CountersignError, DEFAULT_TENANT } from '../contract/index.ts';
import { tilePath } from '../ledger/index.ts';
import type { KeyHistory } from '../sealing/key-views.ts';
import { IMPORTED_FOLDER, IMPORTED_NAME, IMPORTED_PREFIX } from './local-files.ts';

/** The public log with the imported logs beside it. Readers of this deployment's log may read them. */
export function withImported(served: PublicLog, dataDir: string): PublicLog {
  /** Null where the name is not that of an imported log. */
  const folderOf = (tenant: string): string | null => {
    const name = tenant.startsWith(IMPORTED_PREFIX) ? tenant.slice(IMPORTED_PREFIX.length) : '';
    return IMPORTED_NAME.test(name) ? join(dataDir, IMPORTED_FOLDER, name) : null;
  };
  const bytes = async (folder: string, ...path: string[]): Promise<Uint8Array | null> => {
    try {
      return new Uint8Array(await readFile(join(folder, ...path)));
    } catch (cause) {
      const { code = '' } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') return null;
      throw new CountersignError('unavailable', `an imported log cannot be read (${code}); check its folder`, {
        cause,
      });
    }
  };
  const text = async (folder: string, ...path: string[]): Promise<string> => {
    const content = await bytes(folder, ...path);
    if (content === null) throw new CountersignError('not-found', 'this part of the log was not imported');
    return new TextDecoder().decode(content);
  };
  const history = async (folder: string): Promise<KeyHistory> =>
    JSON.parse(await text(folder, 'log', 'keys.json')) as KeyHistory;

  return {
    ...served,
    async exists(tenant) {
      const folder = folderOf(tenant);
      return folder === null ? served.exists(tenant) : existsSync(folder);
    },
    checkpoint(tenant) {
      const folder = folderOf(tenant);
      return folder === null ? served.checkpoint(tenant) : text(folder, 'log', 'checkpoint');
    },
    async witnessed(tenant) {
      const folder = folderOf(tenant);
      return folder === null ? served.witnessed(tenant) : null;
    },
    tile(tenant, level, index, width) {
      const folder = folderOf(tenant);
      return folder === null
        ? served.tile(tenant, level, index, width)
        : bytes(folder, 'log', tilePath({ level, index, width }));
    },
    entries(tenant, index, width) {
      const folder = folderOf(tenant);
      return folder === null
        ? served.entries(tenant, index, width)
        : bytes(folder, 'log', tilePath({ level: 'entries', index, width }));
    },
    checkReader: (tenant, authorization) =>
      served.checkReader(folderOf(tenant) === null ? tenant : DEFAULT_TENANT, authorization),
    async vkey(tenant) {
      const folder = folderOf(tenant);
      if (folder === null) return served.vkey(tenant);
      return new TextDecoder().decode(keyFiles(await history(folder)).logKey).split('\n')[0] ?? '';
    },
    async recordKeys(tenant) {
      const folder = folderOf(tenant);
      return folder === null ? served.recordKeys(tenant) : recordJwks(await history(folder));
    },
    async keyHistory(tenant) {
      const folder = folderOf(tenant);
      return folder === null ? served.keyHistory(tenant) : history(folder);
    },
  };
}
