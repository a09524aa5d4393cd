/** Authenticates callers by tokens of the owner's own issuers: JWTs (RFC 7519), of which only the configured claims count. */
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { CountersignError, faultOfActorId, foldId } from '../contract/index.ts';
import type { Caller, TokenBounds } from './caller.ts';
import { claimText, claimTexts, fillTemplate } from './claims.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { isCompact } from './jws.ts';

/** Asymmetric only, because everybody who checks a shared secret could also issue tokens. */
export const TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

/** One issuer of the settings. Durations are in milliseconds. */
export interface IssuerSettings {
  /** Short name, part of the caller's id. */
  name: string;
  /** `iss`, compared exactly. */
  issuer: string;
  /** Every audience that a token may name. */
  audiences: readonly string[];
  jwksUri: string | null;
  algorithms: readonly string[];
  /** `typ` of the header, where the issuer sets one. */
  typ: string | null;
  /** Claims that must be there with exactly this value. */
  requires: Readonly<Record<string, string | number | boolean>>;
  maxAgeMs: number;
  skewMs: number;
  staleMs: number;
  map: {
    /** Template of the actor's id, such as `agent:github/{repository}`. */
    actor: string;
    /** Template of whom an actor with an `act` claim acts for, such as `user:{email}`; null where delegation is refused. */
    subject: string | null;
    /** Template of the directory id of who answers for it; null for none. */
    owner: string | null;
    /** Names, or a claim that lists them. */
    roles: readonly string[] | { claim: string };
    groups: readonly string[] | { claim: string };
    tenant: string | { claim: string };
    folder: string | null | { claim: string };
    surfaces: readonly string[] | { claim: string };
    /** Whether its callers may say where values of their requests came from. */
    provenance: boolean;
  };
}

export interface Issuers {
  /** The caller of a token of a configured issuer; null for a token of none. @throws CountersignError `unauthenticated`, `unavailable` */
  callerOf(token: string): Promise<Caller | null>;
}

