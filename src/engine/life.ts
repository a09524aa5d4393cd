/**
 * The life of an action, from its sealed records. Only these records grant anything. The row is a cache, and adds two things that are in no record: how long the action is kept, and who is notified.
 */
import type {
  Action,
  OutcomeRecord,
  RecordPayload,
  RedemptionRecord,
  ReleaseRecord,
  Status,
  VerdictRecord,
} from '../contract/index.ts';
import { approvalView, type ApprovalState } from '../approval/index.ts';
import { drillChangeOf } from '../sealing/index.ts';
import type { Looked } from '../register/index.ts';
import type { StoredAction, StoredLife, StoredPayload, StoredPermit } from '../store/index.ts';
import type { ActionState, BreakGlassReview } from '../store/action-state.ts';
import { afterDecision, openedBy, type KnownPayload } from './approval-of-records.ts';
import type { EngineDeps } from './deps.ts';
import { openPermit } from './permit.ts';
import { planOf } from './plans/step.ts';
import { isHidden, openedVerdict } from './sealed-verdict.ts';
import { verifiedRecords, verifyRecords, type VerifiedRecord } from './sealed-records.ts';

export interface Life {
  /** The action's state by its records. */
  state: ActionState;
  records: readonly VerifiedRecord[];
  verdict: VerdictRecord;
  /** The newest release, whose permit alone counts. */
  release: ReleaseRecord | null;
  redemption: RedemptionRecord | null;
  /** The newest permit, encrypted under the action's key. */
  sealedPermit: string | null;
  /** Null where it was erased. */
  payload: KnownPayload;
}

type LifeDeps = Pick<EngineDeps, 'store' | 'signers'>;

/**
 * Null when there is no such action.
 *
 * @param upTo number of records to read, for an earlier state.
 *
 * @throws CountersignError `invalid-evidence`
 */
export async function readLife(deps: LifeDeps, tenant: string, id: string, upTo = Infinity): Promise<Life | null> {
  const read = await readTogether(deps, tenant, id);
  if (read === null) return null;
  const records = read.records.slice(0, upTo);
  const payload = needsPayload(records) ? await readPayload(deps, tenant, id) : null;
  return lifeOf(tenant, id, { row: read.row, records, payload });
}

const isChanged = (records: readonly VerifiedRecord[]): boolean =>
  records.some(({ record }) => record.type === 'decision' && record.changes !== null);

/** Whether the records say not all that follows from them. */
function needsPayload(records: readonly VerifiedRecord[]): boolean {
  const sealed = records[0]?.record;
  return sealed?.type === 'verdict' && (isChanged(records) || isHidden(sealed));
}

/** Null where the records do not begin with a verdict. */
function lifeOf(
  tenant: string,
  id: string,
  { row, records, payload }: { row: StoredAction; records: VerifiedRecord[]; payload: KnownPayload },
): Life | null {
  const sealed = records[0]?.record;
  if (sealed?.type !== 'verdict') return null;
  const changed = isChanged(records);
  const first = openedVerdict(sealed, payload);
  const folded = tell(first, records, payload);
  const { execution: _executed, provenance: _came, oncall: _called, advice: _advised, ...view } = row.view;
  const state: ActionState = { ...view, ...folded.state };
  const { status, verdict, redeemedAt, outcome, erased, updatedAt } = folded;
  // The changes of an erased action are lost, but it is known to be closed.
  const approval = changed && payload === null ? state.approval : folded.approval;
  const action: Action = {
    ...state.action,
    id,
    tenant,
    status,
    requestHash: first.requestHash,
    verdict,
    updatedAt,
    approval: approval === null ? null : approvalView(approval),
    permit: null,
    ...(first.reverses === undefined ? {} : { reverses: first.reverses }),
    ...(first.step === undefined ? {} : { plan: planOf(first.step) }),
    records: records.map(({ hash }) => hash),
    ...(redeemedAt === undefined ? {} : { redeemedAt }),
  };
  const { erased: _erased, ...rest } = state;
  const review = reviewOf(state.review, records);
  return {
    state: { ...rest, approval, review, outcome, action, ...(erased === undefined ? {} : { erased }) },
    records,
    verdict: first,
    release: folded.release,
    redemption: folded.redemption,
    sealedPermit: row.sealedPermit,
    payload,
  };
}

