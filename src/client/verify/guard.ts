/** The guard in front of an executor: no permit for exactly this, no execution. */
import { Countersign } from '../client.ts';
import { CountersignError } from '../errors.ts';
import type { Action, ActionRequest, Outcome } from '../types.ts';
import { KeySet } from './key-set.ts';
import { checkPermit, keyIdOf, type PermitClaims } from './permit.ts';
import { ReplayCache } from './replay-cache.ts';
import { applyChanges, requestHash } from './request-hash.ts';

export interface GuardOptions {
  /** The surface that this executor serves. */
  surface: string;
  tenant?: string;
  /** The `iss` that permits must have, where one engine of several is meant. */
  issuer?: string;
  /** Where the engine is, for its keys and for redemption. Default: `COUNTERSIGN_URL`. */
  url?: string;
  /** The executor's own API key. Default: `COUNTERSIGN_API_KEY`. */
  key?: string;
  fetch?: typeof globalThis.fetch;
  /**
   * Single use kept by this process alone instead of at the engine, for executors that must go on while it is away. It takes only permits
   * whose policy allows that (`release: { offline: true }`). Report the outcome, however late. Until then the engine cannot know that the action began,
   * and shows it as unreported.
   */
  offline?: boolean | ReplayCache;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/** What is about to run. */
export interface Attempt {
  permit: string | undefined;
  /** The request about to be executed, built from what will really run; with or without the permit's changes. */
  request: ActionRequest;
  /** The version of the resource as found now. Required where the permit binds one. */
  version?: string | undefined;
}

export interface Granted {
  claims: PermitClaims;
  /** The request as released. Execute this and nothing else. */
  request: ActionRequest;
  /** Reports the outcome to the engine. */
  report(outcome: Omit<Outcome, 'permit'>): Promise<Action>;
}

/** Resolves only where execution is allowed, once. @throws CountersignError */
export type VerifyPermit = (attempt: Attempt) => Promise<Granted>;

/**
 * Makes the guard of one surface: signature, audience, tenant, time, the hash of what will really run, the resource's version, and single
 * use, in this order. Every doubt throws.
 */
export function permitVerifier(options: GuardOptions): VerifyPermit {
  const fetch: typeof globalThis.fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  const client = new Countersign({ ...options, fetch });
  const keys = new KeySet(client.url, fetch);
  const clock = options.now ?? Date.now;
  const { surface: audience, tenant = 'default', issuer } = options;
  const offline = options.offline === true ? new ReplayCache({ now: clock() }) : options.offline || null;
  return async ({ permit, request, version }) => {
    if (permit === undefined || permit === '') {
      throw new CountersignError(
        'permit-missing',
        `\`${audience}\` is executed with a permit only; ask for the action first`,
      );
    }
    if (typeof request !== 'object' || request === null) throw differs();
    const now = clock();
    const claims = await checkPermit(permit, await keys.with(keyIdOf(permit), now), {
      audience,
      tenant,
      now: Math.floor(now / 1000),
      ...(issuer === undefined ? {} : { issuer }),
    });
    if (offline !== null && claims.offline !== true) throw needsEngine();
    const released = await releasedRequest(request, claims, offline === null);
    if (claims.ver !== undefined && claims.ver !== version) {
      throw new CountersignError(
        'permit-version-differs',
        `version ${claims.ver} of the resource was judged, and ${version ?? 'no version'} is found; do not execute, report it as skipped`,
      );
    }
    const redeemer = crypto.randomUUID();
    if (offline === null) await client.redeem({ permit, redeemer, request: released, audience });
    else offline.use(claims, Math.floor(now / 1000));
    const taken = offline === null ? {} : { redeemer, redeemedAt: new Date(now).toISOString() };
    return {
      claims,
      request: released,
      report: (outcome) => client.report(claims.act, { ...outcome, ...taken, permit }),
    };
  };
}

/** The request with the permit's changes. The permit binds the hash of it. With `content`, only the engine can compare. */
async function releasedRequest(
  request: ActionRequest,
  { req, changes }: PermitClaims,
  engine: boolean,
): Promise<ActionRequest> {
  const released = changes === undefined ? request : applyChanges(request, changes);
  if (request.content !== undefined && engine) return released;
  if ((await requestHash(released)) !== req) throw differs();
  return released;
}

const needsEngine = (): CountersignError =>
  new CountersignError(
    'permit-needs-engine',
    'policy does not let this permit be used without the engine; do not execute. redeem it there, or let policy say `release: { offline: true }`',
  );

const differs = (): CountersignError =>
  new CountersignError(
    'permit-request-differs',
    'what is about to run differs from the request that was released; execute exactly that one',
  );
