/** The directories of all tenants: the union of their files and the sealed records of identity providers. */
import { withProvisioned, type Directory, type DirectoryFile, type DirectorySource } from '../identity/index.ts';
import type { InForce } from './in-force.ts';
import type { Register } from './register.ts';

/** Where the directory of each tenant is. */
export interface DirectoryFiles {
  /** The stack's directory, for every tenant without one. */
  stack: DirectoryFile;
  /** By tenant. */
  ofTenants: ReadonlyMap<string, DirectoryFile>;
}

type Provisioned = Pick<InForce, 'users' | 'groups' | 'gone' | 'stopped'>;

/** A union, and what it was made of. */
interface Made extends Provisioned {
  file: Directory;
  union: Directory;
}

export function createDirectories({ stack, ofTenants }: DirectoryFiles, register: Register): DirectorySource {
  const made = new Map<string, Made>();
  const unionOf = (tenant: string, { users, groups, gone, stopped }: Provisioned): Directory => {
    const file = (ofTenants.get(tenant) ?? stack).current();
    const before = made.get(tenant);
    const from = { users, groups, gone, stopped };
    const same = (Object.keys(from) as (keyof Provisioned)[]).every((part) => before?.[part] === from[part]);
    if (before?.file === file && same) return before.union;
    const union = withProvisioned(file, {
      users: [...users.values()],
      groups: [...groups.values()],
      gone,
      stopped: [...stopped.keys()],
    });
    made.set(tenant, { file, ...from, union });
    return union;
  };
  return {
    current: (tenant) => unionOf(tenant, register.known(tenant)),
    fresh: async (tenant) => unionOf(tenant, await register.current(tenant)),
  };
}