/** An action with its permit, for callers that may see it. Records give the state, the stored payload the requester. */
export async function readKnown(
  deps: LifeDeps,
  tenant: string,
  id: string,
): Promise<{ state: ActionState; action: Action } | null> {
  const life = await readWholeLife(deps, tenant, id);
  if (life === null) return null;
  const { sealedPermit, payload } = life;
  const state = stateAsAsked(life);
  const permit =
    payload === null || sealedPermit === null ? null : openPermit(payload.actionKey, tenant, id, sealedPermit);
  return { state, action: { ...state.action, permit } };
}

/** The state by the records, with the requester of the stored payload. */
export const stateAsAsked = ({ state, payload }: Life): ActionState => ({
  ...state,
  requester: payload?.asked?.by ?? state.requester,
});

/** A life with its payload, and the row of the permit that was asked for. */
export interface WholeLife {
  life: Life | null;
  permit: StoredPermit | null;
}

/** {@link readLife}, always with the payload. */
export const readWholeLife = async (deps: LifeDeps, tenant: string, id: string): Promise<Life | null> =>
  (await wholeLife(deps, tenant, id, await deps.store.lives.read(tenant, id, null))).life;

/**
 * {@link readWholeLife}, the row of a permit, and what is in force, all read after the call. One statement reads everything, unless the log is
 * being read for somebody else.
 */
export async function readWithLook(
  deps: LifeDeps & Pick<EngineDeps, 'register'>,
  tenant: string,
  id: string,
  jti: string | null,
): Promise<WholeLife & { looked: Looked }> {
  const { lives } = deps.store;
  const { looked, value } = await deps.register.currentBeside(tenant, {
    async together(range) {
      const { life, look } = await lives.readWithLook(tenant, id, jti, range);
      return { look, value: life };
    },
    alone: () => lives.read(tenant, id, jti),
  });
  return { ...(await wholeLife(deps, tenant, id, value)), looked };
}

async function wholeLife(deps: LifeDeps, tenant: string, id: string, stored: StoredLife | null): Promise<WholeLife> {
  if (stored === null) return { life: null, permit: null };
  const { row, permit } = stored;
  const payload = known(stored.payload);
  const records = await verifyRecords(deps, tenant, id, stored.entries);
  const life = lifeOf(tenant, id, { row, records, payload: needsPayload(records) ? payload : null });
  return { life: life === null ? null : { ...life, payload }, permit };
}

/** The most attempts to read records and row of the same moment. */
const LOOKS = 4;

/**
 * Reads the records and the row concurrently. An older row would bring back an old state, and a newer one was written while the records
 * were read: where they are not of the same moment, both are read again. A row that still differs was edited, and the records count.
 */
async function readTogether(
  deps: LifeDeps,
  tenant: string,
  id: string,
): Promise<{ row: StoredAction; records: VerifiedRecord[] } | null> {
  for (let look = 1; ; look += 1) {
    const [records, row] = await Promise.all([verifiedRecords(deps, tenant, id), deps.store.actions.get(tenant, id)]);
    if (row === null) return null;
    if (row.view.action.records.length === records.length || look === LOOKS) return { row, records };
  }
}

/** The full request with the key of its commitments; null where it was erased. */
export async function readPayload(deps: Pick<EngineDeps, 'store'>, tenant: string, id: string): Promise<KnownPayload> {
  return known(await deps.store.payloads.read(tenant, id));
}

const known = (stored: StoredPayload | null): KnownPayload =>
  stored === null ? null : { ...stored.payload, actionKey: stored.actionKey };

type FromRecords =
  | 'surface'
  | 'verb'
  | 'actor'
  | 'disclosed'
  | 'step'
  | 'plan'
  | 'openedAt'
  | 'execution'
  | 'provenance'
  | 'oncall'
  | 'advice'
  | 'effect'
  | 'heldUntil'
  | 'collectUntil'
  | 'withdrawnBy';

/** An action's state after the records that were read so far. */
export interface FoldedRecords {
  state: Pick<ActionState, FromRecords>;
  status: Status;
  verdict: VerdictRecord['verdict'];
  approval: ApprovalState | null;
  release: ReleaseRecord | null;
  redemption: RedemptionRecord | null;
  redeemedAt: string | null | undefined;
  outcome: ActionState['outcome'];
  erased: ActionState['erased'];
  updatedAt: string;
}

