/**
 * Records of type `tenant`: that a tenant was made, and with which keys its log begins. They are entries of the stack's own log
 * (`default`), `action` is `tenant:` and the name. A tenant without one does not exist, whatever keys, rows or logs bear its name.
 */
import { z } from 'zod';
import { TENANT_NAME, type OtherRecord, type RecordPayload } from '../contract/index.ts';
import { EvidenceError } from '../ledger/index.ts';

const PREFIX = 'tenant:';

export interface TenantChange {
  state: 'made';
  /** The tenant's name. */
  name: string;
  /** Thumbprint of the record key that it begins with. */
  recordKey: string;
  /** Note verifier key of its log. */
  logKey: string;
}

const bodySchema = z.looseObject({ state: z.literal('made'), recordKey: z.string(), logKey: z.string() });

/** `action` of the records about a tenant. */
export const tenantChain = (name: string): string => PREFIX + name;

/** The body of a record about a tenant. */
export function tenantBody({ name: _name, ...change }: TenantChange): OtherRecord['body'] {
  return { ...change };
}

/**
 * What a record says about a tenant; null for a record of another kind.
 *
 * @throws EvidenceError `record-malformed`
 */
export function tenantChangeOf(record: RecordPayload): TenantChange | null {
  if (record.type !== 'tenant') return null;
  const read = bodySchema.safeParse(record.body);
  const name = record.action.slice(PREFIX.length);
  if (!read.success || !record.action.startsWith(PREFIX) || !TENANT_NAME.test(name)) {
    throw new EvidenceError('record-malformed', 'a tenant record does not say which tenant was made');
  }
  const { state, recordKey, logKey } = read.data;
  return { state, name, recordKey, logKey };
}
