import type { LogFiles } from '../../evidence/index.ts';
import { parseTilePath } from '../../ledger/index.ts';
import type { LogReader } from '../../sequencer/index.ts';

/** A tenant's log as files, in the form that is served and exported. */
export function logFiles(reader: Pick<LogReader, 'checkpoint' | 'tile' | 'entries'>, tenant: string): LogFiles {
  return async (path) => {
    if (path === 'checkpoint') return new TextEncoder().encode(await reader.checkpoint(tenant));
    const tile = parseTilePath(path);
    if (tile === null) return null;
    const { level, index, width } = tile;
    return level === 'entries' ? reader.entries(tenant, index, width) : reader.tile(tenant, level, index, width);
  };
}