/** An action as its first verdict leaves it. */
export function beginFold(first: VerdictRecord): FoldedRecords {
  const { surface, verb, actor, disclosed, plan, facts, step } = first;
  const folded: FoldedRecords = {
    state: {
      surface,
      verb,
      actor,
      disclosed,
      ...(step === undefined ? {} : { step }),
      plan,
      openedAt: Date.parse(facts.now),
      ...(facts.execution === undefined ? {} : { execution: facts.execution }),
      ...(facts.advice === undefined ? {} : { advice: facts.advice }),
      ...(facts.oncall === undefined ? {} : { oncall: facts.oncall }),
      ...(facts.provenance === undefined ? {} : { provenance: facts.provenance }),
      effect: first.effect?.kind ?? null,
      heldUntil: null,
      collectUntil: null,
      withdrawnBy: null,
    },
    status: first.verdict.decision === 'refuse' ? 'refused' : 'evaluating',
    verdict: first.verdict,
    approval: openedBy(first),
    release: null,
    redemption: null,
    redeemedAt: undefined,
    outcome: null,
    erased: undefined,
    updatedAt: first.at,
  };
  if (folded.approval !== null) folded.status = 'supervised';
  return folded;
}

function tell(first: VerdictRecord, records: readonly VerifiedRecord[], payload: KnownPayload): FoldedRecords {
  const folded = beginFold(first);
  for (const { record } of records.slice(1)) follow(folded, record, first, payload);
  return folded;
}

/** Applies the next record. */
export function follow(
  folded: FoldedRecords,
  record: RecordPayload,
  first: VerdictRecord,
  payload: KnownPayload,
): void {
  folded.updatedAt = record.at;
  switch (record.type) {
    case 'verdict':
      folded.verdict = record.verdict;
      folded.status = 'refused';
      return;
    case 'decision':
      if (folded.approval !== null) folded.approval = afterDecision(folded.approval, record, first, payload);
      if (record.decision === 'cancelled') folded.state.withdrawnBy = record.by;
      if (record.decision === 'expired' || record.decision === 'cancelled') folded.status = record.decision;
      else if (folded.approval?.status === 'refused') folded.status = 'refused';
      return;
    case 'release':
      folded.release = record;
      folded.status = 'released';
      folded.state.heldUntil = record.notBefore ?? null;
      folded.state.collectUntil = record.collectUntil ?? null;
      folded.redeemedAt = null;
      return;
    case 'redemption':
      folded.redemption = record;
      folded.redeemedAt = record.offline?.at ?? record.at;
      return;
    case 'outcome':
      folded.status = record.status;
      folded.outcome =
        record.status === 'unreported' || record.status === 'lapsed'
          ? null
          : { status: record.status, reference: record.reference, detail: record.detail };
      return;
    case 'reconcile':
      folded.status = statusOf(record.body['status']);
      return;
    case 'drill': {
      const opened = drillChangeOf(record);
      if (opened?.state !== 'opened' || opened.end !== 'missed') return;
      // A drill is never released. Its approver learns what they missed.
      folded.status = 'refused';
      folded.verdict = { ...folded.verdict, decision: 'refuse', reasons: [record.reason ?? ''] };
      return;
    }
    case 'key': {
      const { state, cause } = record.body;
      if (state !== 'erased') return;
      folded.erased = { at: record.at, by: record.by, cause: cause === 'retention' ? 'retention' : 'request' };
      return;
    }
    default:
  }
}

/** The status that an owner settled on; unreported where the record names no other. */
const statusOf = (value: unknown): OutcomeRecord['status'] =>
  value === 'executed' || value === 'failed' || value === 'skipped' ? value : 'unreported';

/**
 * The review of a break-glass release: the reviewers that the release named, and their finding. The row adds what no record says; for
 * releases of version 1 that is everything.
 */
function reviewOf(row: ActionState['review'], records: readonly VerifiedRecord[]): ActionState['review'] {
  const release = records.map(({ record }) => record).find((record) => record.type === 'release');
  const isOld = release !== undefined && release.collectUntil === undefined;
  const named = release?.review;
  if (named === undefined && (row === null || !isOld)) return null;
  let current: BreakGlassReview = {
    ...(row ?? { refs: [], by: null, reason: null }),
    reviewers: named?.reviewers ?? row?.reviewers ?? [],
    status: 'open',
    result: null,
    dueAt: named === undefined ? (row?.dueAt ?? 0) : Date.parse(named.dueAt),
  };
  for (const { record } of records) {
    if (record.type !== 'review') continue;
    const { by, reason, at, body } = record;
    if (body['state'] === 'overdue') current = { ...current, status: 'overdue' };
    else if (by !== null) {
      current = { ...current, status: 'done', result: { by, right: body['right'] === true, reason: reason ?? '', at } };
    }
  }
  return current;
}
