/** Records that are in the log but not found by a search: somebody with write access to the database hid or deleted them. */
import { CountersignError } from '../contract/index.ts';
import type { Looked } from '../register/index.ts';
import type { EngineDeps } from './deps.ts';
import { readLife, type Life } from './life.ts';

type Read = Pick<Life, 'records'> & { state: { action: Pick<Life['state']['action'], 'id' | 'tenant'> } };

/** Whether the log has more records of an action than were read: sealed since, or hidden. */
export const hidesRecords = ({ newestRecords }: Pick<Looked, 'newestRecords'>, { records, state }: Read): boolean =>
  newestRecords.of(state.action.id) >= records.length;

const HIDDEN =
  'the database hides records of this action; nothing follows from the others. do not execute, and run `countersign audit`';

/**
 * Checks why {@link hidesRecords records are missing}. Returns when they were sealed since; the caller then reads them again.
 *
 * @throws CountersignError `invalid-evidence` when they are hidden
 */
export async function checkWhole(
  deps: Pick<EngineDeps, 'store' | 'signers'>,
  { state }: Read,
  looked: Pick<Looked, 'newestRecords'>,
): Promise<null> {
  const { tenant, id } = state.action;
  // Taken before the read, because the log grows meanwhile.
  const newest = looked.newestRecords.of(id);
  const life = await readLife(deps, tenant, id);
  if (life !== null && life.records.length > newest) return null;
  throw new CountersignError('invalid-evidence', HIDDEN);
}
