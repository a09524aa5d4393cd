/** Records of type `grant`: a standing approval that a person gave, and that it was revoked. `action` is `grant:` and its id. */
import { z } from 'zod';
import { HASH_PATTERN } from '../canonical/index.ts';
import type { OtherRecord, RecordPayload } from '../contract/index.ts';
import { EvidenceError } from '../ledger/index.ts';

const PREFIX = 'grant:';

const bodySchema = z.looseObject({
  state: z.enum(['given', 'revoked']),
  by: z.string().min(1),
  action: z.string().min(1),
  decision: z.string().regex(HASH_PATTERN),
  policy: z.string().min(1),
  rule: z.string().min(1),
  surface: z.string().min(1),
  verb: z.string().min(1),
  actor: z.string().min(1),
  effect: z.string().nullable(),
  approvers: z.array(z.string().min(1)),
  until: z.iso.datetime(),
  uses: z.int().positive(),
  upTo: z
    .string()
    .regex(/^(0|[1-9][0-9]*)(\.[0-9]+)?$/)
    .nullable(),
  currency: z.string().nullable(),
});

/** What is granted: requests like `action`, which its giver approved with the record `decision`. */
export interface GrantChange {
  state: 'given' | 'revoked';
  /** `grt_…` */
  id: string;
  /** Directory id of who gave it. */
  by: string;
  action: string;
  decision: string;
  policy: string;
  rule: string;
  surface: string;
  verb: string;
  actor: string;
  effect: string | null;
  /** Who was asked then: each of them may revoke it. */
  approvers: string[];
  /** RFC 3339. */
  until: string;
  uses: number;
  /** Exact decimal string; null where it has no bound of money. */
  upTo: string | null;
  currency: string | null;
}

/** `action` of the records about a grant. */
export const grantChain = (id: string): string => PREFIX + id;

export function grantBody({ id: _id, ...change }: GrantChange): OtherRecord['body'] {
  return { ...change };
}

/**
 * What a record says about a grant; null for a record of another type.
 *
 * @throws EvidenceError `record-malformed`
 */
export function grantChangeOf(record: RecordPayload): GrantChange | null {
  if (record.type !== 'grant') return null;
  const read = bodySchema.safeParse(record.body);
  if (!read.success || !record.action.startsWith(PREFIX)) {
    throw new EvidenceError('record-malformed', 'a grant record does not say what was granted, and by whom');
  }
  const { state, by, action, decision, policy, rule, surface, verb, actor, effect, approvers, ...rest } = read.data;
  const { until, uses, upTo, currency } = rest;
  const like = { policy, rule, surface, verb, actor, effect };
  const id = record.action.slice(PREFIX.length);
  return { state, id, by, action, decision, ...like, approvers, until, uses, upTo, currency };
}
