import { decodeJwt } from 'jose';
import { CountersignError, type PermitClaims } from '../contract/index.ts';
import { verifyUnlessMadeHere } from '../keys/index.ts';
import { requestHash, verifyPermit } from '../sealing/index.ts';
import { matchesSurface } from '../policy/surfaces.ts';
import type { Caller } from '../identity/index.ts';
import { refuseStep } from '../engine/plans/refuse.ts';
import { readForRedemption, redeemPermit, type Redeeming } from '../engine/redeem.ts';
import { withoutPurpose } from './access.ts';
import type { Arrive } from './arrive.ts';
import { recordRefusal } from './attempts.ts';
import type { GatewayDeps } from './deps.ts';
import { tellStep } from './plans/tell.ts';
import type { Permits, Redeemed, RedeemedPermit, RedeemInput } from './types.ts';

/**
 * Redeems a permit: once, for its own audience, request and time. The redemption is sealed before it is answered. Of concurrent
 * callers exactly one succeeds. A caller with the same `redeemer` gets the same answer until the outcome is sealed.
 *
 * @throws CountersignError `permit-invalid`, `permit-expired`, `permit-audience`, `permit-request-differs`, `frozen`, `not-open` or
 * `permit-already-redeemed`.
 */
export const redeem = (
  deps: GatewayDeps,
  caller: Caller,
  input: RedeemInput,
  begun: ReturnType<typeof readForRedemption> | null = null,
): Promise<RedeemedPermit> =>
  recordRefusal(deps, caller, claimedAction(input.permit), 'api', () => redeemOnce(deps, caller, input, begun));

export const permits = (deps: GatewayDeps, arrive: Arrive): Permits => ({
  redeem: (caller, input) => redeem(deps, caller, input),
  present: (authorization, input) =>
    // The credential and the freezes are read in one query, which began after the call did.
    deps.register.atOnce(async () => {
      const { act, jti } = claimed(input.permit);
      const read = (tenant: string) => readForRedemption(deps, tenant, act, jti);
      const { caller, begun } = await arrive(authorization, read);
      return redeem(deps, withoutPurpose(caller), input, begun);
    }),
});

/** What a permit says of itself, unverified: its action and its id, empty where it says none. */
function claimed(permit: string): { act: string; jti: string } {
  try {
    const { act, jti = '' } = decodeJwt(permit);
    return { act: typeof act === 'string' && /^act_[0-9a-f]{64}$/.test(act) ? act : '', jti };
  } catch {
    return { act: '', jti: '' };
  }
}

/** The action that the permit claims, for recording attempts; empty when it claims none. */
export const claimedAction = (permit: string): string => claimed(permit).act;

async function redeemOnce(
  deps: GatewayDeps,
  caller: Caller,
  input: RedeemInput,
  begun: ReturnType<typeof readForRedemption> | null,
): Promise<RedeemedPermit> {
  const claims = await claimsOf(deps, caller, input);
  if (input.requestHash !== undefined && input.requestHash !== claims.req) {
    await offPlan(deps, claims);
    throw differs();
  }
  const redeeming: Redeeming = {
    tenant: claims.tenant,
    id: claims.act,
    jti: claims.jti,
    by: caller.id,
    redeemer: input.redeemer ?? null,
    async check({ payload }) {
      if (deps.now().getTime() >= claims.exp * 1000) throw expired();
      if (input.request === undefined) return;
      if (payload !== null && requestHash(input.request, payload.actionKey) === claims.req) return;
      await offPlan(deps, claims);
      throw differs();
    },
  };
  const { record, hash, request } = await redeemPermit(deps, redeeming, begun);
  const redeemed: Redeemed = {
    act: claims.act,
    surface: claims.aud,
    request,
    requestHash: claims.req,
    changes: claims.changes ?? null,
    version: claims.ver ?? null,
    redeemedAt: record.at,
  };
  return { redeemed, record: hash };
}

/** An executor wants to do a step differently than it was reviewed. The step gets no more permits, and its plan has to react. */
async function offPlan(deps: GatewayDeps, { tenant, act, jti }: PermitClaims): Promise<void> {
  const step = await refuseStep(deps, tenant, act, jti);
  if (step !== null) tellStep(deps, tenant, act, step.plan);
}

/** The claims of a permit that we signed. The redemption checks the expiry, because the redeemer may ask again later. */
async function claimsOf(deps: GatewayDeps, caller: Caller, { permit, audience }: RedeemInput): Promise<PermitClaims> {
  const claims = await verifyPermit(permit, deps.signers(caller.tenant).permitKeys, {
    now: beginsAt(permit) ?? Math.floor(deps.now().getTime() / 1000),
    verify: verifyUnlessMadeHere,
    ...(audience === undefined ? {} : { audience }),
  });
  if (claims.iat > deps.now().getTime() / 1000 + CLOCKS_S) {
    throw new CountersignError(
      'permit-invalid',
      'the permit is not valid yet; do not execute. ask for the action again',
    );
  }
  if (claims.tenant !== caller.tenant) {
    throw new CountersignError('permit-invalid', 'the permit belongs to another tenant');
  }
  if (!caller.surfaces.some((glob) => matchesSurface(glob, claims.aud))) {
    throw new CountersignError(
      'permit-audience',
      `the permit is for the surface \`${claims.aud}\`, which this credential does not serve`,
    );
  }
  return claims;
}

/** Seconds that the clocks of two processes may differ by. */
const CLOCKS_S = 5;

/** When the permit becomes valid. The redemption decides by the records whether that is past. */
function beginsAt(permit: string): number | undefined {
  try {
    const { nbf, iat } = decodeJwt(permit);
    return nbf ?? iat;
  } catch {
    return undefined;
  }
}

const expired = (): CountersignError =>
  new CountersignError(
    'permit-expired',
    'the permit has expired; do not execute. while the action is released, POST /v1/actions/{id}/permit gives a fresh one',
  );

const differs = (): CountersignError =>
  new CountersignError(
    'permit-request-differs',
    'the request differs from the one that was released; execute exactly what the permit binds, with its `changes`',
  );
