/** The messages between a log and its witnesses, as C2SP tlog-witness defines them: the body of `add-checkpoint`. */
import { fromBase64, toBase64 } from '../canonical/index.ts';
import type { VerifyEd25519 } from './ed25519.ts';
import { EvidenceError, reading } from './error.ts';
import { HASH_BYTES } from './merkle.ts';
import { type NoteKey, formatNote, parseNote } from './note.ts';
import { openNote, type VerifiedSignature } from './note-signature.ts';

/** Hashes of a proof at most (C2SP tlog-witness, add-checkpoint). */
const PROOF_MAX = 63;

/** A checkpoint that a witness is asked to cosign. */
export interface AddCheckpoint {
  /** Size of the log when this witness last cosigned it; 0 for never. */
  oldSize: number;
  /** Consistency proof (RFC 6962 section 2.1.2) from the old size. */
  proof: readonly Uint8Array[];
  /** Signed note. */
  checkpoint: string;
}

/** The body of the request. */
export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  return [`old ${oldSize}`, ...proof.map(toBase64), '', checkpoint].join('\n');
}

/**
 * Reads the body of the request, its canonical spelling only; the note in it is not verified.
 *
 * @throws EvidenceError `checkpoint-malformed`
 */
export function parseAddCheckpoint(body: string): AddCheckpoint {
  const fail = (why: string): never => {
    throw new EvidenceError('checkpoint-malformed', `a request to a witness ${why}`);
  };
  const blank = body.indexOf('\n\n');
  if (blank < 0) return fail('has no blank line before its checkpoint');
  const [first = '', ...lines] = body.slice(0, blank).split('\n');
  const [, digits = ''] = /^old (0|[1-9][0-9]{0,15})$/.exec(first) ?? [];
  const oldSize = Number(digits);
  if (digits === '' || !Number.isSafeInteger(oldSize)) return fail('does not begin with the old size');
  if (lines.length > PROOF_MAX) return fail(`has more than ${PROOF_MAX} hashes`);
  const proof = lines.map((line) => reading('checkpoint-malformed', 'a hash of the proof', () => fromBase64(line)));
  if (proof.some(({ length }) => length !== HASH_BYTES)) return fail('has a hash that is not 32 bytes long');
  return { oldSize, proof, checkpoint: body.slice(blank + 2) };
}

/** Signature lines under a note. */
export type SignatureLines = string;

/** A note with further signatures under its own. @throws EvidenceError `note-malformed` */
export function withSignatures(note: string, lines: readonly SignatureLines[]): string {
  const together = note + lines.join('');
  parseNote(together);
  return together;
}

/**
 * The witness's own cosignature from its answer, verified, as a line of a note. Signatures by others are ignored.
 *
 * @throws EvidenceError `note-malformed`, `note-key-unknown` when it is not there, `note-signature-wrong` when it does not hold
 */
export async function cosignatureOf(
  answer: string,
  checkpoint: string,
  witness: NoteKey,
  verify?: VerifyEd25519,
): Promise<{ line: SignatureLines; signature: VerifiedSignature }> {
  const { text } = parseNote(checkpoint);
  const { signatures } = parseNote(`${text}\n${answer}`);
  const cosignature = signatures.find(({ name, id }) => name === witness.name && id === witness.id);
  if (cosignature === undefined) throw new EvidenceError('note-key-unknown', `\`${witness.name}\` did not cosign`);
  const note = formatNote(text, [cosignature]);
  const [signature] = (await openNote(note, [witness], verify)).signatures;
  // A cosignature without a time says nothing about when (C2SP tlog-witness).
  if (signature === undefined || (signature.time ?? 0) <= 0) {
    throw new EvidenceError('note-signature-wrong', `the cosignature by \`${witness.name}\` holds no time`);
  }
  return { line: note.slice(text.length + 1), signature };
}
