/** Checkpoints of a log, as C2SP tlog-checkpoint says: origin, size and root in the text of a signed note. */
import { fromBase64, toBase64 } from '../canonical/index.ts';
import { nobleVerifyEd25519, type VerifyEd25519 } from './ed25519.ts';
import { EvidenceError, reading } from './error.ts';
import { HASH_BYTES } from './merkle.ts';
import { NOTE_ALGORITHMS, type NoteKey } from './note.ts';
import { openNote, type VerifiedSignature } from './note-signature.ts';

export interface Checkpoint {
  origin: string;
  /** Leaves of the tree. */
  size: number;
  /** RFC 6962 root of the tree, 32 bytes. */
  root: Uint8Array;
  /** Lines after the root; Countersign writes none. */
  extensions: string[];
}

/** The text of a checkpoint, to be signed. */
export function formatCheckpoint({
  origin,
  size,
  root,
  extensions,
}: Omit<Checkpoint, 'extensions'> & Partial<Checkpoint>): string {
  return [origin, String(size), toBase64(root), ...(extensions ?? []), ''].join('\n');
}

/** Reads the text of a checkpoint, its canonical spelling only. @throws EvidenceError `checkpoint-malformed` */
export function parseCheckpoint(text: string): Checkpoint {
  const fail = (why: string): never => {
    throw new EvidenceError('checkpoint-malformed', `a checkpoint ${why}; fetch it again`);
  };
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length < 3 || lines.includes('')) {
    return fail('is not at least three lines, each ended by a newline and none empty');
  }
  const [origin = '', sizeText = '', rootText = '', ...extensions] = lines;
  const size = Number(sizeText);
  if (!/^(0|[1-9][0-9]{0,15})$/.test(sizeText) || !Number.isSafeInteger(size))
    return fail('has no tree size in line 2');
  const root = reading('checkpoint-malformed', 'the root in line 3 of a checkpoint', () => fromBase64(rootText));
  if (root.length !== HASH_BYTES) return fail('has a root in line 3 that is not 32 bytes long');
  return { origin, size, root, extensions };
}

/** A checkpoint that its log signed. */
export interface VerifiedCheckpoint extends Checkpoint {
  /** The log's key that signed it. */
  key: NoteKey;
  /** Cosignatures by known witnesses, one for each. */
  cosignatures: VerifiedSignature[];
}

/**
 * Opens a checkpoint and checks that a known key of this very log signed it: the key's name is the origin, compared exactly.
 *
 * @param keys the log's keys, and witnesses' keys, whose cosignatures are checked if present
 * @throws EvidenceError `note-malformed`, `note-key-unknown`, `note-signature-wrong`, `checkpoint-malformed`, `origin-differs`
 */
export async function openCheckpoint(
  note: string,
  keys: readonly NoteKey[],
  verify: VerifyEd25519 = nobleVerifyEd25519,
): Promise<VerifiedCheckpoint> {
  const { text, signatures } = await openNote(note, keys, verify);
  const checkpoint = parseCheckpoint(text);
  const isLog = ({ key }: VerifiedSignature): boolean => key.algorithm === NOTE_ALGORITHMS.ed25519;
  const logSignatures = signatures.filter(isLog);
  if (logSignatures.length === 0)
    throw new EvidenceError('note-key-unknown', 'witnesses signed the checkpoint, but no log key that you trust');
  const signed = logSignatures.find(({ key }) => key.name === checkpoint.origin);
  if (signed === undefined) {
    throw new EvidenceError('origin-differs', 'the checkpoint names another log than the key that signed it');
  }
  return { ...checkpoint, key: signed.key, cosignatures: signatures.filter((signature) => !isLog(signature)) };
}
