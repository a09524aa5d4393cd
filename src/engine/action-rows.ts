/**
 * Compares the rows of one action with the fold of its sealed records. Rows grant nothing. A difference shows that somebody changed the
 * database.
 */
import { canonicalize } from '../canonical/index.ts';
import { isClosed, isCountersignError, type Json, type Judgement, type Status } from '../contract/index.ts';
import { evaluate, isGlassLimit } from '../policy/index.ts';
import type { LimitShare, RowChange, RowDifference, RowTable } from '../register/index.ts';
import { KEPT_MS, type RowsOfAction, type Review, type StoredAction, type StoredPermit } from '../store/index.ts';
import type { ActionState } from '../store/action-state.ts';
import type { EngineDeps } from './deps.ts';
import { createVoucher } from './facts.ts';
import { readLife, readPayload, type Life } from './life.ts';
import { heldAmiss, sharesOfReservations } from './limit-count.ts';
import { openPermit } from './permit.ts';
import { projectionOf } from './seal.ts';

export type ActionRowDeps = Pick<EngineDeps, 'store' | 'signers' | 'bundles' | 'register' | 'commitments' | 'now'>;

function changeOf(rows: number, expected: number): RowChange {
  if (rows === expected) return 'altered';
  return rows < expected ? 'removed' : 'inserted';
}

/** What differs in two comparisons, so that a row which is just being written is not named. */
export async function actionDifferences(deps: ActionRowDeps, tenant: string, id: string): Promise<RowDifference[]> {
  const first = await lookSafely(deps, tenant, id);
  return first.length === 0 ? first : lookSafely(deps, tenant, id);
}

/** A row that cannot be read was edited too. The others are still named. */
async function lookSafely(deps: ActionRowDeps, tenant: string, id: string): Promise<RowDifference[]> {
  try {
    return await look(deps, tenant, id);
  } catch (error) {
    if (isCountersignError(error) && error.code === 'unavailable') throw error;
    return [difference('action', id, 'altered', 'what the database holds of it cannot be read')];
  }
}

const difference = (table: RowTable, id: string, change: RowChange, message: string): RowDifference => ({
  table,
  id,
  change,
  message,
});

async function look(deps: ActionRowDeps, tenant: string, id: string): Promise<RowDifference[]> {
  const { store } = deps;
  // Read the row first. A record that is sealed meanwhile makes a difference, which the second look clears up.
  const row = await store.actions.get(tenant, id);
  let life: Life | null;
  try {
    life = await readLife(deps, tenant, id);
  } catch (error) {
    if (!isCountersignError(error) || error.code !== 'invalid-evidence') throw error;
    return [difference('log_entry', id, 'altered', error.message)];
  }
  if (life === null) return withoutLife(deps, tenant, id, row);
  if (row === null) return [];
  const [rows, review, judgement] = await Promise.all([
    store.actionRows.of(tenant, id),
    store.reviews.get(tenant, id),
    judgementOf(deps, life),
  ]);
  return [
    ...(await ofAction(deps, row, life, judgement)),
    ...ofPermits(id, rows.permits, life, isForgotten(deps, life)),
    ...ofReview(id, review, life),
    ...ofReservations(deps, rows.reservations, life, heldBy(deps, life, judgement)),
    ...ofLimitDecision(deps, rows.judgement, life),
  ];
}

/** A row without records, or records without their row. */
async function withoutLife(
  deps: ActionRowDeps,
  tenant: string,
  id: string,
  row: StoredAction | null,
): Promise<RowDifference[]> {
  const { store } = deps;
  const [records, { permits, reservations, judgement }, review] = await Promise.all([
    store.records.ofAction(tenant, id),
    store.actionRows.of(tenant, id),
    store.reviews.get(tenant, id),
  ]);
  if (records.length > 0) {
    return row === null ? [difference('action', id, 'removed', 'the row of an action that was sealed is gone')] : [];
  }
  return [
    ...(row === null
      ? []
      : [difference('action', id, 'inserted', `nobody asked for it; the row says \`${row.status}\``)]),
    ...permits.map(() => difference('permit', id, 'inserted', 'a permit of an action that nobody asked for')),
    ...ofUnsealed(deps, tenant, id, reservations.length, judgement),
    ...(review === null ? [] : [difference('review', id, 'inserted', 'a review of an action that nobody asked for')]),
  ];
}

