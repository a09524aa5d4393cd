/** Keys that the reader obtained independently of this server, stored in this browser. */

const KEPT = 'countersign.keys';

export interface Pins {
  recordKeys: unknown[];
  logKeys: string[];
}

/** Null where the reader pinned none, or the browser stores nothing. */
export function pinnedKeys(): Pins | null {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEPT) ?? 'null');
    if (typeof stored !== 'object' || stored === null) return null;
    const { recordKeys, logKeys } = stored as Partial<Pins>;
    return Array.isArray(recordKeys) && Array.isArray(logKeys) ? { recordKeys, logKeys } : null;
  } catch {
    return null;
  }
}

/** Reads what `countersign keys export` wrote: a JWK set, and a line for the log. Null where it is neither. */
export function pinsIn(jwks: string, vkeys: string): Pins | null {
  try {
    const read = JSON.parse(jwks) as { keys?: unknown } | null;
    const recordKeys = Array.isArray(read?.keys) ? read.keys : [read];
    const logKeys = vkeys
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    return recordKeys.length > 0 && logKeys.length > 0 ? { recordKeys, logKeys } : null;
  } catch {
    return null;
  }
}

export const pinKeys = (pins: Pins): void => localStorage.setItem(KEPT, JSON.stringify(pins));
export const unpinKeys = (): void => localStorage.removeItem(KEPT);
