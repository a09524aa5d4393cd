/**
 * Records of type `freeze`: what was frozen, and when the freeze was lifted. Each freeze has its own chain, `action` is `freeze:` and its
 * id.
 */
import { z } from 'zod';
import { FREEZE_SCOPES } from '../contract/views/freezes.ts';
import type { OtherRecord, RecordPayload } from '../contract/index.ts';
import { EvidenceError } from '../ledger/index.ts';

export type FreezeScope = (typeof FREEZE_SCOPES)[number];

const PREFIX = 'freeze:';

export interface FreezeChange {
  state: 'frozen' | 'lifted';
  id: string;
  scope: FreezeScope;
  /** The surface or actor; null for the whole tenant. */
  value: string | null;
}

const bodySchema = z.looseObject({
  state: z.enum(['frozen', 'lifted']),
  scope: z.enum(FREEZE_SCOPES),
  value: z.string().nullable(),
});

/** `action` of the records about a freeze. */
export const freezeChain = (id: string): string => PREFIX + id;

/**
 * What a record says about a freeze; null for a record of another type.
 *
 * @throws EvidenceError `record-malformed`
 */
export function freezeChangeOf(record: RecordPayload): FreezeChange | null {
  if (record.type !== 'freeze') return null;
  const read = bodySchema.safeParse((record as OtherRecord).body);
  if (!read.success || !record.action.startsWith(PREFIX)) {
    throw new EvidenceError('record-malformed', 'a freeze record does not say what is frozen or lifted');
  }
  const { state, scope, value } = read.data;
  return { state, scope, value, id: record.action.slice(PREFIX.length) };
}
