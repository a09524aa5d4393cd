/** A log as files, on a server, in a folder or in an archive. */
import { TILE_WIDTH } from '../ledger/index.ts';

/** Reads a file of a log by its path below the log (`checkpoint`, `tile/0/000`); null when there is none. */
export type LogFiles = (path: string) => Promise<Uint8Array | null>;

/** What can be read of an entry bundle that may be damaged. */
export interface LooseBundle {
  entries: Uint8Array[];
  /** False when bytes are left over, or the last entry is cut. */
  whole: boolean;
}

/** Splits an entry bundle as far as it goes; never throws. */
export function splitEntries(bundle: Uint8Array): LooseBundle {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bundle.length) {
    const start = at + 2;
    const end = start + (((bundle[at] as number) << 8) | (bundle[at + 1] ?? 0));
    // One more than a bundle may hold, so that an inserted entry is seen.
    if (start > bundle.length || end > bundle.length || entries.length > TILE_WIDTH) return { entries, whole: false };
    entries.push(bundle.subarray(start, end));
    at = end;
  }
  return { entries, whole: true };
}
