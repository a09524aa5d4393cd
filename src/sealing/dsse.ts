/** DSSE v1 envelopes (github.com/secure-systems-lab/dsse, protocol.md and envelope.md). */
import { canonicalBytes, concatBytes, fromBase64, toBase64, utf8 } from '../canonical/index.ts';
import { ENVELOPE_MAX_BYTES, RECORD_PAYLOAD_TYPE, type Envelope, type RecordPayload } from '../contract/index.ts';
import { EvidenceError, reading } from '../ledger/index.ts';
import { decodeRecord } from './record.ts';
import { fromDer, toDer } from './ecdsa-der.ts';
import { isSignedBy, nobleVerify, type PublicJwk, type Signer, type VerifySignature } from './signer.ts';

/** The most signatures in an envelope; more are not read. */
const MAX_SIGNATURES = 16;

/** What is signed: `DSSEv1 <type length> <type> <payload length> <payload>`. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType);
  return concatBytes(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload);
}

/** Wraps the bytes of a record and signs them. ECDSA goes in as DER, which is what public DSSE verifiers (sigstore, in-toto) read. */
export const signEnvelope = (payload: Uint8Array, signer: Signer): Promise<Envelope> =>
  signPayload(RECORD_PAYLOAD_TYPE, payload, signer);

/** Wraps bytes of another kind than a record, under their own type. */
export async function signPayload(payloadType: string, payload: Uint8Array, signer: Signer): Promise<Envelope> {
  const made = await signer.sign(preAuthEncoding(payloadType, payload));
  const signature = signer.algorithm === 'ES256' ? toDer(made) : made;
  return {
    payloadType,
    payload: toBase64(payload),
    signatures: [{ keyid: signer.kid, sig: toBase64(signature) }],
  };
}

/** The entry of the log: the envelope's canonical bytes. @throws EvidenceError `envelope-too-large` */
export function envelopeBytes(envelope: Envelope): Uint8Array {
  const bytes = canonicalBytes(envelope);
  if (bytes.length > ENVELOPE_MAX_BYTES) {
    throw new EvidenceError(
      'envelope-too-large',
      `an envelope has ${bytes.length} bytes, and an entry of the log at most ${ENVELOPE_MAX_BYTES}; disclose less`,
    );
  }
  return bytes;
}

/** Reads an envelope that a stranger sent. @throws EvidenceError `envelope-malformed` */
export function parseEnvelope(value: unknown): Envelope {
  const fail = (why: string): never => {
    throw new EvidenceError('envelope-malformed', `the envelope ${why}`);
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('is not an object');
  const { payloadType, payload, signatures, ...rest } = value as Record<string, unknown>;
  if (Object.keys(rest).length > 0) return fail('has members that an envelope does not have');
  if (typeof payloadType !== 'string' || typeof payload !== 'string') return fail('has no payload or no payload type');
  if (!Array.isArray(signatures) || signatures.length === 0 || signatures.length > MAX_SIGNATURES) {
    return fail(`does not have from 1 to ${MAX_SIGNATURES} signatures`);
  }
  // Not `map`, which skips the holes of a sparse array.
  const read = Array.from(signatures, (entry: unknown) => {
    const members: object = typeof entry === 'object' && entry !== null ? entry : {};
    const { keyid, sig, ...more } = members as Record<string, unknown>;
    if (typeof keyid !== 'string' || typeof sig !== 'string' || Object.keys(more).length > 0) {
      return fail('has a signature that is not keyid and sig');
    }
    return { keyid, sig };
  });
  return { payloadType, payload, signatures: read };
}

/** An envelope's payload, after one of the known keys was found to have signed it. */
export interface OpenedEnvelope {
  payload: Uint8Array;
  key: PublicJwk;
}

/**
 * Checks an envelope: payload type, then that a known key signed it.
 *
 * @throws EvidenceError `payload-type-unknown`, `envelope-malformed`, `envelope-too-large`, `record-key-unknown`, `record-signature-wrong`
 */
export async function openEnvelope(
  envelope: Envelope,
  keys: readonly PublicJwk[],
  verify: VerifySignature = nobleVerify,
): Promise<OpenedEnvelope> {
  if (envelope.payloadType !== RECORD_PAYLOAD_TYPE) {
    throw new EvidenceError('payload-type-unknown', 'the envelope does not hold a record of Countersign');
  }
  const payload = reading('envelope-malformed', 'the payload of the envelope', () => fromBase64(envelope.payload));
  const signed = preAuthEncoding(envelope.payloadType, payload);
  let known = false;
  for (const { keyid, sig } of envelope.signatures) {
    const key = keys.find(({ kid }) => kid === keyid);
    // DSSE: a signature by an unknown key neither helps nor harms.
    if (key === undefined) continue;
    known = true;
    const sent = reading('envelope-malformed', 'a signature of the envelope', () => fromBase64(sig));
    const signature = key.alg === 'ES256' ? fromDer(sent) : sent;
    if (signature !== null && (await isSignedBy(verify, key, signed, signature))) return { payload, key };
  }
  if (!known) {
    const next = 'get the record keys of its log';
    throw new EvidenceError('record-key-unknown', `no key that you trust signed this record; ${next}`);
  }
  const why = 'it was changed, or another key made it';
  throw new EvidenceError('record-signature-wrong', `the signature of the record does not fit: ${why}`);
}

/**
 * The record of an envelope that a known key signed: {@link openEnvelope}, then {@link decodeRecord}.
 *
 * @throws EvidenceError as both do
 */
export async function verifyEnvelope(
  envelope: unknown,
  keys: readonly PublicJwk[],
  verify: VerifySignature = nobleVerify,
): Promise<RecordPayload> {
  const { payload } = await openEnvelope(parseEnvelope(envelope), keys, verify);
  return decodeRecord(payload);
}
