/** Records that belong to no action: keys, freezes, policies, exports. Each of these has its chain. */
import { randomUUID } from 'node:crypto';
import type { OtherRecord, RecordDecision } from '../contract/index.ts';
import { hashOf } from '../canonical/index.ts';
import { withAttestation, type Signer } from '../sealing/index.ts';
import type { EngineDeps } from './deps.ts';
import { signRecord } from './seal.ts';

/** The newest record of a chain, which the next one names. */
export interface ChainEnd {
  seq: number;
  hash: string;
}

export interface ChainDraft {
  tenant: string;
  type: OtherRecord['type'];
  /** `action` of all records of the chain, such as `freeze:frz_…`. */
  chain: string;
  /** What it follows; null begins the chain. */
  after: ChainEnd | null;
  /** RFC 3339. */
  at: string;
  /** Who did it: the record's `by`, and the actor of a search. */
  by: string;
  reason: string | null;
  body: OtherRecord['body'];
  /** The key that attests that `by` said so. Its signature over the record is sealed too. */
  attestedBy?: Signer;
  /** Further columns that it can be searched by. */
  facets?: { surface?: string; decision?: RecordDecision };
}

export interface ChainRecord {
  hash: string;
  /** Entry of the log. */
  index: number;
  /** The signed record as the log has it. */
  envelope: Uint8Array;
  /** True if that place of the chain was taken before, so nothing was sealed now. */
  existing: boolean;
}

type ChainDeps = Pick<EngineDeps, 'sequencer' | 'signers'>;

/**
 * Seals the next record of a chain. If two follow the same end, both want the same place: one is sealed, and the other gets it as
 * `existing`.
 */
export async function sealInChain(deps: ChainDeps, draft: ChainDraft): Promise<ChainRecord> {
  const { tenant, type, chain, after, at, by, reason, body, facets } = draft;
  const said: OtherRecord = {
    v: 1,
    type,
    tenant,
    action: chain,
    seq: after === null ? 0 : after.seq + 1,
    prev: after?.hash ?? null,
    at,
    requestHash: null,
    by,
    reason,
    body,
  };
  const record = draft.attestedBy === undefined ? said : await withAttestation(said, draft.attestedBy);
  const staged = await signRecord({ record }, deps.signers(tenant).record, {
    surface: facets?.surface ?? null,
    actor: by,
    approver: null,
    decision: facets?.decision ?? null,
    policy: null,
    rule: null,
  });
  const [sealed] = await deps.sequencer.append(tenant, [staged]);
  if (sealed === undefined) throw new Error('the sequencer answered for no record');
  return { hash: hashOf(record), index: sealed.index, envelope: sealed.envelope, existing: sealed.existing };
}

/** The chain of one export or opening: nothing follows it. */
export const newExportChain = (): string => `export:${randomUUID()}`;

/** The newest record of a chain, or null where it has not begun. */
export async function newestInChain(
  deps: Pick<EngineDeps, 'store'>,
  tenant: string,
  type: OtherRecord['type'],
  chain: string,
): Promise<(ChainEnd & { record: OtherRecord }) | null> {
  const { records } = await deps.store.records.list(tenant, { type, action: chain }, undefined, 1);
  const [newest] = records;
  if (newest === undefined || !('body' in newest.record)) return null;
  return { seq: newest.record.seq, hash: newest.hash, record: newest.record };
}
