/** Records in the order of time, in parts that one commit can hold. */
import type { Waiting } from './remembered.ts';

/** Of one call of the sequencer. */
const RECORDS_MAX = 512;

/**
 * A permit is used up in a later commit than the one that releases it: the statement that marks it looks for its row.
 *
 * @param queue in the order of time
 */
export function chunksOf(queue: readonly Waiting[]): Waiting[][] {
  const chunks: Waiting[][] = [];
  let chunk: Waiting[] = [];
  let released = new Set<string>();
  for (const one of queue) {
    const { permit, redeems } = one.record;
    if (chunk.length === RECORDS_MAX || (redeems !== undefined && released.has(redeems))) {
      chunks.push(chunk);
      chunk = [];
      released = new Set();
    }
    chunk.push(one);
    if (permit !== undefined) released.add(permit.jti);
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}
