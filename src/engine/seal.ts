/** Turns events into records, and seals them in one append together with every change of state. */
import { ENGINE_VIA } from '../contract/engine-names.ts';
import {
  CountersignError,
  type Action,
  type RecordPayload,
  type RecordDecision,
  type RecordType,
  type VerdictRecord,
} from '../contract/index.ts';
import { encodeRecord, envelopeBytes, signEnvelope, type EncodedRecord, type Signer } from '../sealing/index.ts';
import type { Holding, StagedRecord } from '../sequencer/index.ts';
import type { Projection, StoredAction } from '../store/index.ts';
import type { EngineDeps } from './deps.ts';
import { inClear, type ActionState, type Payload } from '../store/action-state.ts';
import { openPermit, type PermitForms } from './permit.ts';
import { noteSigned } from './sealed-records.ts';

export interface RecordDraft {
  record: RecordPayload;
  /** Its bytes and hash, if its draft already needed them. */
  encoded?: EncodedRecord;
  permit?: NonNullable<StagedRecord['permit']>;
  /** `jti` of the permit that this record uses up. */
  redeems?: string;
  /** Gives back what the action took from its limits. */
  releaseReservations?: boolean;
  /** Deletes the action's payload and key. */
  erasesPayload?: boolean;
}

type SealDeps = Pick<EngineDeps, 'store' | 'sequencer' | 'signers' | 'hub'>;

/** The head of the next record of an action: the next number, and the hash of the last record. */
export function nextHead<T extends RecordType>(action: Action, type: T, at: string) {
  return {
    v: 2 as const,
    type,
    tenant: action.tenant,
    action: action.id,
    seq: action.records.length,
    prev: action.records.at(-1) ?? null,
    at,
    requestHash: action.requestHash,
  };
}

/** The shares of limits that a record gives back: all of the verdict's. @param gives whether it gives anything back */
export const returnsOf = ({ shares }: VerdictRecord, gives = true): { returns?: string } =>
  gives && shares !== undefined ? { returns: shares } : {};

export async function signRecord(
  draft: RecordDraft,
  signer: Signer,
  facets: StagedRecord['facets'],
): Promise<StagedRecord> {
  const { payload, hash } = draft.encoded ?? encodeRecord(draft.record);
  const envelope = await signEnvelope(payload, signer);
  noteSigned(hash, signer.kid);
  const { action, seq, type, at } = draft.record;
  return {
    action,
    seq,
    type,
    at,
    recordHash: hash,
    envelope: envelopeBytes(envelope),
    facets,
    ...(draft.permit === undefined ? {} : { permit: draft.permit }),
    ...(draft.redeems === undefined ? {} : { redeems: draft.redeems }),
    ...(draft.releaseReservations === undefined ? {} : { releaseReservations: draft.releaseReservations }),
    ...(draft.erasesPayload === undefined ? {} : { erasesPayload: draft.erasesPayload }),
  };
}

/** The columns that a record is searched by. */
export function facetsOf(state: ActionState, record: RecordPayload): StagedRecord['facets'] {
  return {
    surface: state.surface,
    actor: state.actor.id,
    approver: record.type === 'decision' && record.via !== ENGINE_VIA ? record.by : null,
    decision: foundAs(record),
    policy: state.action.verdict?.policy ?? null,
    rule: state.action.verdict?.rule ?? null,
  };
}

/** The decision that a record is searched by. */
function foundAs(record: RecordPayload): RecordDecision | null {
  switch (record.type) {
    case 'verdict':
      return record.verdict.decision;
    case 'decision':
      return record.decision;
    case 'outcome':
      return record.status;
    case 'release':
      return record.basis;
    default:
      return null;
  }
}

/**
 * Seals the drafts in order, with the state after them, in one transaction. Returns the durable action.
 *
 * If an earlier execution of this step sealed the first draft and then died or timed out, nothing is sealed again, and the stored state is
 * the answer. Waiting requests learn the new state only after it is durable.
 */
export async function sealAction(
  deps: SealDeps,
  state: ActionState,
  drafts: RecordDraft[],
  permit: PermitForms | null,
): Promise<Action> {
  return (await sealOrFind(deps, state, drafts, permit)).action;
}

/**
 * {@link sealAction}, or null if another step sealed the action's next record first. The caller then reads the records and decides again.
 */
export async function sealNext(...args: Parameters<typeof sealOrFind>): Promise<Action | null> {
  const { action, alreadySealed } = await sealOrFind(...args);
  return alreadySealed ? null : action;
}

/** The most retries: of concurrent writers exactly one seals the next record each time. */
const ROUNDS_MAX = 16;

/** Runs `attempt` on the action's records, again on newer ones as long as a concurrent step was faster. */
export async function insist<T>(attempt: () => Promise<T | null>): Promise<T> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const made = await attempt();
    if (made !== null) return made;
  }
  throw new CountersignError(
    'unavailable',
    'too many others write about this action now; nothing was changed, try again',
  );
}

/** {@link sealAction} with the durable state, which is the stored one if the step was sealed before. */
export const sealOrFind = async (deps: SealDeps, ...drafted: Parameters<typeof signDrafts>[1]): Promise<SealedAction> =>
  (await signDrafts(deps, drafted)).seal();

