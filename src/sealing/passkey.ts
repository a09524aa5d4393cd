/**
 * Passkeys (docs/formats.md, "Passkey decisions"): the records that introduce and revoke them, and what a person signs with one. Each
 * passkey has its chain, whose `action` is `passkey:` and the SHA-256 of its credential id.
 */
import { z } from 'zod';
import {
  canonicalBytes,
  fromBase64Url,
  HASH_PATTERN,
  isCanonicalError,
  sha256,
  sha256Hex,
} from '../canonical/index.ts';
import type { DecisionRecord, JsonObject, OtherRecord, RecordPayload } from '../contract/index.ts';
import { EvidenceError } from '../ledger/index.ts';
import { readPublicJwk, type PublicJwk } from './signer.ts';

const PREFIX = 'passkey:';
/** Of what is signed. */
export const STATEMENT_KIND = 'countersign.decision/v1';
/** Of the assertion in a decision's record. */
export const ASSURANCE_KIND = 'countersign.passkey/v1';

/** Bytes that a credential id may have (WebAuthn level 3, section 4). */
const CREDENTIAL_BYTES = 1023;

/** A passkey that a person enrolled. */
export interface PasskeyEnrolment {
  change: 'introduce';
  use: 'passkey';
  /** Directory id. Only this person's decisions count with it. */
  person: string;
  /** Credential id, base64url. */
  credential: string;
  /** RFC 7638 thumbprint of the key. */
  kid: string;
  key: PublicJwk;
  /** The relying party and the origin that it was made for, and counts for. */
  rpId: string;
  origin: string;
  /** The authenticator's signature counter at that time. */
  counter: number;
  /** The authenticator's model; zeros where it does not say. */
  aaguid: string;
  /** What the person calls it. */
  name: string | null;
}

/** The passkey is revoked. */
export interface PasskeyRevocation {
  change: 'revoke';
  use: 'passkey';
  person: string;
  credential: string;
  kid: string;
}

export type PasskeyChange = PasskeyEnrolment | PasskeyRevocation;

const whose = { use: z.literal('passkey'), person: z.string(), credential: z.string(), kid: z.string() };
const changeSchema = z.discriminatedUnion('change', [
  z.looseObject({
    change: z.literal('introduce'),
    ...whose,
    key: z.looseObject({}),
    rpId: z.string().min(1),
    origin: z.string().min(1),
    counter: z.int().nonnegative(),
    aaguid: z.string(),
    name: z.string().nullable(),
  }),
  z.looseObject({ change: z.literal('revoke'), ...whose }),
]);

/** `action` of the records about a passkey. @throws CanonicalError when the id is not base64url */
export function passkeyChain(credential: string): string {
  return PREFIX + sha256Hex(fromBase64Url(credential));
}

/** Whether a record is about a passkey, not about a key that signs evidence. */
export function isAboutPasskey({ type, action }: Pick<RecordPayload, 'type' | 'action'>): boolean {
  return type === 'key' && action.startsWith(PREFIX);
}

/** The body of a record about a passkey. */
export function passkeyBody(change: PasskeyChange): OtherRecord['body'] {
  return JSON.parse(JSON.stringify(change)) as OtherRecord['body'];
}

/**
 * What a record says about a passkey; null for any other record.
 *
 * @throws EvidenceError `key-record-malformed` when it says nothing of the sort, its key is not the one that it names, or somebody other than its person enrolled it
 */
export function passkeyChangeOf(record: RecordPayload): PasskeyChange | null {
  if (!isAboutPasskey(record) || !('body' in record)) return null;
  const read = changeSchema.safeParse(record.body);
  if (!read.success) throw malformed('says nothing that is known of a passkey');
  const change = read.data;
  if (chainOf(change.credential) !== record.action) throw malformed('names another credential than its chain');
  const { use, person, credential, kid } = change;
  if ((change.change === 'introduce') !== (record.seq === 0)) throw malformed('is out of its order');
  if (change.change === 'revoke') return { change: 'revoke', use, person, credential, kid };
  if (record.by !== person)
    throw malformed(`is by ${record.by ?? 'nobody'}, and only ${person} can bring in their own`);
  const key = readPublicJwk(change.key);
  if (key === null || key.kid !== kid) throw malformed('shows no key of its kind, or another than it names');
  const { rpId, origin, counter, aaguid, name } = change;
  return { change: 'introduce', use, person, credential, kid, key, rpId, origin, counter, aaguid, name };
}

function chainOf(credential: string): string | null {
  try {
    return fromBase64Url(credential).length > CREDENTIAL_BYTES ? null : passkeyChain(credential);
  } catch (error) {
    if (isCanonicalError(error)) return null;
    throw error;
  }
}

const malformed = (why: string): EvidenceError =>
  new EvidenceError('key-record-malformed', `a record about a passkey ${why}`);

/** The members of a decision's record that its passkey signs. */
export type DecidedMembers = Pick<
  DecisionRecord,
  | 'tenant'
  | 'action'
  | 'requestHash'
  | 'surface'
  | 'stage'
  | 'decision'
  | 'by'
  | 'delegation'
  | 'reason'
  | 'via'
  | 'shown'
  | 'responsibility'
  | 'changes'
  | 'until'
>;

/**
 * Exactly what is decided.
 *
 * @param after Hash of the action's newest record when it was signed: the signature counts once, and not for anything later.
 */
export function decisionStatement(decided: DecidedMembers, after: string): JsonObject {
  const { tenant, action, requestHash, surface, stage, decision, by, delegation } = decided;
  const { reason, via, shown, responsibility, changes, until } = decided;
  const who = { by, delegation: delegation === null ? null : { ...delegation } };
  const seen = { shown: shown === null ? null : { ...shown }, responsibility };
  const what = { stage, decision, reason, changes: changes as JsonObject | null, until, via };
  return { kind: STATEMENT_KIND, tenant, action, requestHash, surface, ...what, ...who, ...seen, after };
}

/** The challenge of a statement: the SHA-256 of its canonical form, 32 bytes. */
export function challengeOf(statement: JsonObject): Uint8Array {
  return sha256(canonicalBytes(statement));
}

const base64Url = (bytes: number): z.ZodString =>
  z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(Math.ceil((bytes * 4) / 3));

/** Bytes that each part of an assertion may have: a record has to fit into its entry of the log. */
export const ASSERTION_BYTES = {
  credential: CREDENTIAL_BYTES,
  clientData: 4096,
  authenticatorData: 2048,
  signature: 512,
};

const assuranceSchema = z.looseObject({
  kind: z.literal(ASSURANCE_KIND),
  enrolment: z.string().regex(HASH_PATTERN),
  credential: base64Url(ASSERTION_BYTES.credential),
  after: z.string().regex(HASH_PATTERN),
  authenticatorData: base64Url(ASSERTION_BYTES.authenticatorData),
  clientDataJSON: base64Url(ASSERTION_BYTES.clientData),
  signature: base64Url(ASSERTION_BYTES.signature),
});

/** `assurance` of a decision's record. Bytes are base64url, as the browser gave them. */
export type PasskeyAssurance = z.infer<typeof assuranceSchema>;

/** @throws EvidenceError `passkey-malformed` */
export function readAssurance(assurance: DecisionRecord['assurance']): PasskeyAssurance {
  const read = assuranceSchema.safeParse(assurance);
  if (read.success) return read.data;
  throw new EvidenceError('passkey-malformed', 'the decision does not hold an assertion of a passkey in its form');
}
