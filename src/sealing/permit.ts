/** Permits: compact JWS (RFC 7515 section 3.1) with the claims of contract section 3. */
import { z } from 'zod';
import { canonicalBytes, fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../canonical/index.ts';
import { CountersignError, jsonObject, type PermitClaims } from '../contract/index.ts';
import { nobleVerify, type PublicJwk, type Signer, type VerifySignature } from './signer.ts';

export const PERMIT_TYP = 'permit+jwt';

/** Characters of the longest permit that is read. */
const MAX_LENGTH = 128 * 1024;

const time = z.int().nonnegative();
const claimsSchema = z.strictObject({
  iss: z.string(),
  aud: z.string(),
  sub: z.string(),
  iat: time,
  nbf: time,
  exp: time,
  jti: z.string().min(1),
  tenant: z.string(),
  act: z.string(),
  req: z.string(),
  changes: jsonObject.optional(),
  ver: z.string().optional(),
  rec: z.string(),
});

const headerSchema = z.strictObject({ alg: z.enum(['EdDSA', 'ES256']), typ: z.literal(PERMIT_TYP), kid: z.string() });

export async function signPermit(claims: PermitClaims, signer: Signer): Promise<string> {
  const header = { alg: signer.algorithm, kid: signer.kid, typ: PERMIT_TYP };
  const signed = `${toBase64Url(canonicalBytes(header))}.${toBase64Url(canonicalBytes(claims))}`;
  return `${signed}.${toBase64Url(await signer.sign(utf8(signed)))}`;
}

const invalid = (why: string): CountersignError =>
  new CountersignError('permit-invalid', `the permit ${why}; do not execute. ask for the action again`);

function decoded<T>(part: string, schema: z.ZodType<T>): T | null {
  try {
    const parsed = schema.safeParse(JSON.parse(fromUtf8(fromBase64Url(part))));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

/**
 * Checks a permit: form, then key, then signature, and only then what it says.
 *
 * @param options.now seconds since the epoch
 * @param options.audience the surface that the executor serves, compared exactly
 * @throws CountersignError `permit-invalid`, `permit-expired` (signed by us, but its time is over) or `permit-audience`
 */
export async function verifyPermit(
  token: string,
  keys: readonly PublicJwk[],
  options: { now: number; audience?: string; verify?: VerifySignature },
): Promise<PermitClaims> {
  const parts = token.length > MAX_LENGTH ? [] : token.split('.');
  const [head, body, sig] = parts;
  if (parts.length !== 3 || head === undefined || body === undefined || sig === undefined)
    throw invalid('is not a compact JWS');
  const header = decoded(head, headerSchema);
  if (header === null) throw invalid('has a header that permits do not have');
  const key = keys.find(({ kid }) => kid === header.kid);
  if (key === undefined) throw invalid('was signed by a key that is not known');
  if (key.alg !== header.alg) throw invalid('names another algorithm than its key has');
  let signature: Uint8Array;
  try {
    signature = fromBase64Url(sig);
  } catch {
    throw invalid('has no readable signature');
  }
  if (!(await (options.verify ?? nobleVerify)(key, utf8(`${head}.${body}`), signature))) {
    throw invalid('has a signature that does not fit: it was changed');
  }
  const claims = decoded(body, claimsSchema);
  if (claims === null) throw invalid('has claims that permits do not have');
  if (options.now < claims.nbf) throw invalid('is not valid yet');
  if (options.now >= claims.exp) {
    throw new CountersignError(
      'permit-expired',
      'the permit has expired; do not execute. ask for the action again with a new key',
    );
  }
  if (options.audience !== undefined && options.audience !== claims.aud) {
    throw new CountersignError(
      'permit-audience',
      `the permit is for the surface \`${claims.aud}\`, not for this one; do not execute`,
    );
  }
  return claims as PermitClaims;
}
