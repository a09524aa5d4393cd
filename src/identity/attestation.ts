/**
 * The gateway's signed word that a human, or a service's key, said something (contract section 4). A writer to the Temporal namespace can
 * send any message, but cannot make this.
 */
import { randomUUID } from 'node:crypto';
import { decodeProtectedHeader } from 'jose';
import { z } from 'zod';
import { BoundedMap } from '../canonical/index.ts';
import { CountersignError, DECISIONS, DOORS, OUTCOME_STATUSES, jsonObject, planStepSchema } from '../contract/index.ts';
import type { PublicJwk, Signer } from '../sealing/index.ts';
import { callerSchema } from './caller.ts';
import { isCompact, signCompact, trustedKeys, verifyCompact, type PublicKeys, type TrustedKeys } from './jws.ts';

const TYP = 'attestation+jwt';
const AUDIENCE = 'countersign:engine';

const text = z.string().max(4096);

const head = {
  tenant: text,
  /** Action id. */
  action: text,
  /** Who said it: a directory id, or `key:<id>`. */
  by: text,
  via: z.enum(DOORS),
};

/** The Slack identity and message that a click came from. */
const slack = z.strictObject({ workspace: text, user: text, channel: text, message: text }).nullable().default(null);
const shownSchema = z
  .strictObject({ hash: text, renderer: text, opening: text.exactOptional() })
  .nullable()
  .default(null);

const startSchema = z.strictObject({
  kind: z.literal('start'),
  ...head,
  /** Hash of the authenticated request. The attestation counts for no other request. */
  requestHash: text,
  /** Who was authenticated and what they may ask, so that the engine can judge a conflict of identity itself. */
  caller: callerSchema,
  /** Hash of the policy bundle in force at submission: the action is judged by it, whatever is published meanwhile. */
  bundle: text.nullable().default(null),
  /** The step of a plan that is started; left out for an action that is asked alone. */
  step: planStepSchema.exactOptional(),
});

/** A whole plan was asked; `action` is its id. */
const planSchema = z.strictObject({
  kind: z.literal('plan'),
  ...head,
  /** Hash of the authenticated body. */
  bodyHash: text,
  caller: callerSchema,
  bundle: text.nullable().default(null),
});

const decideSchema = z.strictObject({
  kind: z.literal('decide'),
  ...head,
  /** Hash of the request that was decided on. */
  requestHash: text.nullable().default(null),
  decision: z.enum(DECISIONS),
  stage: z.int().nonnegative().nullable().default(null),
  reason: text.nullable().default(null),
  changes: jsonObject.nullable().default(null),
  until: z.iso.datetime().nullable().default(null),
  slack,
  shown: shownSchema,
  responsibility: text.nullable().default(null),
  delegation: z.strictObject({ id: text, from: text }).nullable().default(null),
  assurance: jsonObject.nullable().default(null),
});

const cancelSchema = z.strictObject({
  kind: z.literal('cancel'),
  ...head,
  reason: text.nullable().default(null),
  slack,
});
const answerSchema = z.strictObject({ kind: z.literal('answer'), ...head, reason: text, slack });
const outcomeSchema = z.strictObject({ kind: z.literal('outcome'), ...head, status: z.enum(OUTCOME_STATUSES) });
const reconcileSchema = z.strictObject({
  kind: z.literal('reconcile'),
  ...head,
  status: z.enum(OUTCOME_STATUSES),
  reason: text,
});

/** What a reviewer found of a break-glass release. */
const reviewSchema = z.strictObject({
  kind: z.literal('review'),
  ...head,
  right: z.boolean(),
  reason: text,
  slack,
  shown: shownSchema,
});

/** People who could not be told that they are asked, by the worker that tried. */
const unreachableSchema = z.strictObject({ kind: z.literal('unreachable'), ...head, people: z.array(text).max(1000) });

const claimsSchema = z.discriminatedUnion('kind', [
  startSchema,
  planSchema,
  decideSchema,
  cancelSchema,
  answerSchema,
  outcomeSchema,
  reconcileSchema,
  reviewSchema,
  unreachableSchema,
]);

/** What is attested; optional fields may be left out when attesting and are null when read. */
export type AttestationInput = z.input<typeof claimsSchema>;
export type AttestationKind = AttestationInput['kind'];
/** What was attested. `iat` and `exp` are seconds since the epoch, `jti` is unique. */
export type Attestation = z.output<typeof claimsSchema> & { iat: number; exp: number; jti: string };
export type AttestationOf<K extends AttestationKind> = Extract<Attestation, { kind: K }>;

/** The kind that a message must have, and the action it must be about. An attestation for one action never counts for another. */
export interface Expected<K extends AttestationKind> {
  kind: K;
  tenant: string;
  action: string;
}

