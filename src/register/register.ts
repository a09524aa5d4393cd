import type { Keys } from '../keys/index.ts';
import type { Store } from '../store/index.ts';
import { LogFollower } from './follower.ts';
import type { InForce } from './in-force.ts';
import type { MarkFiles } from './mark.ts';

/** What is in force: a row of the database grants nothing, the sealed records do. */
export interface Register {
  /**
   * What is in force in a tenant at the moment of the call; nothing for one without a log.
   *
   * @throws CountersignError `unavailable`; `invalid-evidence` when somebody changed the log in the database
   */
  current(tenant: string): Promise<InForce>;
}

export interface RegisterOptions {
  store: Pick<Store, 'log'>;
  keys: Pick<Keys, 'forTenant'>;
  marks: MarkFiles;
  onUnmarked?: (tenant: string, error: unknown) => void;
}

/** Tenants are made on purpose, so there are as many followers as there are of them. */
export function createRegister({ store, keys, marks, onUnmarked }: RegisterOptions): Register {
  const followers = new Map<string, LogFollower>();
  return {
    current(tenant) {
      let follower = followers.get(tenant);
      if (follower === undefined) {
        follower = new LogFollower({
          ...{ tenant, store, marks, keys: () => keys.forTenant(tenant) },
          onUnmarked: (error) => onUnmarked?.(tenant, error),
        });
        followers.set(tenant, follower);
      }
      return follower.current();
    },
  };
}
