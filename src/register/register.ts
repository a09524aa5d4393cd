import { DEFAULT_TENANT } from '../contract/index.ts';
import type { Keys } from '../keys/index.ts';
import type { Store } from '../store/index.ts';
import { LogFollower, type Looked } from './follower.ts';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { MarkFiles } from './mark.ts';

/** What is in force: a row of the database grants nothing, the sealed records do. */
export interface Register {
  /**
   * What is in force in a tenant at the moment of the call; nothing for one without a log.
   *
   * @throws CountersignError `unavailable`; `invalid-evidence` when somebody changed the log in the database
   */
  current(tenant: string): Promise<Looked>;
  /**
   * Runs `work`, within which a look at the log counts for every later question: a request that asks who calls, what is in force and what
   * is stopped looks once. Nothing that was sealed before the call is missed.
   */
  atOnce<T>(work: () => Promise<T>): Promise<T>;
  /** Whether a tenant was made; asked at every door before anything is done in its name. @throws CountersignError as `current` */
  hasTenant(name: string): Promise<boolean>;
}

export interface RegisterOptions {
  store: Pick<Store, 'looks'>;
  keys: Pick<Keys, 'forTenant'>;
  marks: MarkFiles;
  onUnmarked?: (tenant: string, error: unknown) => void;
}

/** Tenants are made on purpose, so there are as many followers as there are of them. */
export function createRegister({ store, keys, marks, onUnmarked }: RegisterOptions): Register {
  const followers = new Map<string, LogFollower>();
  const since = new AsyncLocalStorage<number>();
  // Tenants are never unmade.
  const made = new Set([DEFAULT_TENANT]);
  const register: Register = {
    current(tenant) {
      let follower = followers.get(tenant);
      if (follower === undefined) {
        follower = new LogFollower({
          ...{ tenant, store, marks, keys: () => keys.forTenant(tenant) },
          onUnmarked: (error) => onUnmarked?.(tenant, error),
        });
        followers.set(tenant, follower);
      }
      return follower.current(since.getStore());
    },
    atOnce: (work) => since.run(performance.now(), work),
    async hasTenant(name) {
      if (made.has(name)) return true;
      if (!(await register.current(DEFAULT_TENANT)).tenants.has(name)) return false;
      made.add(name);
      return true;
    },
  };
  return register;
}
