/** Acting as a person of the directory, for the holder of the local stack's data folder (contract section 8). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CountersignError } from '../contract/index.ts';
import type { Io } from './io.ts';

/**
 * A one-hour token for a person, signed with the folder's attestation key.
 *
 * @throws CountersignError `configuration` when there is no such folder or directory, `not-found` or `forbidden` for the person.
 */
export async function localPersonToken(
  io: Io,
  input: { data: string; policies: string | undefined; person: string; tenant: string },
): Promise<string> {
  requireKeys(input.data);
  const [{ openFileKeys }, { issuePersonToken, watchDirectory }, { loadConfig }, { readTenants }] = await Promise.all([
    import('../keys/index.ts'),
    import('../identity/index.ts'),
    import('../main/config.ts'),
    import('../main/tenants.ts'),
  ]);
  const policies = input.policies ?? (io.env['COUNTERSIGN_POLICIES'] || 'policies');
  const config = loadConfig(io.env);
  const tenantFile = readTenants(config.tenants).find(({ name }) => name === input.tenant)?.directory ?? null;
  const directory = watchDirectory(tenantFile ?? join(policies, 'directory.yaml')).current();
  const keys = await openFileKeys(input.data, config.keys);
  return issuePersonToken(keys.attestation, { person: input.person, tenant: input.tenant, directory, now: io.now() });
}

/** Opening a folder without keys would create new ones, which no stack would trust. */
export function requireKeys(data: string): void {
  if (existsSync(join(data, 'keys'))) return;
  throw new CountersignError(
    'configuration',
    `there are no keys in the data folder \`${data}\`; run this where \`countersign start\` ran, or give \`--data\``,
  );
}
