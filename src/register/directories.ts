/** The directories of all tenants: what their files say now, and what identity providers said by sealed records. */
import { withProvisioned, type Directory, type DirectoryFile, type DirectorySource } from '../identity/index.ts';
import type { InForce } from './in-force.ts';
import type { Register } from './register.ts';

/** Where the directory of each tenant is. */
export interface DirectoryFiles {
  /** Of the stack, for every tenant that has none of its own. */
  stack: DirectoryFile;
  /** By tenant. */
  own: ReadonlyMap<string, DirectoryFile>;
}

type Provisioned = Pick<InForce, 'users' | 'groups' | 'gone'>;

/** A union, and what it was made of. */
interface Made extends Provisioned {
  file: Directory;
  union: Directory;
}

export function createDirectories({ stack, own }: DirectoryFiles, register: Register): DirectorySource {
  const made = new Map<string, Made>();
  const unionOf = (tenant: string, { users, groups, gone }: Provisioned): Directory => {
    const file = (own.get(tenant) ?? stack).current();
    const before = made.get(tenant);
    if (before?.file === file && before.users === users && before.groups === groups && before.gone === gone) {
      return before.union;
    }
    const union = withProvisioned(file, [...users.values()], [...groups.values()], gone);
    made.set(tenant, { file, users, groups, gone, union });
    return union;
  };
  return {
    current: (tenant) => unionOf(tenant, register.known(tenant)),
    fresh: async (tenant) => unionOf(tenant, await register.current(tenant)),
  };
}
