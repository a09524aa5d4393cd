/** The outcome of an action that the engine executed. */
import { ENGINE_ID } from '../contract/engine-names.ts';
import type { Action, JsonObject, OutcomeRecord } from '../contract/index.ts';
import { commitment, saltFor } from '../sealing/index.ts';
import type { ActionState } from '../store/action-state.ts';
import type { EngineDeps } from './deps.ts';
import { readLife } from './life.ts';
import { insist, nextHead, returnsOf, sealNext } from './seal.ts';

export interface OwnOutcome {
  status: 'executed' | 'failed' | 'skipped';
  reference: string | null;
  /** The record commits to it. */
  detail?: string;
  /** The execution's result, stored with the request. */
  result?: JsonObject;
}

type OwnOutcomeDeps = Pick<EngineDeps, 'store' | 'sequencer' | 'signers' | 'hub' | 'now'>;

/** Seals the outcome once. An outcome that is already sealed stays. */
export function sealOwnOutcome(
  deps: OwnOutcomeDeps,
  { tenant, id }: { tenant: string; id: string },
  { status, reference, detail, result }: OwnOutcome,
): Promise<Action> {
  return insist(async () => {
    // Read again, because the execution sealed a redemption.
    const life = await readLife(deps, tenant, id);
    if (life === null) throw new Error('an outcome of an action that is not stored');
    const { state } = life;
    if (state.action.status !== 'released' && state.action.status !== 'unreported') return state.action;
    const committed = await commitTo(deps, { tenant, id }, detail, result);
    const at = deps.now().toISOString();
    const record: OutcomeRecord = {
      ...nextHead(state.action, 'outcome', at),
      surface: state.surface,
      status,
      reference,
      detail: committed,
      by: ENGINE_ID,
      ...returnsOf(life.verdict, status !== 'executed'),
    };
    const next: ActionState = {
      ...state,
      outcome: { status, reference, detail: committed },
      action: { ...state.action, status, updatedAt: at },
    };
    return sealNext(deps, next, [{ record, releaseReservations: status !== 'executed' }], null);
  });
}

/** Stores detail and result with the request, before the record that commits to them. */
async function commitTo(
  deps: Pick<EngineDeps, 'store'>,
  { tenant, id }: { tenant: string; id: string },
  detail: string | undefined,
  result: JsonObject | undefined,
): Promise<string | null> {
  if (detail === undefined) return null;
  const stored = await deps.store.payloads.read(tenant, id);
  if (stored === null) return null;
  await deps.store.payloads.update(tenant, id, (payload) => ({
    ...payload,
    detail,
    ...(result === undefined ? {} : { result }),
  }));
  return commitment(saltFor(stored.actionKey, 'outcome.detail'), 'outcome.detail', detail);
}
