/** Records in the order of time, in parts that one commit can hold. */
import type { StagedRecord } from '../../src/sequencer/index.ts';
import type { NewPermit } from '../../src/store/index.ts';
import type { PayloadRow, Waiting } from './remembered.ts';

/** Of one call of the sequencer. */
const RECORDS_MAX = 512;

/** A permit that is used up in the commit that releases it. */
export interface SpentPermit extends NewPermit {
  action: string;
  redeemedAt: string;
}

/** One commit, and the rows that stand beside it. */
export interface Chunk {
  records: StagedRecord[];
  /** To be there before it. */
  payloads: PayloadRow[];
  /** To be written after it. */
  spent: SpentPermit[];
}

/**
 * The statement of a commit looks for the row of a permit that it marks as used, which an earlier commit wrote. A permit whose whole life
 * falls into one commit therefore has its row written beside it.
 *
 * @param queue in the order of time
 */
export function chunksOf(queue: readonly Waiting[]): Chunk[] {
  const chunks: Chunk[] = [];
  for (let from = 0; from < queue.length; from += RECORDS_MAX)
    chunks.push(chunkOf(queue.slice(from, from + RECORDS_MAX)));
  return chunks;
}

function chunkOf(queue: readonly Waiting[]): Chunk {
  const used = new Map(queue.flatMap(({ record: { redeems, at } }) => (redeems === undefined ? [] : [[redeems, at]])));
  const spent = new Map<string, SpentPermit>();
  const records = queue.map(({ record }): StagedRecord => {
    const { permit, redeems, ...rest } = record;
    const redeemedAt = used.get(permit?.jti ?? '');
    if (permit !== undefined && redeemedAt !== undefined) {
      spent.set(permit.jti, { ...permit, action: record.action, redeemedAt });
      return rest;
    }
    return redeems !== undefined && spent.has(redeems) ? rest : record;
  });
  return { records, payloads: queue.flatMap(({ payload }) => payload ?? []), spent: [...spent.values()] };
}
