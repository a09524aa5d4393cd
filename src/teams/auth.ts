/**
 * Whether a request is the Bot Framework's (learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication).
 * Every doubt refuses.
 */
import { importJWK, jwtVerify, type JWK, type JWTHeaderParameters } from 'jose';
import { z } from 'zod';
import { CountersignError } from '../contract/index.ts';

/** The algorithm that Microsoft signs with. No other one is accepted, whatever a key set allows. */
const ALGORITHMS = ['RS256'];
/** Seconds that clocks may differ by, according to the framework's documents. */
const CLOCK_TOLERANCE = 300;
/** Milliseconds after which keys are read again, and between two reads that an unknown key causes. */
const FRESH_MS = 24 * 3_600_000;
const COOLDOWN_MS = 60_000;
const TIMEOUT_MS = 5000;
const ANSWER_MAX = 512 * 1024;
const CHANNEL = 'msteams';

export interface TeamsAuthOptions {
  /** Audience of tokens. */
  appId: string;
  /** OpenID metadata: names the issuer, and where its keys are. */
  metadataUrl: string;
  fetch: typeof globalThis.fetch;
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface TeamsAuth {
  /**
   * Resolves if the token was made for this app, for an activity of this address, by a key of Teams.
   *
   * @throws CountersignError `unauthenticated`, or `unavailable` where no keys can be read
   */
  check(authorization: string | undefined, serviceUrl: string): Promise<void>;
}

const metadataSchema = z.looseObject({ issuer: z.string().min(1), jwks_uri: z.url({ protocol: /^https?$/ }) });
const keySetSchema = z.looseObject({
  keys: z.array(
    z.looseObject({ kid: z.string(), kty: z.literal('RSA'), endorsements: z.array(z.string()).optional() }),
  ),
});

interface Keys {
  issuer: string;
  byId: ReadonlyMap<string, z.infer<typeof keySetSchema>['keys'][number]>;
  at: number;
}

export function createTeamsAuth({ appId, metadataUrl, fetch, now }: TeamsAuthOptions): TeamsAuth {
  let keys: Keys | null = null;
  let triedAt = -Infinity;
  let reading: Promise<void> | null = null;

  const json = async (url: string): Promise<unknown> => {
    const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await answer.text();
    if (!answer.ok || text.length > ANSWER_MAX) throw new Error(`no key set: ${answer.status}`);
    return JSON.parse(text);
  };
  const read = async (): Promise<void> => {
    const { issuer, jwks_uri: uri } = metadataSchema.parse(await json(metadataUrl));
    // In clear only where the metadata itself is: on this machine, in tests.
    if (new URL(uri).protocol !== new URL(metadataUrl).protocol) throw new Error('the keys are not read over TLS');
    const set = keySetSchema.parse(await json(uri));
    keys = { issuer, byId: new Map(set.keys.map((key) => [key.kid, key])), at: now() };
  };
  const withKey = async (kid: string): Promise<Keys> => {
    const wanted = keys === null || !keys.byId.has(kid) || now() - keys.at > FRESH_MS;
    if (wanted && (reading !== null || now() - triedAt > COOLDOWN_MS)) {
      if (reading === null) triedAt = now();
      reading ??= read().finally(() => (reading = null));
      // Known keys serve until they can be read again. Without any, nobody is let in.
      await reading.catch(() => undefined);
    }
    if (keys === null) {
      triedAt = -Infinity;
      throw new CountersignError('unavailable', 'the keys of the Bot Framework cannot be read; nothing is taken in');
    }
    return keys;
  };

  return {
    async check(authorization, serviceUrl) {
      const [, token] = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization ?? '') ?? [];
      if (token === undefined) throw refused('it has no bearer token');
      const { kid } = headerOf(token);
      const { issuer, byId } = await withKey(kid);
      const key = byId.get(kid);
      if (key === undefined) throw refused('its key is unknown');
      if (key.endorsements?.includes(CHANNEL) !== true) throw refused('its key does not speak for Teams');
      const { payload } = await jwtVerify(token, await importJWK(key as JWK, 'RS256'), {
        algorithms: ALGORITHMS,
        issuer,
        audience: appId,
        clockTolerance: CLOCK_TOLERANCE,
        currentDate: new Date(now()),
        requiredClaims: ['exp', 'iss', 'aud'],
      }).catch((error: unknown) => {
        throw refused(error instanceof Error ? error.message : 'its token does not hold');
      });
      if (payload.aud !== appId) throw refused('its token is for others as well');
      if (payload['serviceurl'] !== serviceUrl) throw refused('its token is about another service');
    },
  };
}

function headerOf(token: string): { kid: string } {
  try {
    const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as JWTHeaderParameters;
    if (typeof header.kid === 'string') return { kid: header.kid };
  } catch {
    // Reported below.
  }
  throw refused('its token names no key');
}

const refused = (why: string): CountersignError =>
  new CountersignError('unauthenticated', `this is no request of the Bot Framework: ${why}`);
