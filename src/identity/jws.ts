/** Compact JWS made through a {@link Signer} and checked by jose: for statements of people and of the gateway, never for permits. */
import { createLocalJWKSet, errors, jwtVerify, type JWK } from 'jose';
import { CountersignError, type ErrorCode } from '../contract/index.ts';
import type { Signer } from '../sealing/index.ts';

/** Public keys that a signature may have been made with: the one in use first, rotated ones after it. */
export type PublicKeys = readonly object[];

/** Seconds that the clocks of two machines of one stack may differ by. */
const CLOCK_TOLERANCE = 5;

const utf8 = new TextEncoder();

function encode(value: Uint8Array | object): string {
  return Buffer.from(value instanceof Uint8Array ? value : utf8.encode(JSON.stringify(value))).toString('base64url');
}

/** Whether a token has the three parts of a compact JWS. An API key has one, and decoding it would create an error on each call. */
export const isCompact = (token: string): boolean => token.split('.').length === 3;

/** Signs claims as a compact JWS (RFC 7515 section 3.1). `typ` keeps one kind of token from passing for another (RFC 8725 section 3.11). */
export async function signCompact(signer: Signer, typ: string, claims: object): Promise<string> {
  const input = `${encode({ alg: signer.algorithm, typ, kid: signer.kid })}.${encode(claims)}`;
  return `${input}.${encode(await signer.sign(utf8.encode(input)))}`;
}

/** What a token is checked against, and the words for its failure. */
export interface CompactCheck {
  typ: string;
  audience: string;
  /** Milliseconds since the epoch. */
  now: number;
  /** The thrown code, and what the token is called in the message. */
  code: ErrorCode;
  what: string;
  next: string;
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** The current public keys, as jose has imported them: importing a key takes as long as checking a signature. */
export type TrustedKeys = () => KeySet;

/** @param keys Asked at each use, because keys rotate. They are imported again only when they changed. */
export function trustedKeys(keys: () => PublicKeys): TrustedKeys {
  let imported: { from: string; set: KeySet } | null = null;
  return () => {
    const current = keys();
    const from = JSON.stringify(current);
    if (imported?.from !== from) imported = { from, set: createLocalJWKSet({ keys: current as JWK[] }) };
    return imported.set;
  };
}

/**
 * The claims of a compact JWS whose signature, type, audience and times hold.
 *
 * @throws CountersignError with the code asked for; the message says which check failed.
 */
export async function verifyCompact(
  jws: string,
  keys: TrustedKeys,
  check: CompactCheck,
): Promise<Record<string, unknown>> {
  try {
    const { payload } = await jwtVerify(jws, keys(), {
      typ: check.typ,
      audience: check.audience,
      algorithms: ['EdDSA', 'Ed25519', 'ES256'],
      requiredClaims: ['iat', 'exp', 'jti'],
      currentDate: new Date(check.now),
      clockTolerance: CLOCK_TOLERANCE,
    });
    if ((payload.iat ?? 0) * 1000 > check.now + CLOCK_TOLERANCE * 1000) {
      throw new errors.JWTClaimValidationFailed('it was issued in the future', payload, 'iat');
    }
    return payload;
  } catch (error) {
    throw new CountersignError(check.code, `${check.what} ${failure(error)}; ${check.next}`, { cause: error });
  }
}

function failure(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'has expired';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'was not signed by this stack';
  if (error instanceof errors.JWKSNoMatchingKey) return 'was signed with a key that this stack does not know';
  if (error instanceof errors.JWTClaimValidationFailed) return `does not hold: its \`${error.claim}\` is wrong`;
  return 'is not well formed';
}
