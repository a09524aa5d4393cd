/**
 * The redemption of a permit: the one moment from which on something irreversible may happen.
 *
 * A redemption is a record of its action. (tenant, action, number) is sealed at most once. So when a redemption, an outcome, a
 * reconciliation and a lapse compete, exactly one becomes the next record; the statement that writes it checks the rows of action and
 * permit too. The losers read the records again.
 */
import { hashOf } from '../canonical/index.ts';
import { CountersignError, type ActionRequest, type RedemptionRecord } from '../contract/index.ts';
import { applyChanges } from '../policy/index.ts';
import type { Looked } from '../register/index.ts';
import type { StoredPermit } from '../store/index.ts';
import { isEngineSurface } from './activation.ts';
import type { EngineDeps } from './deps.ts';
import { neverADrill } from './drills.ts';
import { inDoubt } from './doubt.ts';
import { freezeReasonIn } from './freeze.ts';
import { checkWhole, hidesRecords } from './hidden.ts';
import { readPayload, readWithLook, type Life } from './life.ts';
import { insist, nextHead, permitOf, sealNext } from './seal.ts';

export type RedeemDeps = Pick<EngineDeps, 'store' | 'register' | 'sequencer' | 'signers' | 'hub' | 'now'>;

export interface Redeeming {
  tenant: string;
  id: string;
  jti: string;
  /** Identity of the caller. */
  by: string;
  /** The caller's random text; null if it gave none, and then nobody gets the answer twice. */
  redeemer: string | null;
  /** Throws if this caller may not redeem. Called before anything is sealed, but not for a repeated call. */
  check(life: Life, request: ActionRequest): Promise<void> | void;
}

export interface Redemption {
  record: RedemptionRecord;
  /** Hash of that record. */
  hash: string;
  life: Life;
  /** The request as it was released. */
  request: ActionRequest;
}

/**
 * Redeems a permit, or answers the same redeemer with the same redemption again, until the outcome is sealed.
 *
 * @param begun reads of this permit that the caller has already begun; they serve the first attempt
 * @throws CountersignError `permit-invalid`, `permit-expired`, `permit-already-redeemed` (with `redeemedAt`), `not-open` or `frozen`
 */
export async function redeemPermit(
  deps: RedeemDeps,
  input: Redeeming,
  begun: ReturnType<typeof readForRedemption> | null = null,
): Promise<Redemption> {
  const { tenant, id, jti } = input;
  const redeemer = input.redeemer === null ? null : redeemerHash(tenant, jti, input.redeemer);
  let first = begun;
  return insist(async () => {
    const reading = first ?? readForRedemption(deps, tenant, id, jti);
    first = null;
    const { life, row, looked } = await reading;
    if (life === null) throw invalid('belongs to no action of this log');
    const { redemption } = life;
    if (redemption !== null) {
      const again = redeemer !== null && redemption.redeemer === redeemer && redemption.permit.jti === jti;
      if (!again || life.state.action.status !== 'released') throw redeemedAlready(redemption.at);
      const { request } = await releasedRequest(deps, life);
      return { record: redemption, hash: life.records.at(-1)?.hash ?? '', life, request };
    }
    const release = redeemable(life, jti, row);
    const { request, actionKey } = await releasedRequest(deps, life);
    await input.check(life, request);
    const freeze = freezeReasonIn(looked, life.state.surface, request.actor) ?? (await inDoubt(deps, life));
    if (freeze !== null) {
      throw new CountersignError('frozen', `${freeze}; the permit cannot be redeemed while that holds`);
    }
    if (hidesRecords(looked, life)) return checkWhole(deps, life, looked);
    neverADrill(deps, looked, life.state.action);
    const now = deps.now();
    const at = now.toISOString();
    if (release.notBefore !== undefined && at < release.notBefore) throw held(release.notBefore);
    if (at >= release.permit.expiresAt) throw expired();
    const record: RedemptionRecord = {
      ...nextHead(life.state.action, 'redemption', at),
      surface: life.state.surface,
      permit: { jti },
      by: input.by,
      redeemer,
      reportBy: new Date(now.getTime() + life.state.outcomeWithinMs).toISOString(),
    };
    const action = { ...life.state.action, redeemedAt: at, updatedAt: at };
    const permit = isEngineSurface(life.state.surface) ? null : permitOf(actionKey, action, life.sealedPermit);
    const sealed = await sealNext(deps, { ...life.state, action }, [{ record, redeems: jti }], permit);
    return sealed === null ? null : { record, hash: sealed.records.at(-1) ?? '', life, request };
  });
}

/** Reads everything that a redemption depends on. Reads begin after the call, so everything that was sealed before it counts. */
export async function readForRedemption(
  deps: RedeemDeps,
  tenant: string,
  id: string,
  jti: string,
): Promise<{ life: Life | null; row: StoredPermit | null; looked: Looked }> {
  const { life, permit: row, looked } = await readWithLook(deps, tenant, id, jti);
  return { life, row, looked };
}

/** The release whose permit this is, while it may be used up. */
function redeemable({ state, release }: Life, jti: string, row: StoredPermit | null): NonNullable<Life['release']> {
  const { status } = state.action;
  if (release === null) throw invalid('was never released by this log');
  if (status !== 'released') {
    throw new CountersignError('not-open', `this action is settled as ${status}; its permit is dead. do not execute`);
  }
  if (release.permit.jti !== jti) throw invalid('is dead: another one took its place, or it was never released');
  // The row says more than the records. Either version 1 redeemed it, which sealed no redemptions, or the row was edited. The permit counts
  // as used.
  if (row === null) throw invalid('was never released by this log');
  if (row.redeemedAt !== null) throw redeemedAlready(row.redeemedAt);
  return release;
}

/** The released request: with policy's changes, then the approvers', and without its callback. */
export async function releasedRequest(
  deps: Pick<EngineDeps, 'store'>,
  { state, verdict, payload: known }: Life,
): Promise<{ request: ActionRequest; actionKey: Uint8Array }> {
  const { tenant, id } = state.action;
  const payload = known ?? (await readPayload(deps, tenant, id));
  if (payload === null) throw invalid('belongs to an action that was erased');
  const { callback: _callback, ...asked } = payload.request;
  const request = applyChanges(asked, { ...verdict.verdict.changes, ...state.approval?.changes });
  return { request, actionKey: payload.actionKey };
}

/** The stored form of a redeemer's text. Without the text, nobody can identify it or link two of them. */
export const redeemerHash = (tenant: string, jti: string, redeemer: string): string =>
  hashOf(['countersign redeemer v1', tenant, jti, redeemer]);

const invalid = (why: string): CountersignError =>
  new CountersignError('permit-invalid', `the permit ${why}; do not execute. ask for the action again with a new key`);

const held = (notBefore: string): CountersignError =>
  new CountersignError(
    'permit-held',
    `policy holds what is approved until ${notBefore}, so that it can be withdrawn; do not execute before. redeem it then`,
    { extensions: { notBefore } },
  );

const expired = (): CountersignError =>
  new CountersignError(
    'permit-expired',
    'the permit has expired; do not execute. while the action is released, POST /v1/actions/{id}/permit gives a fresh one',
  );

const redeemedAlready = (redeemedAt: string): CountersignError =>
  new CountersignError(
    'permit-already-redeemed',
    'this permit was redeemed before; do not execute. ask again with a new key for a new action',
    { extensions: { redeemedAt } },
  );
