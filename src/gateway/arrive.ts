/** Reads what a call needs while its credential is being checked. */
import { createHash } from 'node:crypto';
import { BoundedMap } from '../canonical/index.ts';
import type { Caller } from '../identity/index.ts';
import type { GatewayDeps } from './deps.ts';

/** Most credentials whose tenant is cached. */
const CACHED_TENANTS = 1000;

export interface Arrived<T> {
  caller: Caller;
  /** What was read meanwhile; null where the credential was not known before, or belongs to another tenant now. */
  begun: Promise<T> | null;
}

export type Arrive = <T>(
  authorization: string | undefined,
  begin: (tenant: string) => Promise<T>,
) => Promise<Arrived<T>>;

/**
 * Authenticates callers. Concurrently begins to read for the last known tenant of the credential; nothing of it may be answered, or written,
 * before the credential has counted.
 */
export function createArrival({ authenticate }: Pick<GatewayDeps, 'authenticate'>): Arrive {
  /** The tenants of credentials as they were when last presented, by hash. */
  const tenants = new BoundedMap<string, string>(CACHED_TENANTS);
  return async (authorization, begin) => {
    const credential = createHash('sha256')
      .update(authorization ?? '')
      .digest('base64');
    const tenant = tenants.get(credential);
    const begun = tenant === undefined ? null : begin(tenant);
    begun?.catch(() => undefined);
    const caller = await authenticate(authorization);
    tenants.set(credential, caller.tenant);
    return { caller, begun: tenant === caller.tenant ? begun : null };
  };
}
