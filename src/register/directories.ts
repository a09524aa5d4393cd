/** The directories of all tenants, as their files say now. */
import type { Directory, DirectoryFile, DirectorySource } from '../identity/index.ts';
import type { Register } from './register.ts';

/** Where the directory of each tenant is. */
export interface DirectoryFiles {
  /** Of the stack, for every tenant that has none of its own. */
  stack: DirectoryFile;
  /** By tenant. */
  own: ReadonlyMap<string, DirectoryFile>;
}

export function createDirectories({ stack, own }: DirectoryFiles, register: Register): DirectorySource {
  const current = (tenant: string): Directory => (own.get(tenant) ?? stack).current();
  return {
    current,
    async fresh(tenant) {
      await register.current(tenant);
      return current(tenant);
    },
  };
}
