/** Records of type `delegation`: who stands in for whom, and that it ended early. `action` is `delegation:` and its id. */
import { z } from 'zod';
import type { OtherRecord, RecordPayload } from '../contract/index.ts';
import { EvidenceError } from '../ledger/index.ts';

const PREFIX = 'delegation:';

export interface DelegationChange {
  state: 'given' | 'revoked';
  id: string;
  /** Directory ids: who is away, and who stands in. */
  from: string;
  to: string;
  /** Globs. */
  surfaces: string[];
  /** RFC 3339. */
  startsAt: string;
  endsAt: string;
}

const instant = z.iso.datetime();
const bodySchema = z.looseObject({
  state: z.enum(['given', 'revoked']),
  from: z.string().min(1),
  to: z.string().min(1),
  surfaces: z.array(z.string().min(1)),
  startsAt: instant,
  endsAt: instant,
});

/** `action` of the records about a delegation. */
export const delegationChain = (id: string): string => PREFIX + id;

/** The body of a record about a delegation; what else is sealed with it goes beside. */
export function delegationBody({ id: _id, ...change }: DelegationChange): OtherRecord['body'] {
  return { ...change };
}

/**
 * What a record says about a delegation; null for a record of another type.
 *
 * @throws EvidenceError `record-malformed`
 */
export function delegationChangeOf(record: RecordPayload): DelegationChange | null {
  if (record.type !== 'delegation') return null;
  const read = bodySchema.safeParse(record.body);
  if (!read.success || !record.action.startsWith(PREFIX)) {
    throw new EvidenceError('record-malformed', 'a delegation record does not say who stands in for whom');
  }
  const { state, from, to, surfaces, startsAt, endsAt } = read.data;
  return { state, from, to, surfaces, startsAt, endsAt, id: record.action.slice(PREFIX.length) };
}
