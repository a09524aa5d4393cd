import { decodeJwt } from 'jose';
import { CountersignError } from '../contract/index.ts';
import { requestHash, verifyPermit } from '../sealing/index.ts';
import { matchesSurface } from '../policy/surfaces.ts';
import type { Caller } from '../identity/index.ts';
import { frozen } from '../engine/freeze.ts';
import { readActionState } from '../engine/seal.ts';
import { recordRefusal } from './attempts.ts';
import type { GatewayDeps } from './deps.ts';
import type { Redeemed, RedeemInput } from './types.ts';

/**
 * Redeems a permit: once, for its own audience, request and time. The redemption is one durable update; of any number of callers at
 * once, exactly one is answered with it.
 *
 * @throws CountersignError `permit-invalid`, `permit-expired`, `permit-audience`, `permit-request-differs`, `frozen` or
 * `permit-already-redeemed`.
 */
export function redeem(deps: GatewayDeps, caller: Caller, input: RedeemInput): Promise<Redeemed> {
  return recordRefusal(deps, caller, claimedAction(input.permit), 'api', () => redeemOnce(deps, caller, input));
}

/** The action that a permit says it is for, to tell attempts by; empty where it says none. */
function claimedAction(permit: string): string {
  try {
    const { act } = decodeJwt(permit);
    return typeof act === 'string' && /^act_[0-9a-f]{64}$/.test(act) ? act : '';
  } catch {
    return '';
  }
}

async function redeemOnce(deps: GatewayDeps, caller: Caller, input: RedeemInput): Promise<Redeemed> {
  const now = deps.now();
  const claims = await verifyPermit(input.permit, deps.signers(caller.tenant).permitKeys, {
    now: Math.floor(now.getTime() / 1000),
    ...(input.audience === undefined ? {} : { audience: input.audience }),
  });
  if (claims.tenant !== caller.tenant)
    throw new CountersignError('permit-invalid', 'the permit belongs to another tenant');
  if (!caller.surfaces.some((glob) => matchesSurface(glob, claims.aud))) {
    throw new CountersignError(
      'permit-audience',
      `the permit is for the surface \`${claims.aud}\`, which this credential does not serve`,
    );
  }
  const stored = await readActionState(deps, claims.tenant, claims.act);
  if (stored === null) throw new CountersignError('permit-invalid', 'the permit belongs to no action of this log');
  const { state } = stored;
  if (input.requestHash !== undefined && input.requestHash !== claims.req) throw differs();
  if (input.request !== undefined) {
    const payload = await deps.store.payloads.read(claims.tenant, claims.act);
    if (payload === null)
      throw new CountersignError('permit-invalid', 'the action of this permit was erased; ask again with a new key');
    if (requestHash(input.request, payload.actionKey) !== claims.req) throw differs();
  }
  const freeze = await frozen(deps, claims.tenant, state.surface, state.actor as never);
  if (freeze !== null)
    throw new CountersignError('frozen', `${freeze}; the permit cannot be redeemed while that holds`);
  switch (await deps.store.permits.redeem(claims.tenant, claims.jti, now)) {
    case 'redeemed':
      return {
        act: claims.act,
        surface: claims.aud,
        requestHash: claims.req,
        changes: claims.changes ?? null,
        version: claims.ver ?? null,
        redeemedAt: now.toISOString(),
      };
    case 'already':
      throw new CountersignError(
        'permit-already-redeemed',
        'this permit was redeemed before; do not execute. ask again with a new key for a new action',
      );
    default:
      throw new CountersignError('permit-invalid', 'the permit was never released by this log');
  }
}

const differs = (): CountersignError =>
  new CountersignError(
    'permit-request-differs',
    'the request differs from the one that was released; execute exactly what the permit binds, with its `changes`',
  );
