/** Checks a permit with published keys alone. Single use is checked elsewhere. */
import { compactVerify, decodeProtectedHeader, errors, importJWK, type CryptoKey, type JWK } from 'jose';
import { CountersignError } from '../errors.ts';
import type { JsonObject } from '../types.ts';

/** The claims of a permit. Times are seconds since the epoch. */
export interface PermitClaims {
  iss: string;
  /** The surface. */
  aud: string;
  /** The actor. */
  sub: string;
  iat: number;
  nbf: number;
  exp: number;
  jti: string;
  tenant: string;
  /** The action's id. */
  act: string;
  /** Hash of the request as it may be executed, after changes. */
  req: string;
  changes?: JsonObject;
  /** The resource version that was judged. */
  ver?: string;
  /** One executor may use it up by itself, without the engine. */
  offline?: true;
  /** Hash of the record that released it. */
  rec: string;
}

export interface PermitExpectations {
  /** The surface that this executor serves, compared exactly. */
  audience: string;
  tenant: string;
  issuer?: string;
  /** Seconds since the epoch. */
  now: number;
}

/** Key type and curve for each algorithm that permits are signed with; the key decides, never the token (RFC 8725 section 3.1). */
const ALGORITHMS: Record<string, { kty: string; crv: string }> = {
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  ES256: { kty: 'EC', crv: 'P-256' },
};
const HEADER_NAMES = ['alg', 'kid', 'typ'];
const MAX_LENGTH = 128 * 1024;
/** Seconds that clocks may differ by, for the start only: an expired permit has expired. */
const START_TOLERANCE = 5;

/**
 * Checks form, key and signature, and only then the claims.
 *
 * @throws CountersignError `permit-invalid`; of a permit whose signature holds, `permit-audience` or `permit-expired`
 */
export async function checkPermit(
  token: unknown,
  keys: readonly JWK[],
  { audience, tenant, issuer, now }: PermitExpectations,
): Promise<PermitClaims> {
  if (typeof token !== 'string' || token.length > MAX_LENGTH || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) {
    throw invalid('is not a compact JWS');
  }
  const key = keys.find(({ kid, use }) => kid === keyIdOf(token) && use !== 'enc');
  if (key === undefined) throw invalid('was signed by a key that is not known');
  const claims = claimsOf(await payloadOf(token, key));
  if (claims === null) throw invalid('has claims that permits do not have');
  if (claims.aud !== audience) {
    throw new CountersignError(
      'permit-audience',
      `the permit is for the surface \`${claims.aud}\`, not for \`${audience}\`; do not execute`,
    );
  }
  if (claims.tenant !== tenant || (issuer !== undefined && claims.iss !== issuer)) {
    throw invalid('belongs to another tenant or issuer');
  }
  if (now + START_TOLERANCE < claims.nbf) throw invalid('is not valid yet');
  if (now >= claims.exp) {
    throw new CountersignError('permit-expired', 'the permit has expired; do not execute. take a fresh one');
  }
  return claims;
}

/** The key that a permit names, or null for another text. Nothing is checked. */
export function keyIdOf(token: unknown): string | null {
  try {
    return decodeProtectedHeader(String(token)).kid ?? null;
  } catch {
    return null;
  }
}

async function payloadOf(token: string, key: JWK): Promise<Uint8Array> {
  const { alg = '' } = key;
  const kind = Object.hasOwn(ALGORITHMS, alg) ? ALGORITHMS[alg] : undefined;
  if (kind === undefined || kind.kty !== key.kty || kind.crv !== key.crv) {
    throw invalid('was signed by a key that signs no permits');
  }
  try {
    const { payload, protectedHeader } = await compactVerify(token, (await importJWK(key)) as CryptoKey, {
      algorithms: [alg],
    });
    const names = Object.keys(protectedHeader);
    if (protectedHeader.typ !== 'permit+jwt' || names.some((name) => !HEADER_NAMES.includes(name))) {
      throw invalid('has a header that permits do not have');
    }
    return payload;
  } catch (cause) {
    if (cause instanceof CountersignError) throw cause;
    if (cause instanceof errors.JOSEError) throw invalid('has a signature that does not fit: it was changed');
    throw invalid('could not be checked by its key');
  }
}

const TEXTS = ['iss', 'aud', 'sub', 'jti', 'tenant', 'act', 'req', 'rec'] as const;
const TIMES = ['iat', 'nbf', 'exp'] as const;

function claimsOf(payload: Uint8Array): PermitClaims | null {
  let claims: Record<string, unknown>;
  try {
    claims = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch {
    return null;
  }
  if (!isObject(claims)) return null;
  const fit =
    TEXTS.every((name) => typeof claims[name] === 'string' && claims[name] !== '') &&
    TIMES.every((name) => Number.isSafeInteger(claims[name])) &&
    (claims['offline'] === undefined || claims['offline'] === true) &&
    (claims['ver'] === undefined || typeof claims['ver'] === 'string') &&
    (claims['changes'] === undefined || isObject(claims['changes']));
  return fit ? (claims as unknown as PermitClaims) : null;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (why: string): CountersignError =>
  new CountersignError('permit-invalid', `the permit ${why}; do not execute. ask for the action again`);
