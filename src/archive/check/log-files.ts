/** Where a log is read from: a server, or a folder. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CountersignError } from '../../contract/index.ts';
import type { LogFiles } from '../../evidence/index.ts';

const TIMEOUT = 20_000;
/** Milliseconds before each further try, where the server asks for patience or does not answer. */
const PAUSES = [500, 2000, 8000];

/** The public log of a tenant: no token is sent, and no redirect followed. */
export function filesOfServer(url: string, tenant: string): LogFiles {
  const base = new URL(`log/${encodeURIComponent(tenant)}/`, url.endsWith('/') ? url : `${url}/`);
  return async (path) => {
    for (let turn = 0; ; turn += 1) {
      const answer = await get(new URL(path, base));
      if (answer !== 'again') return answer;
      const pause = PAUSES[turn];
      if (pause === undefined) {
        throw new CountersignError(
          'unavailable',
          `nothing answers at ${base.origin}; is it running, and is it the right URL?`,
        );
      }
      await sleep(pause);
    }
  };
}

async function get(url: URL): Promise<Uint8Array | null | 'again'> {
  let response: Response;
  let bytes: ArrayBuffer;
  try {
    response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT) });
    bytes = await response.arrayBuffer();
  } catch {
    return 'again';
  }
  if (response.ok) return new Uint8Array(bytes);
  if (response.status === 404) return null;
  if (response.status === 429 || response.status >= 500) return 'again';
  throw new CountersignError(
    'unavailable',
    `${url.origin} answers ${response.status} for ${url.pathname}; check the URL`,
  );
}

/** A log in a folder: its own, or an evidence bundle's, where it is in `log/`. */
export function filesOfFolder(folder: string): LogFiles {
  const base = existsSync(join(folder, 'log')) ? join(folder, 'log') : folder;
  if (!existsSync(base)) {
    throw new CountersignError('invalid-request', `there is no folder \`${folder}\`; give an unpacked evidence bundle`);
  }
  return async (path) => {
    try {
      return new Uint8Array(await readFile(join(base, path)));
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? '';
      if (code === 'ENOENT' || code === 'ENOTDIR') return null;
      throw new CountersignError('unavailable', `\`${join(base, path)}\` cannot be read (${code})`, { cause });
    }
  };
}
