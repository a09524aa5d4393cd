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

/**
 * The log of a tenant. No redirect is followed, and the token goes with entries only: everything else is for everybody.
 *
 * @throws CountersignError `unauthenticated` where entries are not for everybody, and not for this token
 */
export function filesOfServer(url: string, tenant: string, token: string | null = null): LogFiles {
  const base = new URL(`log/${encodeURIComponent(tenant)}/`, url.endsWith('/') ? url : `${url}/`);
  return async (path) => {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await get(new URL(path, base), path.startsWith('tile/entries/') ? token : null);
      if (answer !== 'again') return answer;
      const pause = PAUSES[attempt];
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

async function get(url: URL, token: string | null): Promise<Uint8Array | null | 'again'> {
  let response: Response;
  let bytes: ArrayBuffer;
  try {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` };
    response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT) });
    bytes = await response.arrayBuffer();
  } catch {
    return 'again';
  }
  if (response.ok) return new Uint8Array(bytes);
  if (response.status === 404) return null;
  if (response.status === 429 || response.status >= 500) return 'again';
  if (response.status === 401 || response.status === 403) {
    throw new CountersignError(
      'unauthenticated',
      `${url.origin} shows the entries of this log only to who may read them; set COUNTERSIGN_API_KEY to a read token, which an owner makes with \`countersign read-token create\``,
    );
  }
  throw new CountersignError(
    'unavailable',
    `${url.origin} answers ${response.status} for ${url.pathname}; check the URL`,
  );
}

/** A log in a folder: the log's own, or the `log/` of an evidence archive. */
export function filesOfFolder(folder: string): LogFiles {
  const base = existsSync(join(folder, 'log')) ? join(folder, 'log') : folder;
  if (!existsSync(base)) {
    throw new CountersignError(
      'invalid-request',
      `there is no folder \`${folder}\`; give an unpacked evidence archive`,
    );
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
