import type { PublicLog } from '../api/routes/log.ts';
import { mayReadLog } from '../gateway/access.ts';
import { keyHistory } from '../gateway/keys.ts';
import { recordJwks } from '../archive/record-jwks.ts';
import { CountersignError, DEFAULT_TENANT } from '../contract/index.ts';
import type { Parts } from './parts.ts';

/** The transparency log as the API serves it. */
export function publicLog(
  parts: Pick<Parts, 'logReader' | 'keys' | 'store' | 'authenticate' | 'config' | 'register'>,
): PublicLog {
  const { logReader, keys, register } = parts;
  const tenants = async (): Promise<string[]> => {
    const { tenants: made } = await register.current(DEFAULT_TENANT);
    return [...new Set([DEFAULT_TENANT, ...made.keys()])];
  };
  return {
    exists: (tenant) => logReader.exists(tenant),
    checkpoint: (tenant) => logReader.checkpoint(tenant),
    witnessed: (tenant) => logReader.witnessed(tenant),
    tile: (tenant, level, index, width) => logReader.tile(tenant, level, index, width),
    entries: (tenant, index, width) => logReader.entries(tenant, index, width),
    async checkReader(tenant, authorization) {
      if (parts.config.log === 'public') return { everybody: true };
      const caller = await parts.authenticate(authorization);
      if (caller.tenant === tenant && mayReadLog(caller)) return { everybody: false };
      throw new CountersignError(
        'forbidden',
        'the entries of a log are for its auditors and owners; ask one of them for a read token (`countersign read-token create`)',
      );
    },
    async receipt(hash) {
      if (parts.config.log !== 'public') return null;
      for (const tenant of await tenants()) {
        const stored = await parts.store.records.get(tenant, hash);
        if (stored !== null) return logReader.receipt(tenant, hash);
      }
      throw new CountersignError('not-found', 'no log here holds a record of that hash');
    },
    vkey: (tenant) => logReader.vkey(tenant),
    recordKeys: async (tenant) => recordJwks(await keyHistory(parts, tenant)),
    keyHistory: (tenant) => keyHistory(parts, tenant),
    async permitKeys() {
      const permits = (await tenants()).flatMap((name) => keys.forTenant(name).permitKeys);
      return [...permits, keys.starts.publicJwk];
    },
  };
}