/** Policy's judgement, recomputed from the sealed bundle, request and facts. Null where one of them is gone. */
async function judgementOf(deps: ActionRowDeps, life: Life): Promise<Judgement | null> {
  const { tenant, id } = life.state.action;
  const { bundle: hash } = life.verdict.verdict;
  const payload = life.payload ?? (await readPayload(deps, tenant, id));
  if (payload === null || hash === null) return null;
  try {
    const bundle = await deps.bundles.compiled(tenant, hash);
    if (bundle === null) return null;
    const { value: again } = await deps.bundles
      .asking(bundle)
      .judged((by) => evaluate(by, payload.request, life.verdict.facts));
    // A judgement that took too long was refused, and is not made again.
    return again.verdict.basis === life.verdict.verdict.basis ? again : null;
  } catch (error) {
    // An altered bundle is named as one.
    if (!isCountersignError(error)) throw error;
    return null;
  }
}

const text = (value: unknown): string => canonicalize(JSON.parse(JSON.stringify(value ?? null)) as Json);

/** Names of what differs. */
function differing(has: Record<string, unknown>, should: Record<string, unknown>): string[] {
  return Object.keys(should).filter((name) => text(has[name]) !== text(should[name]));
}

/** The members of a row that the records also hold. */
function sealedMembers({ action, approval, review, ...state }: ActionState): Record<string, unknown> {
  const { id, tenant, status, requestHash, records, updatedAt, redeemedAt, verdict } = action;
  const { surface, verb, actor, plan, openedAt, disclosed, outcome, erased } = state;
  const decided = approval?.stages.map(({ name, approvers, decisions }) => [
    ...[name, approvers],
    decisions.map(({ by, decision, reason, at, via, delegation }) => [by, decision, reason, at, via, delegation]),
  ]);
  return {
    id,
    tenant,
    status,
    requestHash,
    records,
    updatedAt,
    redeemedAt,
    permit: action.permit,
    verdict: verdict === null ? null : [verdict.decision, verdict.basis, verdict.bundle, verdict.policy, verdict.rule],
    surface,
    verb,
    actor,
    plan,
    openedAt,
    disclosed,
    outcome,
    erased,
    decided,
    approval: approval === null ? null : [approval.status, approval.stage, approval.expiresAt],
    expiresAt: action.approval?.expiresAt ?? null,
    review: review === null ? null : [review.reviewers, review.dueAt, review.status, review.result],
  };
}

/** The members of a row that policy set beside the verdict. */
function asJudged(set: Judgement | ActionState) {
  const { notify, digestMs = 0, outcomeWithinMs, collectWithinMs, permitMs, retainMs } = set;
  return { notify, digestMs, outcomeWithinMs, collectWithinMs: collectWithinMs ?? null, permitMs, retainMs };
}