export interface IssuersDeps {
  fetch: typeof globalThis.fetch;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** `authorization_details` (RFC 9396) of this type bound what may be asked. */
const DETAILS_TYPE = 'countersign';
/** The most people or services that an actor can act for. */
const ACT_MAX_DEPTH = 4;
/** Header members that name or bring a key. They are refused, because only the settings say which keys count. */
const KEY_HEADERS = ['jku', 'jwk', 'x5u', 'x5c'];

export function createIssuers(settings: readonly IssuerSettings[], { fetch, now }: IssuersDeps): Issuers {
  const known = new Map(
    settings.map((one) => {
      const { name, issuer, jwksUri, staleMs } = one;
      return [issuer, { settings: one, keys: new IssuerKeys({ name, issuer, jwksUri, staleMs, fetch, now }) }];
    }),
  );
  return {
    async callerOf(token) {
      const issuer = known.get(issuerOf(token) ?? '');
      if (issuer === undefined) return null;
      const claims = await verified(token, issuer.settings, issuer.keys, now());
      return callerOf(claims, issuer.settings);
    },
  };
}

/** The issuer that an unverified token names. It only chooses which issuer checks the token. */
function issuerOf(token: string): string | undefined {
  if (!isCompact(token)) return undefined;
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

const refused = (name: string, why: string): CountersignError =>
  new CountersignError(
    'unauthenticated',
    `the token of the issuer \`${name}\` does not count: ${why}; get a new one from it`,
  );

async function verified(token: string, it: IssuerSettings, keys: IssuerKeys, now: number): Promise<JWTPayload> {
  try {
    const header = decodeProtectedHeader(token);
    if (KEY_HEADERS.some((member) => member in header)) throw refused(it.name, 'its header brings a key of its own');
    const { payload } = await jwtVerify(token, await keys.with(header.kid), {
      issuer: it.issuer,
      audience: [...it.audiences],
      algorithms: [...it.algorithms],
      requiredClaims: ['iss', 'aud', 'exp', 'iat', 'sub'],
      maxTokenAge: it.maxAgeMs / 1000,
      clockTolerance: it.skewMs / 1000,
      currentDate: new Date(now),
      ...(it.typ === null ? {} : { typ: it.typ }),
    });
    const audiences = [payload.aud ?? []].flat();
    if (!audiences.every((one) => it.audiences.includes(one))) throw refused(it.name, 'it is for others too');
    for (const [claim, value] of Object.entries(it.requires)) {
      if (claimText(payload, claim) !== String(value))
        throw refused(it.name, `its claim \`${claim}\` is not the required one`);
    }
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) throw refused(it.name, failure(error));
    if (error instanceof TypeError) throw refused(it.name, 'it is not well formed');
    throw error;
  }
}

function failure(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'it has expired, or is too old';
  if (error instanceof errors.JWTClaimValidationFailed) return `its \`${error.claim}\` is wrong`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (error instanceof errors.JWKSNoMatchingKey) return 'it is signed with a key that the issuer does not publish';
  return 'it is not well formed';
}

function callerOf(claims: JWTPayload, it: IssuerSettings): Caller {
  const { map, name } = it;
  const idOf = (template: string | null, from: Record<string, unknown>, what: string): string => {
    const id = template === null ? null : fillTemplate(template, from);
    if (id === null || faultOfActorId(id) !== null) throw refused(name, `its claims do not say ${what}`);
    return id;
  };
  const texts = (from: readonly string[] | { claim: string }): string[] =>
    'claim' in from ? claimTexts(claims, from.claim) : [...from];
  const text = (from: string | { claim: string }): string | null =>
    typeof from === 'string' ? from : claimText(claims, from.claim);
  const tenant = text(map.tenant);
  const folder = map.folder === null ? null : text(map.folder);
  if (tenant === null) throw refused(name, 'its claims name no tenant');
  if (map.folder !== null && folder?.startsWith('/') !== true) throw refused(name, 'its claims name no folder');
  const acting = actors(claims['act'], name);
  const chain =
    acting.length === 0
      ? [idOf(map.actor, claims, 'who acts')]
      : [...acting.map((act) => idOf(map.actor, act, 'who acts')), idOf(map.subject, claims, 'whom it acts for')];
  if (new Set(chain.map(foldId)).size !== chain.length) throw refused(name, 'somebody acts for themself in it');
  const [actor = ''] = chain;
  return {
    kind: 'key',
    id: `jwt:${name}/${subjectOf(claims, name)}`,
    tenant,
    surfaces: texts(map.surfaces),
    actors: [actor],
    roles: texts(map.roles).filter((role) => role !== '*'),
    groups: texts(map.groups).filter((group) => group !== '*'),
    ...(map.provenance ? { provenance: true as const } : {}),
    token: {
      chain,
      folder,
      owner: map.owner === null ? null : fillTemplate(map.owner, claims),
      bounds: boundsOf(claims['authorization_details'], name),
      txn: correlationOf(claims),
    },
  };
}

/** `sub` as part of the caller's id, with what is not visible ASCII in percent encoding. */
function subjectOf({ sub = '' }: JWTPayload, name: string): string {
  if (sub === '' || sub.length > 256 || /\p{Surrogate}/u.test(sub)) throw refused(name, 'its `sub` is no name');
  return sub.replace(/[^\x21-\x7e]/gu, encodeURIComponent);
}

/** `txn` of a transaction token, where it is a name that a record can show. */
function correlationOf(claims: JWTPayload): string | null {
  const txn = claimText(claims, 'txn');
  return txn !== null && /^[\x21-\x7e]{1,256}$/.test(txn) ? txn : null;
}

/** The `act` claim (RFC 8693 section 4.1), the one who acts now first. */
function actors(act: unknown, name: string): Record<string, unknown>[] {
  const chain: Record<string, unknown>[] = [];
  for (let at = act; at !== undefined;) {
    if (typeof at !== 'object' || at === null || Array.isArray(at)) throw refused(name, 'its `act` is no object');
    const { act: next, ...claims } = at as Record<string, unknown>;
    chain.push(claims);
    if (chain.length > ACT_MAX_DEPTH) throw refused(name, `its \`act\` is nested deeper than ${ACT_MAX_DEPTH}`);
    at = next;
  }
  return chain;
}

function boundsOf(details: unknown, name: string): TokenBounds[] | null {
  if (details === undefined) return null;
  if (!Array.isArray(details)) throw refused(name, 'its `authorization_details` are no list');
  const ours = details.filter((one: unknown) => (one as { type?: unknown } | null)?.type === DETAILS_TYPE);
  return ours.length === 0
    ? null
    : ours.map((one: unknown) => {
        const { surfaces, actions } = one as { surfaces?: unknown; actions?: unknown };
        const list = (value: unknown): string[] =>
          Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
        if (surfaces === undefined && actions === undefined)
          throw refused(name, 'its `authorization_details` bound nothing');
        return {
          surfaces: surfaces === undefined ? ['**'] : list(surfaces),
          actions: actions === undefined ? null : list(actions),
        };
      });
}
