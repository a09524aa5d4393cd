/** Signed records to seal. */
import type { ActionState, Payload } from '../../src/store/action-state.ts';
import type { RecordDecision, OutcomeRecord } from '../../src/contract/index.ts';
import { encodeRecord, envelopeBytes, signEnvelope, type Signer } from '../../src/sealing/index.ts';
import type { StagedRecord } from '../../src/sequencer/index.ts';

export const AT = '2026-11-21T08:00:00.000Z';

export interface Draft {
  tenant?: string;
  action: string;
  seq?: number;
  prev?: string | null;
  /** Makes two records of the same action and number differ. */
  note?: string;
  surface?: string;
  actor?: string;
  approver?: string | null;
  decision?: RecordDecision | null;
  at?: string;
}

export async function stageRecord(signer: Signer, draft: Draft): Promise<StagedRecord> {
  const { tenant = 'default', action, seq = 0, prev = null, note = 'x', surface = 'payments.refund', at = AT } = draft;
  const record: OutcomeRecord = {
    v: 1,
    type: 'outcome',
    tenant,
    action,
    seq,
    prev,
    at,
    requestHash: `sha256:${'0'.repeat(64)}`,
    surface,
    status: 'executed',
    reference: note,
    detail: null,
    by: 'key:test',
  };
  const { payload, hash } = encodeRecord(record);
  return {
    action,
    seq,
    type: record.type,
    recordHash: hash,
    envelope: envelopeBytes(await signEnvelope(payload, signer)),
    at,
    facets: {
      surface,
      actor: draft.actor ?? 'agent:test',
      approver: draft.approver ?? null,
      decision: draft.decision === undefined ? 'executed' : draft.decision,
    },
  };
}

/** A state that stands for any: what the store keeps it does not read. */
export const anyState = (value: object): ActionState => value as ActionState;
export const anyPayload = (value: object): Payload => value as Payload;