async function ofAction(
  deps: ActionRowDeps,
  row: StoredAction,
  life: Life,
  judgement: Judgement | null,
): Promise<RowDifference[]> {
  const { view } = row;
  // Version 1 sealed less than this.
  const isOld = life.verdict.v === 1;
  const state: ActionState = { ...life.state, ...(judgement === null || isOld ? {} : asJudged(judgement)) };
  const { status, surface, actor, bundle, updatedAt, expiresAt, retainUntil } = projectionOf(state, null);
  const columns = { status, surface, actor, bundle, updatedAt, expiresAt, retainUntil, requester: view.requester };
  const wrong = isOld
    ? differing({ ...row }, { status, surface, updatedAt })
    : [
        ...differing({ ...row }, { ...columns, createdAt: view.action.createdAt }),
        ...differing(sealedMembers(view), sealedMembers(state)).map((name) => `view.${name}`),
        ...(judgement === null ? [] : differing(asJudged(view), asJudged(judgement)).map((name) => `view.${name}`)),
        ...(await ofIdentity(deps, view)),
        ...((await holdsPermit(deps, row, life)) ? [] : ['sealed_permit']),
      ];
  if (wrong.length === 0) return [];
  const said = `the row says \`${row.status}\`, the records \`${state.action.status}\`; it differs in ${wrong.join(', ')}`;
  return [difference('action', row.id, 'altered', said)];
}

/** Compares the requester and the body's MAC with the stored payload. */
async function ofIdentity(deps: ActionRowDeps, view: ActionState): Promise<string[]> {
  const { tenant, id } = view.action;
  const asked = (await readPayload(deps, tenant, id))?.asked;
  if (asked === undefined) return [];
  return differing({ requester: view.requester, bodyMac: view.bodyMac }, { requester: asked.by, bodyMac: asked.mac });
}

/** Whether the row holds the action's newest permit, or none for an action without one. */
async function holdsPermit(
  deps: ActionRowDeps,
  { tenant, id, sealedPermit }: StoredAction,
  life: Life,
): Promise<boolean> {
  if (sealedPermit === null) return true;
  if (life.release === null) return false;
  const payload = life.payload ?? (await readPayload(deps, tenant, id));
  if (payload === null) return true;
  try {
    const [, claims = ''] = openPermit(payload.actionKey, tenant, id, sealedPermit).split('.');
    const { jti } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as { jti?: unknown };
    return jti === life.release.permit.jti;
  } catch {
    return false;
  }
}

/** An action that was closed long ago may have lost its rows. */
const isForgotten = ({ now }: ActionRowDeps, { state: { action } }: Life): boolean =>
  isClosed(action.status) && Date.parse(action.updatedAt) + KEPT_MS < now().getTime();

function ofPermits(
  id: string,
  rows: readonly StoredPermit[],
  { records, redemption }: Life,
  forgotten: boolean,
): RowDifference[] {
  const say = (change: RowChange, message: string): RowDifference => difference('permit', id, change, message);
  const byJti = new Map(rows.map((row) => [row.jti, row]));
  const differences: RowDifference[] = [];
  for (const { record } of records) {
    if (record.type !== 'release') continue;
    const { jti, audience, requestHash, expiresAt } = record.permit;
    const row = byJti.get(jti);
    byJti.delete(jti);
    if (row === undefined) {
      if (!forgotten) differences.push(say('removed', 'the row of a permit that was released is gone'));
      continue;
    }
    const redeemed = redemption?.permit.jti === jti;
    if (row.redeemedAt === null && redeemed) {
      differences.push(say('altered', 'the row would have let its permit be redeemed a second time'));
    } else if (row.redeemedAt !== null && !redeemed && record.collectUntil !== undefined) {
      differences.push(say('altered', 'the row says that its permit was redeemed, and no record does'));
    }
    const wrong = differing({ ...row }, { audience, requestHash, expiresAt });
    if (wrong.length > 0) differences.push(say('altered', `the row of its permit differs in ${wrong.join(', ')}`));
  }
  for (const { jti } of byJti.values()) differences.push(say('inserted', `no record released a permit \`${jti}\``));
  return differences;
}

