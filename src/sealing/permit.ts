/** Permits: compact JWS (RFC 7515 section 3.1) with the claims of contract section 3. */
import { z } from 'zod';
import { canonicalBytes, fromBase64Url, fromUtf8, readSealed, toBase64Url, utf8 } from '../canonical/index.ts';
import { CountersignError, jsonObject, type PermitClaims } from '../contract/index.ts';
import {
  isSignedBy,
  nobleVerify,
  SIGNATURE_ALGORITHMS,
  type PublicJwk,
  type Signer,
  type VerifySignature,
} from './signer.ts';

/** Explicit typing (RFC 8725 section 3.11), so that no other token signed by the same key is accepted as a permit. */
export const PERMIT_TYP = 'permit+jwt';

/** Characters of the longest permit that is read: `changes` may be as large as a request's params. */
const MAX_LENGTH = 128 * 1024;

/** Seconds by which the clocks of issuer and executor may differ. It applies to the start only, never to the expiry. */
const START_TOLERANCE = 5;

const seconds = z.int().nonnegative();
const claimsSchema: z.ZodType<PermitClaims> = z.object({
  iss: z.string(),
  aud: z.string().min(1),
  sub: z.string(),
  iat: seconds,
  nbf: seconds,
  exp: seconds,
  jti: z.string().min(1),
  tenant: z.string().min(1),
  act: z.string().min(1),
  req: z.string().min(1),
  changes: jsonObject.exactOptional(),
  ver: z.string().exactOptional(),
  offline: z.literal(true).exactOptional(),
  rec: z.string().min(1),
});

/** Exactly these three: no `crit`, no `jwk`, no `b64`. */
const headerSchema = z.strictObject({
  alg: z.enum(SIGNATURE_ALGORITHMS),
  typ: z.literal(PERMIT_TYP),
  kid: z.string(),
});

/** Signs a permit. @throws CanonicalError when a claim is not JSON */
export async function signPermit(claims: PermitClaims, signer: Signer): Promise<string> {
  const header = { alg: signer.algorithm, kid: signer.kid, typ: PERMIT_TYP };
  const signed = `${toBase64Url(canonicalBytes(header))}.${toBase64Url(canonicalBytes(claims))}`;
  return `${signed}.${toBase64Url(await signer.sign(utf8(signed)))}`;
}

export interface PermitCheck {
  /** Seconds since the epoch. */
  now: number;
  /** The surface that the executor serves, compared exactly. */
  audience?: string;
  verify?: VerifySignature;
}

/**
 * Checks a permit: form, then key, then signature, and only then its claims. Only the issuer knows whether it was redeemed.
 *
 * @throws CountersignError `permit-invalid`; of a permit whose signature holds, `permit-audience` or `permit-expired`
 */
export async function verifyPermit(
  token: string,
  keys: readonly PublicJwk[],
  { now, audience, verify = nobleVerify }: PermitCheck,
): Promise<PermitClaims> {
  const [head = '', body = '', sig = '', ...rest] =
    typeof token === 'string' && token.length <= MAX_LENGTH ? token.split('.', 4) : [];
  if (sig === '' || rest.length > 0) throw invalid('is not a compact JWS');

  const header = decoded(head, headerSchema);
  if (header === null) throw invalid('has a header that permits do not have');
  const key = keys.find(({ kid }) => kid === header.kid);
  if (key === undefined) throw invalid('was signed by a key that is not known');
  // The key decides the algorithm, never the token (RFC 8725 section 3.1).
  if (key.alg !== header.alg) throw invalid('names another algorithm than its key has');

  const signature = signatureBytes(sig);
  if (signature === null || !(await isSignedBy(verify, key, utf8(`${head}.${body}`), signature))) {
    throw invalid('has a signature that does not fit: it was changed');
  }

  const claims = decoded(body, claimsSchema);
  if (claims === null) throw invalid('has claims that permits do not have');
  if (audience !== undefined && audience !== claims.aud) {
    const message = `the permit is for the surface \`${claims.aud}\`, not for this one; do not execute`;
    throw new CountersignError('permit-audience', message);
  }
  if (now + START_TOLERANCE < claims.nbf) throw invalid('is not valid yet');
  if (now >= claims.exp) {
    const message = 'the permit has expired; do not execute. ask for the action again with a new key';
    throw new CountersignError('permit-expired', message);
  }
  return claims;
}

function invalid(why: string): CountersignError {
  return new CountersignError('permit-invalid', `the permit ${why}; do not execute. ask for the action again`);
}

function signatureBytes(text: string): Uint8Array | null {
  try {
    return fromBase64Url(text);
  } catch {
    return null;
  }
}

function decoded<T>(part: string, schema: z.ZodType<T>): T | null {
  try {
    const parsed = schema.safeParse(readSealed(fromUtf8(fromBase64Url(part))));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
