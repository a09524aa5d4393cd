/** The drills of a log, by its records. Pure. */
import type { OtherRecord } from '../contract/index.ts';
import { drillChangeOf, drillCommitment, type DrillOpened } from '../sealing/index.ts';

/** A planted action, by the record that planted it. */
export interface DrillInForce {
  mark: string;
  commitment: string;
  sealed: string;
  by: string;
  at: string;
  /** How it ended; null while it goes on. */
  opened: (Pick<DrillOpened, 'action' | 'end' | 'person' | 'surface' | 'missed'> & { at: string }) | null;
}

/** What is known of drills after a record about one, by the hashes of the records that planted them. */
export function drillsAfter(
  drills: ReadonlyMap<string, DrillInForce>,
  record: OtherRecord,
  hash: string,
): ReadonlyMap<string, DrillInForce> {
  const change = drillChangeOf(record);
  if (change === null) return drills;
  if (change.state === 'planted') {
    const { mark, commitment, sealed } = change;
    return new Map(drills).set(hash, { mark, commitment, sealed, by: record.by ?? '', at: record.at, opened: null });
  }
  const { planted, action, end, person, surface, missed } = change;
  const known = drills.get(planted);
  if (known === undefined || known.opened !== null || known.commitment !== drillCommitment(change)) return drills;
  const opened = { action, end, person, surface, missed, at: record.at };
  return new Map(drills).set(planted, { ...known, opened });
}
