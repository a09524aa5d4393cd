/** People sign in with the owner's identity provider: OpenID Connect, authorization code flow with PKCE; or the device flow. */
import * as oidc from 'openid-client';
import { CountersignError, faultOfActorId } from '../contract/index.ts';
import { claimText, fillTemplate } from './claims.ts';
import { isTrustworthy } from './issuer-keys.ts';

/** One identity provider of the settings. */
export interface SignInSettings {
  name: string;
  issuer: string;
  clientId: string;
  /** Null for a public client. */
  clientSecret: string | null;
  /** Template of the person's directory id over the claims of the ID token, such as `user:{email}`. */
  person: string;
  /** Claims that must be there with exactly this value. */
  requires: Readonly<Record<string, string | number | boolean>>;
  scopes: readonly string[];
  tenant: string;
}

/** The state of a sign-in, which the browser's answer has to match. It stays with the browser, and is of no use to others. */
export interface PendingSignIn {
  provider: string;
  state: string;
  nonce: string;
  verifier: string;
  redirectUri: string;
  /** Seconds since the person last proved who they are, at most; null for half a day. */
  maxAge: number | null;
}

export interface SignedIn {
  provider: string;
  tenant: string;
  /** Directory id. */
  person: string;
  /** Milliseconds since the epoch; 0 where the provider does not say. */
  provedAt: number;
}

export interface DeviceSignIn {
  provider: string;
  deviceCode: string;
  userCode: string;
  verificationUri: string;
  /** Seconds. */
  interval: number;
  expiresIn: number;
}

export interface SignIn {
  /** Names of the providers, in the order of the settings. */
  readonly providers: readonly string[];
  /** @throws CountersignError `not-found`, `unavailable` */
  begin(
    provider: string | undefined,
    redirectUri: string,
    maxAge: number | null,
  ): Promise<{ url: string; pending: PendingSignIn }>;
  /** @throws CountersignError `unauthenticated` for an answer that does not match, `unavailable` */
  finish(callback: URL, pending: PendingSignIn): Promise<SignedIn>;
  /** @throws CountersignError `not-found`, `unavailable` */
  beginDevice(provider: string | undefined): Promise<DeviceSignIn>;
  /** Null while the person has not finished. @throws CountersignError `unauthenticated`, `unavailable` */
  finishDevice(provider: string, deviceCode: string): Promise<SignedIn | null>;
}

/** How long a provider's metadata is cached, in milliseconds. */
const FRESH_MS = 10 * 60_000;
const TIMEOUT_S = 10;
/** Seconds for which a proof of who somebody is serves for further sign-ins. */
const MAX_AGE_S = 12 * 3600;
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

export function createSignIn(settings: readonly SignInSettings[], now: () => number): SignIn {
  const known = new Map<string, { at: number; config: Promise<oidc.Configuration> }>();
  const settingsOf = (name: string | undefined): SignInSettings => {
    const provider = name === undefined ? settings[0] : settings.find((one) => one.name === name);
    if (provider !== undefined) return provider;
    throw new CountersignError(
      'not-found',
      'there is no such identity provider to sign in with; `signIn` in COUNTERSIGN_ISSUERS names them',
    );
  };
  const configOf = (one: SignInSettings): Promise<oidc.Configuration> => {
    const before = known.get(one.name);
    if (before !== undefined && now() - before.at < FRESH_MS) return before.config;
    const config = discover(one);
    known.set(one.name, { at: now(), config });
    config.catch(() => known.delete(one.name));
    return config;
  };
  return {
    providers: settings.map(({ name }) => name),

    async begin(name, redirectUri, maxAge) {
      const one = settingsOf(name);
      const config = await configOf(one);
      const verifier = oidc.randomPKCECodeVerifier();
      const pending = {
        provider: one.name,
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier,
        redirectUri,
        maxAge,
      };
      const url = oidc.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: one.scopes.join(' '),
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        // Asked for in any case, so that the provider says when (OpenID Connect Core 1.0 section 2, `auth_time`).
        max_age: String(maxAge ?? MAX_AGE_S),
      });
      return { url: url.href, pending };
    },

    async finish(callback, pending) {
      const one = settingsOf(pending.provider);
      const config = await configOf(one);
      const tokens = await believed(() =>
        oidc.authorizationCodeGrant(config, callback, {
          pkceCodeVerifier: pending.verifier,
          expectedState: pending.state,
          expectedNonce: pending.nonce,
          idTokenExpected: true,
          maxAge: pending.maxAge ?? MAX_AGE_S,
        }),
      );
      return personOf(one, tokens.claims(), now());
    },

    async beginDevice(name) {
      const one = settingsOf(name);
      const config = await configOf(one);
      const asked = await believed(() => oidc.initiateDeviceAuthorization(config, { scope: one.scopes.join(' ') }));
      return {
        provider: one.name,
        deviceCode: asked.device_code,
        userCode: asked.user_code,
        expiresIn: asked.expires_in,
        verificationUri: asked.verification_uri_complete ?? asked.verification_uri,
        interval: asked.interval ?? 5,
      };
    },

    async finishDevice(name, deviceCode) {
      const one = settingsOf(name);
      const config = await configOf(one);
      try {
        const tokens = await oidc.genericGrantRequest(config, DEVICE_GRANT, { device_code: deviceCode });
        return personOf(one, tokens.claims(), now());
      } catch (error) {
        const waits =
          error instanceof oidc.ResponseBodyError && /^(authorization_pending|slow_down)$/.test(error.error);
        if (waits) return null;
        throw notBelieved(error);
      }
    },
  };
}

async function discover({ issuer, clientId, clientSecret }: SignInSettings): Promise<oidc.Configuration> {
  if (!isTrustworthy(issuer))
    throw new CountersignError('configuration', 'an identity provider is at https, or on this machine');
  const insecure = issuer.startsWith('http:');
  try {
    return await oidc.discovery(
      new URL(issuer),
      clientId,
      undefined,
      clientSecret === null ? oidc.None() : oidc.ClientSecretPost(clientSecret),
      // Only this machine is reached without TLS, which was checked above.
      { timeout: TIMEOUT_S, ...(insecure ? { execute: [oidc.allowInsecureRequests] } : {}) },
    );
  } catch (cause) {
    throw new CountersignError('unavailable', 'the identity provider cannot be reached; try again in a moment', {
      cause,
    });
  }
}

async function believed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw notBelieved(error);
  }
}

function notBelieved(cause: unknown): CountersignError {
  const down = cause instanceof TypeError || (cause instanceof Error && cause.name === 'TimeoutError');
  return down
    ? new CountersignError('unavailable', 'the identity provider does not answer; sign in again in a moment', { cause })
    : new CountersignError('unauthenticated', 'the identity provider’s answer does not count; sign in again', {
        cause,
      });
}

function personOf(one: SignInSettings, claims: oidc.IDToken | undefined, now: number): SignedIn {
  const refused = (why: string): CountersignError =>
    new CountersignError('unauthenticated', `the sign-in at \`${one.name}\` does not count: ${why}`);
  if (claims === undefined) throw refused('it came without an ID token');
  for (const [claim, value] of Object.entries(one.requires)) {
    if (claimText(claims, claim) !== String(value)) throw refused(`its claim \`${claim}\` is not the required one`);
  }
  const person = fillTemplate(one.person, claims);
  if (person === null || faultOfActorId(person) !== null) throw refused('its claims do not say who you are');
  const provedAt = typeof claims.auth_time === 'number' ? claims.auth_time * 1000 : 0;
  return { provider: one.name, tenant: one.tenant, person, provedAt: Math.min(provedAt, now) };
}