function ofReview(id: string, row: Review | null, { state, verdict }: Life): RowDifference[] {
  const { review } = state;
  if (verdict.v === 1) return [];
  if (review === null)
    return row === null ? [] : [difference('review', id, 'inserted', 'no release asks for a review')];
  if (row === null)
    return [difference('review', id, 'removed', `a review that is ${review.status} would be forgotten`)];
  const has = { status: row.status, dueAt: row.dueAt, reviewers: row.view.reviewers, result: row.view.result };
  const { status, dueAt, reviewers, result } = review;
  const wrong = differing(has, { status, dueAt: new Date(dueAt).toISOString(), reviewers, result });
  if (wrong.length === 0) return [];
  return [difference('review', id, 'altered', `the row says \`${row.status}\`; it differs in ${wrong.join(', ')}`)];
}

/** Statuses in which an action has given back its share of limits, unless it broke the glass. */
const GAVE_BACK: readonly Status[] = ['refused', 'expired', 'cancelled', 'failed', 'skipped', 'lapsed'];

/** The limit shares that an action should hold by its records; null where they do not say. */
function heldBy(
  { register }: ActionRowDeps,
  { verdict, state }: Life,
  judgement: Judgement | null,
): LimitShare[] | null {
  const gaveBack = GAVE_BACK.includes(state.action.status);
  if (verdict.shares !== undefined) {
    const shares = register.shares.open(verdict.tenant, verdict.action, verdict.shares);
    return shares.filter(({ stays }) => !gaveBack || stays === true);
  }
  // Older records do not name their shares, so take them from the judgement.
  if (judgement === null || verdict.v === 1) return null;
  const expected = judgement.reservations.filter(({ limit }) => !gaveBack || isGlassLimit(limit));
  return sharesOfReservations(expected, Date.parse(verdict.at));
}

function ofReservations(
  { now }: ActionRowDeps,
  rows: RowsOfAction['reservations'],
  { verdict, state }: Life,
  shares: readonly LimitShare[] | null,
): RowDifference[] {
  if (shares === null) return [];
  // The facts of older records name fields in the place of a key that policy does not disclose.
  const amiss = heldAmiss(rows, shares, { now: now().getTime(), bySlot: verdict.shares !== undefined });
  if (amiss === null) return [];
  const change = changeOf(amiss.rows, amiss.shares);
  const said = `it holds ${rows.map(({ limit, amount }) => `${limit} ${amount}`).join(', ') || 'nothing'} of its limits; its records say otherwise`;
  return [difference('limit_reservation', state.action.id, change, said)];
}

/** The engine would reuse this stored judgement, so it must carry the engine's MAC. */
function ofLimitDecision(deps: ActionRowDeps, stored: unknown, life: Life): RowDifference[] {
  const { state, verdict } = life;
  const { id, tenant } = state.action;
  const say = (change: RowChange, message: string): RowDifference[] => [
    difference('limit_decision', id, change, message),
  ];
  if (stored === null) {
    return verdict.shares === undefined || isForgotten(deps, life)
      ? []
      : say('removed', 'how it was judged under limits is gone');
  }
  if (state.erased !== undefined && text(stored) === '{}') return [];
  const { isVouched, isRecorded } = createVoucher(deps, tenant, id);
  return isObject(stored) && (isVouched(stored) || isRecorded(stored))
    ? []
    : say('altered', 'the row says that it was judged otherwise than it was');
}

/** Rows of an action without records. It may be about to be sealed, but then this engine has judged it. */
function ofUnsealed(
  deps: ActionRowDeps,
  tenant: string,
  id: string,
  reservations: number,
  stored: unknown,
): RowDifference[] {
  if (isObject(stored) && createVoucher(deps, tenant, id).isVouched(stored)) return [];
  return [
    ...(stored === null
      ? []
      : [
          difference(
            'limit_decision',
            id,
            'inserted',
            'a judgement that this engine did not make would have waited for it',
          ),
        ]),
    ...(reservations === 0
      ? []
      : [difference('limit_reservation', id, 'inserted', 'it takes of a limit for an action that nobody asked for')]),
  ];
}

const isObject = (stored: unknown): stored is object => typeof stored === 'object' && stored !== null;
