import { CountersignError, type Json, type RecordPayload } from '../contract/index.ts';
import { commitmentAt, DETAIL_PATH, makeOpening, valueAt, verifyOpening, type Opening } from '../sealing/index.ts';
import { readPath } from '../policy/index.ts';
import type { Caller } from '../identity/index.ts';
import type { Payload } from '../store/action-state.ts';
import { newExportChain, sealInChain } from '../engine/chain.ts';
import { readActionState } from '../engine/seal.ts';
import { isRequester, mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import { judgedRequest } from './replay.ts';

/**
 * Opens one commitment of a record to an owner, an auditor or the requester's side. They get the value and its salt, which open no other
 * commitment. The opening is sealed as an export.
 *
 * @throws CountersignError `not-found` for a record that is not theirs to see, or that commits to nothing there; `conflict` when the
 * payload was erased.
 */
export async function openSealedValue(
  deps: GatewayDeps,
  caller: Caller,
  hash: string,
  input: { path: string; reason: string },
): Promise<Opening> {
  const { tenant } = caller;
  const sealedRecord = await deps.store.records.get(tenant, hash);
  const state = sealedRecord === null ? null : (await readActionState(deps, tenant, sealedRecord.record.action))?.state;
  if (sealedRecord === null || state == null || !(mayAudit(caller) || isRequester(caller, state))) {
    throw new CountersignError('not-found', 'there is no such record, or it is not yours to open');
  }
  const { record } = sealedRecord;
  if (commitmentAt(record, input.path) === null) {
    throw new CountersignError(
      'not-found',
      `this record commits to nothing at \`${input.path}\`; GET /v1/records/{hash} shows its commitments`,
    );
  }
  const stored = await deps.store.payloads.read(tenant, record.action);
  if (stored === null) {
    throw new CountersignError('conflict', 'the payload of this action was erased; nobody can open it any more');
  }
  const value = await valueOf(deps, record, stored.payload, input.path);
  const opening = makeOpening(record, hash, input.path, value ?? null, stored.actionKey);
  // The caller gets an opening that verifies, or nothing.
  verifyOpening(opening, record, hash);
  await sealInChain(deps, {
    tenant,
    type: 'export',
    chain: newExportChain(),
    after: null,
    at: deps.now().toISOString(),
    by: caller.id,
    reason: input.reason,
    body: { what: 'opening', record: opening.record, action: record.action, path: opening.path },
    facets: { decision: 'opening' },
  });
  return opening;
}

async function valueOf(
  deps: GatewayDeps,
  record: RecordPayload,
  payload: Payload,
  path: string,
): Promise<Json | undefined> {
  if (record.type === 'outcome') return path === DETAIL_PATH ? payload.detail : undefined;
  if (record.type === 'decision') {
    const of = path.replace(/#(from|to)$/, '');
    if (path.endsWith('#from')) return readPath(payload.request, of) ?? null;
    return payload.decided?.[record.seq]?.[of];
  }
  const request = await judgedRequest(deps, record);
  return request === null ? undefined : valueAt(request, path);
}