/** Makes attestations, and checks those of this stack. */
export interface Attestor {
  /** @throws CountersignError `internal` when the claims are not of their shape: nothing malformed is ever signed. */
  attest(claims: AttestationInput): Promise<string>;
  /** As {@link verifyAttestation}. @param now Milliseconds since the epoch. */
  verify<K extends AttestationKind>(jws: string, now: number, expected: Expected<K>): Promise<AttestationOf<K>>;
}

/** The validity of an attestation in seconds. A start that no worker sees in time is refused; ask again with a new key. */
const LIFETIME: Record<AttestationKind, number> = {
  start: 15 * 60,
  plan: 15 * 60,
  decide: 15 * 60,
  cancel: 15 * 60,
  answer: 15 * 60,
  outcome: 15 * 60,
  reconcile: 15 * 60,
  review: 15 * 60,
  unreachable: 24 * 3600,
};

/** How many recent attestations an attestor remembers. */
const REMEMBERED = 1000;

/**
 * @param signer A function where the key rotates: it is asked at each use.
 * @param now Milliseconds since the epoch.
 * @param keys The public keys of the stack. Without them it trusts nobody.
 */
export function createAttestor(
  signer: Signer | (() => Signer),
  now: () => number = Date.now,
  keys: () => PublicKeys = () => [],
): Attestor {
  const trusted = trustedKeys(keys);
  /** The latest attestations made here. Their signatures need no second check; everything else is checked as always. */
  const made = new BoundedMap<string, { key: PublicJwk; claims: Attestation }>(REMEMBERED);
  const isTrusted = (signing: PublicJwk): boolean => keys().some((key) => 'x' in key && key.x === signing.x);
  return {
    async attest(input) {
      const claims = claimsSchema.safeParse(input);
      if (!claims.success) {
        throw new CountersignError(
          'internal',
          `an attestation was asked for that cannot be made: ${z.prettifyError(claims.error)}`,
        );
      }
      const iat = Math.floor(now() / 1000);
      const times = { iat, exp: iat + LIFETIME[claims.data.kind], jti: randomUUID() };
      const key = typeof signer === 'function' ? signer() : signer;
      const jws = await signCompact(key, TYP, { ...claims.data, aud: AUDIENCE, ...times });
      made.set(jws, { key: key.publicJwk, claims: { ...claims.data, ...times } });
      return jws;
    },
    async verify(jws, at, expected) {
      const before = made.get(jws);
      if (before !== undefined && isCurrent(before.claims, at) && isTrusted(before.key))
        return about(before.claims, expected);
      return verifyAttestation(jws, trusted, at, expected);
    },
  };
}

/** Whether a token claims to be an attestation. {@link verifyAttestation} checks it. */
export function isAttestation(token: string): boolean {
  try {
    return isCompact(token) && decodeProtectedHeader(token).typ === TYP;
  } catch {
    return false;
  }
}

const NEXT = 'send the message through the gateway, which attests it';

const signedSchema = z.looseObject({ aud: z.unknown(), iat: z.int(), exp: z.int(), jti: z.string() });

/**
 * What a gateway of this stack attested. It says who spoke. The reducer decides whether they may.
 *
 * @param now Milliseconds since the epoch.
 * @throws CountersignError `unauthenticated` when it was not signed by this stack, has expired or is malformed; `forbidden` when it
 * is about something else.
 */
export async function verifyAttestation<K extends AttestationKind>(
  jws: string,
  keys: TrustedKeys,
  now: number,
  expected: Expected<K>,
): Promise<AttestationOf<K>> {
  const payload = await verifyCompact(jws, keys, {
    typ: TYP,
    audience: AUDIENCE,
    now,
    code: 'unauthenticated',
    what: 'the attestation',
    next: NEXT,
  });
  const signed = signedSchema.safeParse(payload);
  const { aud: _aud, iat: _iat, exp: _exp, jti: _jti, ...rest } = payload;
  const claims = claimsSchema.safeParse(rest);
  if (!signed.success || !claims.success) {
    throw new CountersignError('unauthenticated', `the attestation is not one that this version knows; ${NEXT}`);
  }
  const { iat, exp, jti } = signed.data;
  return about({ ...claims.data, iat, exp, jti }, expected);
}

const isCurrent = ({ iat, exp }: Attestation, now: number): boolean => iat * 1000 <= now && now < exp * 1000;

function about<K extends AttestationKind>(claims: Attestation, expected: Expected<K>): AttestationOf<K> {
  for (const field of ['kind', 'tenant', 'action'] as const) {
    if (claims[field] !== expected[field]) {
      throw new CountersignError('forbidden', `the attestation is for another ${field}; ${NEXT}`);
    }
  }
  return claims as AttestationOf<K>;
}
