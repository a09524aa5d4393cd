/** Making and checking the signatures of notes: a log's own (Ed25519) and a witness's (C2SP tlog-cosignature, version 1). */
import { concatBytes, utf8 } from '../canonical/index.ts';
import { ED25519_SIGNATURE_BYTES, nobleVerifyEd25519, type SignEd25519, type VerifyEd25519 } from './ed25519.ts';
import { EvidenceError } from './error.ts';
import { formatNote, NOTE_ALGORITHMS, parseNote, type NoteKey, type NoteSignature } from './note.ts';

/** A note signature that holds. */
export interface VerifiedSignature {
  key: NoteKey;
  /** Of a cosignature, when the witness saw the checkpoint, in seconds since the epoch; null for a log's own signature. */
  time: number | null;
}

export interface VerifiedNote {
  text: string;
  /** By the known keys, each once, in the order of the note. Never empty. */
  signatures: VerifiedSignature[];
}

const TIMESTAMP_BYTES = 8;

/** Signs the text of a note with a log's key, and then with further keys, such as those that it replaces. */
export async function signNote(
  text: string,
  key: NoteKey,
  sign: SignEd25519,
  others: readonly { key: NoteKey; sign: SignEd25519 }[] = [],
): Promise<string> {
  const message = utf8(text);
  const signatures = [{ key, sign }, ...others].map(async ({ key: { name, id }, sign: by }) => ({
    name,
    id,
    signature: await by(message),
  }));
  return formatNote(text, await Promise.all(signatures));
}

/**
 * A witness's signature over the text of a checkpoint, to be added to the note.
 *
 * @param time seconds since the epoch
 */
export async function cosign(text: string, key: NoteKey, time: number, sign: SignEd25519): Promise<NoteSignature> {
  const timestamp = new Uint8Array(TIMESTAMP_BYTES);
  new DataView(timestamp.buffer).setBigUint64(0, BigInt(time));
  const signature = await sign(cosignedMessage(text, time));
  return { name: key.name, id: key.id, signature: concatBytes(timestamp, signature) };
}

/**
 * Opens a note: reads it and checks every signature by a known key. Signatures by others are ignored, as signed-note demands.
 *
 * @throws EvidenceError `note-malformed`; `note-signature-wrong` when a signature by a known key does not verify; `note-key-unknown` when
 * no known key signed
 */
export async function openNote(
  note: string,
  keys: readonly NoteKey[],
  verify: VerifyEd25519 = nobleVerifyEd25519,
): Promise<VerifiedNote> {
  const { text, signatures } = parseNote(note);
  const verified = new Map<NoteKey, VerifiedSignature>();
  for (const signature of signatures) {
    const key = keys.find(({ name, id }) => name === signature.name && id === signature.id);
    if (key === undefined || verified.has(key)) continue;
    const time = await verifySignature(text, key, signature.signature, verify);
    if (time === false) {
      throw new EvidenceError(
        'note-signature-wrong',
        `the signature by \`${key.name}\` does not fit the note it stands under`,
      );
    }
    verified.set(key, { key, time });
  }
  if (verified.size === 0) {
    throw new EvidenceError(
      'note-key-unknown',
      'no key that you trust signed the note; check which log and keys you gave',
    );
  }
  return { text, signatures: [...verified.values()] };
}

/** False for a wrong signature; otherwise its time, null where it has none. */
async function verifySignature(
  text: string,
  key: NoteKey,
  signature: Uint8Array,
  verify: VerifyEd25519,
): Promise<number | null | false> {
  if (key.algorithm === NOTE_ALGORITHMS.ed25519) {
    return signature.length === ED25519_SIGNATURE_BYTES && (await verify(key.publicKey, utf8(text), signature))
      ? null
      : false;
  }
  if (signature.length !== TIMESTAMP_BYTES + ED25519_SIGNATURE_BYTES) return false;
  const time = Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0));
  if (!Number.isSafeInteger(time)) return false;
  const holds = await verify(key.publicKey, cosignedMessage(text, time), signature.subarray(TIMESTAMP_BYTES));
  return holds ? time : false;
}

function cosignedMessage(text: string, time: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${time}\n${text}`);
}
