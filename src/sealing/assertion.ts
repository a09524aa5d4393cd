/**
 * A decision's passkey assertion, verified by anybody: WebAuthn level 3, section 7.2, with a challenge that is computed from the decision's
 * record instead of remembered. An attacker may have written the assertion.
 */
import {
  concatBytes,
  equalBytes,
  fromBase64Url,
  fromUtf8,
  readSealed,
  sha256,
  toBase64Url,
  utf8,
} from '../canonical/index.ts';
import type { DecisionRecord, RecordPayload } from '../contract/index.ts';
import { EvidenceError, reading, type EvidenceReason } from '../ledger/index.ts';
import { fromDer } from './ecdsa-der.ts';
import {
  challengeOf,
  decisionStatement,
  passkeyChangeOf,
  readAssurance,
  type DecidedMembers,
  type PasskeyAssurance,
  type PasskeyEnrolment,
} from './passkey.ts';
import { isSignedBy, nobleVerify, type VerifySignature } from './signer.ts';

/** A record that introduces a passkey, and its hash. */
export interface EnrolmentRecord {
  record: RecordPayload;
  hash: string;
}

export interface VerifiedAssertion {
  enrolment: PasskeyEnrolment;
  /** Of the enrolment's record. */
  enrolmentHash: string;
  /** Hash of the action's newest record when it was signed. */
  after: string;
  /** The authenticator's signature counter; 0 where it has none. */
  counter: number;
  /** The key may be on several of the person's devices. */
  backedUp: boolean;
}

const FLAG = { present: 0x01, verified: 0x04, backedUp: 0x10, attested: 0x40, extended: 0x80 };
/** Hash of the relying party's id, flags, counter. */
const HEAD_BYTES = 37;

/**
 * Verifies that the person of the enrolment signed this very decision with their passkey: form → enrolment and person → challenge, origin
 * and relying party → presence and verification of the person → signature.
 *
 * A reader of the log checks the rest: that the enrolment is in it and not revoked, and that the counter only grows.
 *
 * @param decision The decision's record, or what is about to become one.
 * @throws EvidenceError with the exact reason, and nothing else
 */
export async function verifyPasskeyDecision(
  decision: DecidedMembers & Pick<DecisionRecord, 'assurance'>,
  enrolment: EnrolmentRecord,
  { verify = nobleVerify }: { verify?: VerifySignature } = {},
): Promise<VerifiedAssertion> {
  const assurance = readAssurance(decision.assurance);
  const passkey = enrolmentFor(decision, assurance, enrolment);

  const clientData = bytesOf(assurance.clientDataJSON, 'the client data');
  checkClientData(clientData, challengeOf(decisionStatement(decision, assurance.after)), passkey);

  const authenticatorData = bytesOf(assurance.authenticatorData, 'the authenticator data');
  const { counter, flags } = checkAuthenticator(authenticatorData, passkey);

  const given = bytesOf(assurance.signature, 'the signature');
  // WebAuthn gives ECDSA as DER (section 6.5.5), the key's interface takes `r || s`.
  const signature = passkey.key.alg === 'ES256' ? fromDer(given) : given;
  const signed = concatBytes(authenticatorData, sha256(clientData));
  if (signature === null || !(await isSignedBy(verify, passkey.key, signed, signature))) {
    throw wrong('passkey-signature-wrong', 'the signature was not made by the passkey that was enrolled');
  }
  return {
    enrolment: passkey,
    enrolmentHash: enrolment.hash,
    after: assurance.after,
    counter,
    backedUp: (flags & FLAG.backedUp) !== 0,
  };
}

function enrolmentFor(
  { tenant, by }: DecidedMembers,
  assurance: PasskeyAssurance,
  { record, hash }: EnrolmentRecord,
): PasskeyEnrolment {
  const passkey = passkeyChangeOf(record);
  if (
    passkey?.change !== 'introduce' ||
    assurance.enrolment !== hash ||
    assurance.credential !== passkey.credential ||
    record.tenant !== tenant
  ) {
    throw wrong('passkey-enrolment-differs', `it names another passkey than the one enrolled in ${hash}`);
  }
  if (passkey.person !== by) {
    throw wrong(
      'passkey-person-differs',
      `the passkey is that of ${passkey.person}, and ${by} is said to have decided`,
    );
  }
  return passkey;
}

function checkClientData(bytes: Uint8Array, challenge: Uint8Array, { origin }: PasskeyEnrolment): void {
  const value = reading('passkey-malformed', 'the client data', () => readSealed(fromUtf8(bytes)));
  const said = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (said['type'] !== 'webauthn.get') throw wrong('passkey-malformed', 'the client data is of no assertion');
  if (said['challenge'] !== toBase64Url(challenge)) {
    throw wrong('passkey-challenge-differs', 'the passkey signed another decision, or the action as it was before');
  }
  if (said['origin'] !== origin || said['crossOrigin'] === true || 'topOrigin' in said) {
    throw wrong(
      'passkey-origin-differs',
      `it was signed at another place than \`${origin}\`, for which the passkey was made`,
    );
  }
}

function checkAuthenticator(data: Uint8Array, { rpId }: PasskeyEnrolment): { counter: number; flags: number } {
  const flags = data[32] ?? 0;
  const bare = (flags & (FLAG.attested | FLAG.extended)) === 0;
  if (data.length < HEAD_BYTES || (bare && data.length !== HEAD_BYTES)) {
    throw wrong('passkey-malformed', 'the authenticator data is not of its form');
  }
  if (!equalBytes(data.subarray(0, 32), sha256(utf8(rpId)))) {
    throw wrong('passkey-rp-differs', `it was signed for another relying party than \`${rpId}\``);
  }
  const needed = FLAG.present | FLAG.verified;
  if ((flags & needed) !== needed) {
    throw wrong('passkey-not-verified', 'the authenticator did not verify that it was its own person who signed');
  }
  const counter = data.subarray(33, HEAD_BYTES).reduce((sum, byte) => sum * 256 + byte, 0);
  return { counter, flags };
}

const bytesOf = (text: string, what: string): Uint8Array =>
  reading('passkey-malformed', what, () => fromBase64Url(text));

const wrong = (reason: EvidenceReason, message: string): EvidenceError => new EvidenceError(reason, message);