export interface SealedAction {
  state: ActionState;
  action: Action;
  alreadySealed: boolean;
}

/** Drafts that are signed. */
export interface SignedDrafts {
  /** Seals them as {@link sealOrFind} does. */
  seal(): Promise<SealedAction>;
  /** Writes them now, and seals them when they may be: as `hold` of the sequencer, which is null where they have to be sealed behind that. */
  hold(holding: Holding): Promise<SealedAction | null>;
}

/** Signs the drafts, and writes nothing. */
export async function signDrafts(
  deps: SealDeps,
  [state, drafts, permit]: [state: ActionState, drafts: RecordDraft[], permit: PermitForms | null],
): Promise<SignedDrafts> {
  const { action } = state;
  const signer = deps.signers(action.tenant).record;
  const staged = await Promise.all(drafts.map((draft) => signRecord(draft, signer, facetsOf(state, draft.record))));
  const hashes = staged.map(({ recordHash }) => recordHash);
  const next: ActionState = { ...state, action: { ...action, permit: null, records: [...action.records, ...hashes] } };
  const last = staged.at(-1);
  if (last === undefined) {
    return {
      seal: () => Promise.resolve({ state, action, alreadySealed: true }),
      hold: () => Promise.resolve(null),
    };
  }
  last.projection = projectionOf(next, permit?.sealed ?? null);
  const announced = (): SealedAction => {
    const durable = { ...next.action, permit: permit?.clear ?? action.permit };
    deps.hub.emit(durable);
    return { state: next, action: durable, alreadySealed: false };
  };
  return {
    async seal() {
      const sealed = await deps.sequencer.append(action.tenant, staged);
      if (!sealed.some(({ existing }) => existing)) return announced();
      const stored = await readActionState(deps, action.tenant, action.id);
      if (stored === null) throw new Error('a record is sealed whose action is not stored');
      return {
        state: stored.state,
        action: await withPermit(deps, stored.state, stored.sealedPermit),
        alreadySealed: true,
      };
    },
    hold: async (holding) =>
      (await deps.sequencer.hold(action.tenant, staged, holding)) === null ? null : announced(),
  };
}

/** The row of an action in this state. */
export function projectionOf(state: ActionState, sealedPermit: string | null): Projection {
  const { action, erased, retainMs } = state;
  return {
    status: action.status,
    surface: state.surface,
    actor: state.actor.id,
    requester: state.requester,
    bundle: action.verdict?.bundle ?? null,
    view: inClear(state),
    sealedPermit,
    createdAt: action.createdAt,
    updatedAt: action.updatedAt,
    expiresAt: action.approval?.expiresAt ?? null,
    retainUntil: erased === undefined ? textOf(retainUntil(retainMs, action.updatedAt)) : null,
    reverses: action.reverses ?? null,
  };
}

/** Until when a payload is kept: `retain` counts from the action's last change. Null for ever. */
export function retainUntil(retainMs: number | null, updatedAt: string): Date | null {
  if (retainMs === null) return null;
  const until = Date.parse(updatedAt) + retainMs;
  // Beyond the range of a date means for ever.
  return until > LAST_INSTANT ? null : new Date(until);
}

const textOf = (time: Date | null): string | null => (time === null ? null : time.toISOString());

/** 9999-12-31, the last day of RFC 3339. */
const LAST_INSTANT = Date.UTC(9999, 11, 31);

export interface StoredState {
  state: ActionState;
  sealedPermit: string | null;
}

export const actionStateOf = ({ view, sealedPermit }: StoredAction): StoredState => ({
  state: view,
  sealedPermit,
});

export async function readActionState(
  deps: Pick<EngineDeps, 'store'>,
  tenant: string,
  id: string,
): Promise<StoredState | null> {
  const row = await deps.store.actions.get(tenant, id);
  return row === null ? null : actionStateOf(row);
}

/** The action's permit, to be stored with its next record; null where it has none. */
export function permitOf(
  actionKey: Uint8Array | null,
  { tenant, id }: Action,
  sealed: string | null,
): PermitForms | null {
  if (sealed === null || actionKey === null) return null;
  return { sealed, clear: openPermit(actionKey, tenant, id, sealed) };
}

/**
 * Compares the row's requester, actor and surface with the stored request. The permit is for them alone, so an edited row must not give it
 * out. Older payloads do not name the requester.
 */
function isAsked({ requester, surface, actor }: ActionState, { request, asked }: Payload): boolean {
  return (
    (asked === undefined || asked.by === requester) && request.surface === surface && request.actor.id === actor.id
  );
}

/** The action with its permit in clear, for the caller that may execute. */
export async function withPermit(
  deps: Pick<EngineDeps, 'store'>,
  state: ActionState,
  sealedPermit: string | null,
): Promise<Action> {
  if (sealedPermit === null) return state.action;
  const { tenant, id } = state.action;
  const payload = await deps.store.payloads.read(tenant, id);
  // Erased: the key that could open the permit is gone.
  if (payload === null || !isAsked(state, payload.payload)) return state.action;
  return { ...state.action, permit: openPermit(payload.actionKey, tenant, id, sealedPermit) };
}
