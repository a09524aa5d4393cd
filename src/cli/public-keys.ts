/** A tenant's public keys through time, from the server or from the local data folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CountersignError, isCountersignError } from '../contract/index.ts';
import { serverUrl, type ConnectOptions } from './connect.ts';
import { call } from './http.ts';
import type { Io } from './io.ts';
import { dataFolder, readRuntime } from './local.ts';

const revoked = z.object({ at: z.string(), from: z.int() }).nullable();
const historySchema = z.looseObject({
  kind: z.string(),
  keys: z
    .array(
      z.looseObject({
        use: z.string(),
        key: z.union([z.string(), z.looseObject({ kid: z.string(), kty: z.string() })]),
        since: z.string(),
        until: z.string().nullable(),
        revoked,
      }),
    )
    .min(2),
  receipts: z.array(z.looseObject({})),
});

type History = z.infer<typeof historySchema>;
type Jwk = { kid: string; kty: string; [member: string]: unknown };

export interface PublicKeySet {
  /** Record keys as JWKs with their period, the current one first. */
  records: Jwk[];
  /** C2SP note verification keys, the current one first. */
  logs: { vkey: string; since: string; until: string | null; revoked: z.infer<typeof revoked> }[];
  /** With the receipts that lead from the first keys to the current ones; null where only the data folder could be read. */
  history: History | null;
}

interface Options extends ConnectOptions {
  tenant: string;
}

/** The keys of the named server, else of the stack that runs on the data folder, else of the folder itself. */
export async function publicKeys(io: Io, options: Options): Promise<PublicKeySet> {
  const data = dataFolder(io, options.data);
  const named = options.url !== undefined || (io.env['COUNTERSIGN_URL'] ?? '') !== '';
  if (named || !existsSync(join(data, 'keys', 'tenants', `${options.tenant}.json`))) return fetchKeys(io, options);
  if (readRuntime(data) !== null) {
    try {
      return await fetchKeys(io, options);
    } catch (error) {
      // The stack has stopped, and its folder has the same keys.
      if (!isCountersignError(error) || !['unavailable', 'not-found'].includes(error.code)) throw error;
    }
  }
  return folderKeys(data, options.tenant);
}

async function folderKeys(data: string, tenant: string): Promise<PublicKeySet> {
  const [{ openFileKeys }, { formatVkey }] = await Promise.all([
    import('../keys/index.ts'),
    import('../ledger/index.ts'),
  ]);
  const keys = await openFileKeys(data);
  const { history, logKeys } = keys.forTenant(tenant);
  const vkeys = new Map(keys.periods(tenant, 'log').map(({ kid }, i) => [kid, logKeys[i]] as const));
  return {
    records: history.record
      .map(({ jwk, since, until, revoked: end }) => ({
        ...jwk,
        since,
        until,
        ...(end === null ? {} : { revoked: end }),
      }))
      .reverse(),
    logs: history.log
      .flatMap(({ kid, since, until, revoked: end }) => {
        const key = vkeys.get(kid);
        return key === undefined ? [] : [{ vkey: formatVkey(key), since, until, revoked: end }];
      })
      .reverse(),
    history: null,
  };
}

/** Public, so read without a token. A verifier fetches them once, over a channel it trusts, and keeps them. */
async function fetchKeys(io: Io, options: Options): Promise<PublicKeySet> {
  const connection = { url: serverUrl(io, options), token: null };
  const read = historySchema.safeParse(
    await call(connection, { path: `log/${encodeURIComponent(options.tenant)}/keys.json` }),
  );
  if (!read.success) {
    throw new CountersignError(
      'unavailable',
      'the server’s answer holds no keys; check `COUNTERSIGN_URL` and `--tenant`',
    );
  }
  const history = read.data;
  const newest = [...history.keys].reverse();
  return {
    records: newest.flatMap(({ use, key, since, until, revoked: end }) =>
      use === 'record' && typeof key !== 'string'
        ? [{ ...key, since, until, ...(end === null ? {} : { revoked: end }) }]
        : [],
    ),
    logs: newest.flatMap(({ use, key, since, until, revoked: end }) =>
      use === 'log' && typeof key === 'string' ? [{ vkey: key, since, until, revoked: end }] : [],
    ),
    history,
  };
}
