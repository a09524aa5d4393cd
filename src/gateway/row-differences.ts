import { CountersignError } from '../contract/index.ts';
import type { RowDifferences } from '../contract/views/index.ts';
import type { Caller } from '../identity/index.ts';
import { credentialCommitments, rowDifferences } from '../register/index.ts';
import { mayReadLog } from './access.ts';
import type { GatewayDeps } from './deps.ts';

/** Rows of the database that are not what the sealed records say, for whoever may read those records. */
export async function listRowDifferences(deps: GatewayDeps, caller: Caller): Promise<RowDifferences> {
  if (!mayReadLog(caller)) {
    throw new CountersignError(
      'forbidden',
      'rows are compared with the records for auditors and owners; ask one of them',
    );
  }
  const { tenant } = caller;
  // Read the rows first: if one changes meanwhile, its record is already there.
  const rows = await deps.store.rightRows.all(tenant);
  const inForce = await deps.register.current(tenant);
  const now = deps.now();
  const commitments = (hash: string): string[] => credentialCommitments(deps.keys, tenant, hash);
  return { at: now.toISOString(), differences: rowDifferences(inForce, rows, commitments, now.getTime()) };
}
