/** Finds in a record what its person saw before they decided (contract section 6). */
import type { RecordPayload } from '../contract/index.ts';

export interface SealedShown {
  /** Directory id of who decided. */
  by: string;
  /** Hash of the pure renderer's output, and its version. */
  shown: { hash: string; renderer: string };
}

/** What a decision, or the review of a break-glass release, says of it; null for any other record, and where it came through another door. */
export function shownIn(record: RecordPayload): SealedShown | null {
  if (record.type !== 'decision' && record.type !== 'review') return null;
  const rendering: unknown = record.type === 'decision' ? record.shown : record.body['shown'];
  const { hash, renderer } = (rendering ?? {}) as Record<string, unknown>;
  if (record.by === null || typeof hash !== 'string' || typeof renderer !== 'string') return null;
  return { by: record.by, shown: { hash, renderer } };
}
