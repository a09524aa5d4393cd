import { CountersignError, type ActionRequest, type JsonObject, type RecordPayload } from '../contract/index.ts';
import {
  applyChanges,
  replayVerdict,
  type CompiledBundle,
  type Replayed,
  type SealedVerdict,
} from '../policy/index.ts';
import type { Caller } from '../identity/index.ts';
import { withPeople } from '../engine/people.ts';
import { readActionState } from '../engine/seal.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import type { ReplayView } from './policy-types.ts';

export type ReplayDeps = Pick<GatewayDeps, 'store' | 'bundles'>;

/** The verdict that a record seals, or null: a release holds one where a parked action was judged once more. */
export function verdictIn(record: RecordPayload): SealedVerdict | null {
  if (record.type === 'verdict') return record;
  return record.type === 'release' ? record.rejudged : null;
}

/**
 * The request that a record's verdict judged: the original one, or at release the one with all changes applied. Null when its
 * payload was erased.
 */
export async function judgedRequest(deps: ReplayDeps, record: RecordPayload): Promise<ActionRequest | null> {
  const { tenant, action: id, seq } = record;
  const payload = await deps.store.payloads.read(tenant, id);
  if (payload === null) return null;
  const { request, decided, changes: hidden } = payload.payload;
  if (seq === 0) return request;
  const state = (await readActionState(deps, tenant, id))?.state;
  const first = await deps.store.records.get(tenant, state?.action.records[0] ?? '');
  const policys = first?.record.type === 'verdict' ? first.record.verdict.changes : null;
  const inOrder = Object.entries(decided ?? {}).sort(([a], [b]) => Number(a) - Number(b));
  const approvers =
    decided === undefined ? state?.approval?.changes : Object.assign({}, ...inOrder.map(([, one]) => one));
  return applyChanges(request, { ...policys, ...hidden, ...(approvers as JsonObject | undefined) });
}

/**
 * Judges a sealed verdict again, by its bundle, the stored request and the sealed facts. Null for a record without a verdict.
 *
 * @throws CountersignError `conflict` when the payload was erased; `not-found` when the bundle is gone.
 */
export async function replayRecord(deps: ReplayDeps, hash: string, stored: RecordPayload): Promise<ReplayView | null> {
  const [record = stored] = await withPeople(deps, [stored]);
  const sealed = verdictIn(record);
  if (sealed === null) return null;
  const request = await judgedRequest(deps, record);
  if (request === null) {
    throw new CountersignError(
      'conflict',
      'the payload of this action was erased; replay it where you have the request: countersign replay RECEIPT --request FILE',
    );
  }
  const named = sealed.verdict.bundle;
  const bundle = named === null ? null : await deps.bundles.compiled(record.tenant, named);
  if (named !== null && bundle === null) {
    throw new CountersignError('not-found', `the bundle ${named} is not in the store; restore it from a backup`);
  }
  const again = (by: CompiledBundle | null): Replayed => replayVerdict(sealed, by, request);
  const { same, verdict, differences } =
    bundle === null ? again(null) : (await deps.bundles.asking(bundle).judged(again)).value;
  return { record: hash, action: record.action, bundle: named, same, sealed: sealed.verdict, verdict, differences };
}

/** Replays one sealed verdict, for auditors and owners. */
export async function replay(deps: GatewayDeps, caller: Caller, hash: string): Promise<ReplayView> {
  if (!mayAudit(caller)) throw new CountersignError('forbidden', 'only an auditor or an owner replays verdicts');
  const stored = await deps.store.records.get(caller.tenant, hash);
  if (stored === null) throw new CountersignError('not-found', 'there is no such record');
  const view = await replayRecord(deps, hash, stored.record);
  if (view === null) {
    throw new CountersignError(
      'invalid-request',
      `this is a record of type ${stored.record.type}, which holds no verdict; replay one that does, as countersign show lists them`,
    );
  }
  return view;
}
