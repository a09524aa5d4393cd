import { DEFAULT_TENANT } from '../contract/index.ts';
import type { Keys } from '../keys/index.ts';
import type { Store } from '../store/index.ts';
import { LogFollower, type Beside, type Looked } from './follower.ts';
import { NOTHING_IN_FORCE, type InForce } from './in-force.ts';
import { createDrills, type Drills } from './drills.ts';
import { shareSeals, type ShareSeals } from './limit-shares.ts';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { MarkFiles } from './mark.ts';

/** What is in force. Only sealed records grant anything; rows of the database do not. */
export interface Register {
  /**
   * What is in force in a tenant at the moment of the call; nothing for one without a log.
   *
   * @throws CountersignError `unavailable`; `invalid-evidence` when somebody changed the log in the database
   */
  current(tenant: string): Promise<Looked>;
  /** {@link current}, with something that the caller reads, in one statement where that can be. */
  currentBeside<T>(tenant: string, beside: Beside<T>): Promise<{ looked: Looked; value: T }>;
  /** The state at the last read of the log; empty before the first one. Use it for display only, never to grant anything. */
  known(tenant: string): InForce;
  /**
   * Runs `work` with one shared read of the log: a request that needs credentials, bundles and freezes reads it once. The
   * read includes everything sealed before this call.
   */
  atOnce<T>(work: () => Promise<T>): Promise<T>;
  /** What actions take from limits, by their records. */
  shares: ShareSeals;
  /** Which actions are drills. */
  drills: Drills;
  /** Whether a tenant exists. Every door asks this before it acts in the name of a tenant. @throws CountersignError as `current` */
  hasTenant(name: string): Promise<boolean>;
}

export interface RegisterOptions {
  store: Pick<Store, 'looks'>;
  keys: Pick<Keys, 'forTenant' | 'commitments'>;
  marks: MarkFiles;
  onUnmarked?: (tenant: string, error: unknown) => void;
}

/** One follower for each tenant. Tenants are created on purpose, so their number is bounded. */
export function createRegister({ store, keys, marks, onUnmarked }: RegisterOptions): Register {
  const followers = new Map<string, LogFollower>();
  const since = new AsyncLocalStorage<number>();
  // Tenants are never deleted.
  const made = new Set([DEFAULT_TENANT]);
  const shares = shareSeals(keys);
  const drills = createDrills(keys);
  const followerOf = (tenant: string): LogFollower => {
    let follower = followers.get(tenant);
    if (follower === undefined) {
      follower = new LogFollower({
        tenant,
        store,
        marks,
        shares,
        keys: () => keys.forTenant(tenant),
        onUnmarked: (error) => onUnmarked?.(tenant, error),
      });
      followers.set(tenant, follower);
    }
    return follower;
  };
  const register: Register = {
    current: (tenant) => followerOf(tenant).current(since.getStore()),
    currentBeside: (tenant, beside) => followerOf(tenant).currentBeside(beside, since.getStore()),
    known: (tenant) => followers.get(tenant)?.known ?? NOTHING_IN_FORCE,
    shares,
    drills,
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
