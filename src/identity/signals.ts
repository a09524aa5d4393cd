/** Security events of identity providers (RFC 8417, CAEP 1.0), verified by their signature: a session or an account can no longer be trusted. */
import { createHash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { CountersignError } from '../contract/index.ts';
import { fillTemplate } from './claims.ts';
import { IssuerKeys } from './issuer-keys.ts';

/** One transmitter of the settings. */
export interface SignalSettings {
  name: string;
  issuer: string;
  audience: string;
  jwksUri: string | null;
  algorithms: readonly string[];
  /** Template of the person's directory id over the members of the event's subject, such as `user:{email}`. */
  person: string;
  tenant: string;
}

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
/** Events after which a person has to sign in anew. */
export const STOPPING = ['session-revoked', 'credential-change', 'assurance-level-change'] as const;

/** The contents of a security event token. */
export interface Signal {
  /** Names this token among all of its transmitter's. */
  id: string;
  transmitter: string;
  tenant: string;
  /** The events that stop a person; empty where none does. */
  events: readonly { event: (typeof STOPPING)[number]; person: string | null }[];
}

export interface Signals {
  /** @throws CountersignError `unauthenticated` for a token that does not count, `invalid-request` for anything but a token, `unavailable` */
  read(token: string): Promise<Signal>;
}

/** Header members that name or bring a key. They are refused, because only the settings say which keys count. */
const KEY_HEADERS = ['jku', 'jwk', 'x5u', 'x5c'];
const SKEW_S = 60;
const STALE_MS = 3_600_000;
const TOKEN_MAX_LENGTH = 64 * 1024;

export function createSignals(
  settings: readonly SignalSettings[],
  { fetch, now }: { fetch: typeof globalThis.fetch; now: () => number },
): Signals {
  const known = new Map(
    settings.map((one) => {
      const { name, issuer, jwksUri } = one;
      return [issuer, { one, keys: new IssuerKeys({ name, issuer, jwksUri, staleMs: STALE_MS, fetch, now }) }];
    }),
  );
  return {
    async read(token) {
      const from = known.get(issuerOf(token));
      if (from === undefined) throw new CountersignError('unauthenticated', 'the event is of no transmitter of ours');
      const claims = await verified(token, from.one, from.keys, now());
      const { name, issuer, tenant } = from.one;
      const id = createHash('sha256')
        .update(`${issuer}\n${claims.jti ?? ''}`)
        .digest('hex')
        .slice(0, 32);
      return { id, transmitter: name, tenant, events: eventsOf(claims, from.one) };
    },
  };
}

function issuerOf(token: string): string {
  if (token.length > TOKEN_MAX_LENGTH) throw new CountersignError('invalid-request', 'the event is too long');
  try {
    return decodeJwt(token).iss ?? '';
  } catch (cause) {
    throw new CountersignError('invalid-request', 'the body is no security event token', { cause });
  }
}

async function verified(token: string, one: SignalSettings, keys: IssuerKeys, now: number): Promise<JWTPayload> {
  const refused = (cause?: unknown): CountersignError =>
    new CountersignError('unauthenticated', `the event of \`${one.name}\` does not count`, { cause });
  try {
    const { kid, ...header } = decodeProtectedHeader(token);
    if (KEY_HEADERS.some((member) => member in header)) throw refused();
    const { payload } = await jwtVerify(token, await keys.with(kid), {
      issuer: one.issuer,
      audience: one.audience,
      algorithms: [...one.algorithms],
      typ: 'secevent+jwt',
      requiredClaims: ['iss', 'aud', 'iat', 'jti', 'events'],
      clockTolerance: SKEW_S,
      currentDate: new Date(now),
    });
    if ((payload.iat ?? Infinity) * 1000 > now + SKEW_S * 1000) throw refused();
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) throw refused(error);
    throw error;
  }
}

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

function eventsOf(claims: JWTPayload, { person }: SignalSettings): Signal['events'] {
  const events = objectOf(claims['events']);
  return STOPPING.flatMap((event) => {
    const said = events[`${CAEP}${event}`];
    if (said === undefined) return [];
    // The subject of the token (SSF 1.0), or of the event (its drafts); of a complex one, the user.
    const subject = objectOf(claims['sub_id'] ?? objectOf(said)['subject'] ?? objectOf(said)['sub_id']);
    return [{ event, person: fillTemplate(person, 'user' in subject ? objectOf(subject['user']) : subject) }];
  });
}
