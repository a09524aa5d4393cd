/** Binds an access request to its denial by a signed token, so that nothing has to be stored between the two. */
import { randomUUID } from 'node:crypto';
import { errors } from 'jose';
import { hashOf } from '../canonical/index.ts';
import { CountersignError, type ActionRequest } from '../contract/index.ts';
import { signCompact, trustedKeys, verifyCompact, type Caller } from '../identity/index.ts';
import type { GatewayDeps } from './deps.ts';

/** How long a denial may be asked for. */
const SECONDS = 600;
const TYP = 'countersign-denial+jwt';
const AUDIENCE = 'countersign:access-requests';

/** What a denial was about. */
export interface Denial {
  /** Unique: one denial is asked for once. */
  jti: string;
}

/** The token of a denial. It counts for the denied caller and this request only. */
export async function bindDenial(
  deps: Pick<GatewayDeps, 'signers' | 'now' | 'issuer'>,
  caller: Caller,
  request: ActionRequest,
  evaluation: string,
): Promise<{ token: string; expiresAt: string }> {
  const iat = Math.floor(deps.now().getTime() / 1000);
  const exp = iat + SECONDS;
  const claims = {
    iss: deps.issuer,
    aud: AUDIENCE,
    iat,
    exp,
    jti: randomUUID(),
    tenant: caller.tenant,
    by: caller.id,
    evaluation_id: evaluation,
    req: hashOf(request),
  };
  const token = await signCompact(deps.signers(caller.tenant).permit, TYP, claims);
  return { token, expiresAt: new Date(exp * 1000).toISOString() };
}

/**
 * The denial that a token was made for.
 *
 * @param expiresAt as the caller repeats it
 * @throws CountersignError `invalid-denial-binding` · `expired-denial`
 */
export async function readDenial(
  deps: Pick<GatewayDeps, 'signers' | 'now'>,
  caller: Caller,
  { token, expiresAt, request }: { token: string; expiresAt: string; request: ActionRequest },
): Promise<Denial> {
  const claims = await verifyCompact(
    token,
    trustedKeys(() => deps.signers(caller.tenant).permitKeys),
    {
      typ: TYP,
      audience: AUDIENCE,
      now: deps.now().getTime(),
      code: 'invalid-denial-binding',
      what: 'the binding token',
      next: 'send it as it came with the denial',
    },
  ).catch((error: unknown) => {
    if (error instanceof CountersignError && error.cause instanceof errors.JWTExpired) throw expired();
    throw error;
  });
  const differs = (what: string): CountersignError =>
    new CountersignError('invalid-denial-binding', `the denial is for another ${what}; evaluate anew and ask for that`);
  if (claims['tenant'] !== caller.tenant || claims['by'] !== caller.id) throw differs('caller');
  if (claims['req'] !== hashOf(request)) throw differs('subject, action, resource or context');
  if (Date.parse(expiresAt) !== Number(claims['exp']) * 1000) throw differs('time of expiry');
  return { jti: String(claims['jti']) };
}

const expired = (): CountersignError =>
  new CountersignError('expired-denial', 'the time to ask for this denial has passed; evaluate anew');
