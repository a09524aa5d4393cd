/**
 * Signed notes and their keys, as C2SP signed-note says. A note may come from anybody. Nothing in it counts until a known key's signature
 * is verified.
 */
import { concatBytes, fromBase64, fromHex, sha256, toBase64, toHex, utf8 } from '../canonical/index.ts';
import { ED25519_KEY_BYTES } from './ed25519.ts';
import { EvidenceError, reading } from './error.ts';

/** Signature types of C2SP signed-note that are known here. */
export const NOTE_ALGORITHMS = { ed25519: 0x01, cosignatureV1: 0x04 } as const;
export type NoteAlgorithm = (typeof NOTE_ALGORITHMS)[keyof typeof NOTE_ALGORITHMS];

/** Limits on a note's UTF-8 bytes and signatures: enough for a hundred witnesses, and quick to check. */
export const NOTE_MAX_BYTES = 1_000_000;
export const NOTE_MAX_SIGNATURES = 100;

/** A public key of a note: who signs (a log's origin, a witness's name), how, and with what. */
export interface NoteKey {
  name: string;
  /** First four bytes of SHA-256(name || newline || algorithm || key), hexadecimal. */
  id: string;
  algorithm: NoteAlgorithm;
  publicKey: Uint8Array;
}

export interface NoteSignature {
  name: string;
  id: string;
  signature: Uint8Array;
}

/** A note that was parsed but not verified. */
export interface Note {
  /** Ends in a newline; what is signed. */
  text: string;
  signatures: NoteSignature[];
}

/** The white space that Unicode knows (property White_Space), and the plus that separates the parts of a key. */
const FORBIDDEN_IN_NAME = /[\p{White_Space}+]/u;
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;
const ILL_FORMED = /\p{Surrogate}/u;
const SEPARATOR = '\n\n';
const SIGNATURE_LINE = /^\u2014 ([^ ]+) ([A-Za-z0-9+/]+={0,2})$/;

function isKeyName(name: string): boolean {
  return name !== '' && !FORBIDDEN_IN_NAME.test(name) && !CONTROL.test(name) && !ILL_FORMED.test(name);
}

/** The key of a name, with its id. @throws EvidenceError `note-key-malformed` */
export function noteKey(name: string, algorithm: NoteAlgorithm, publicKey: Uint8Array): NoteKey {
  if (!isKeyName(name)) {
    throw new EvidenceError('note-key-malformed', 'the name of a note key is empty, or holds white space or a plus');
  }
  if (publicKey.length !== ED25519_KEY_BYTES) {
    throw new EvidenceError('note-key-malformed', 'a note key is not an Ed25519 key of 32 bytes');
  }
  const id = toHex(sha256(concatBytes(utf8(`${name}\n`), Uint8Array.of(algorithm), publicKey)).subarray(0, 4));
  return { name, id, algorithm, publicKey };
}

/** `name+id+base64(algorithm || key)`: a key in the form for verifiers, a vkey. */
export function formatVkey(key: NoteKey): string {
  return `${key.name}+${key.id}+${toBase64(concatBytes(Uint8Array.of(key.algorithm), key.publicKey))}`;
}

/** Reads a vkey and checks that its id belongs to its name and key. @throws EvidenceError `note-key-malformed` */
export function parseVkey(vkey: string): NoteKey {
  return reading('note-key-malformed', 'a note key', () => {
    const [, name = '', id = '', data = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey.slice(0, 2000)) ?? [];
    const bytes = fromBase64(data);
    const algorithm = Object.values(NOTE_ALGORITHMS).find((known) => known === bytes[0]);
    if (algorithm === undefined) {
      throw new EvidenceError('note-key-malformed', 'a note key is not `name+id+base64` of an Ed25519 key');
    }
    const key = noteKey(name, algorithm, bytes.subarray(1));
    if (key.id === id) return key;
    throw new EvidenceError(
      'note-key-malformed',
      'the id of a note key is not that of its name and key; copy it again',
    );
  });
}

/** Writes a note. @throws EvidenceError `note-malformed` when the text cannot be a note's, or there is no signature */
export function formatNote(text: string, signatures: readonly NoteSignature[]): string {
  const lines = signatures.map(
    ({ name, id, signature }) => `\u2014 ${name} ${toBase64(concatBytes(fromHex(id), signature))}\n`,
  );
  const note = `${text}\n${lines.join('')}`;
  parseNote(note);
  return note;
}

/** Reads a note, its canonical spelling only. Nothing is verified. @throws EvidenceError `note-malformed` */
export function parseNote(note: string): Note {
  const fail = (why: string): never => {
    throw new EvidenceError('note-malformed', `a signed note ${why}; fetch it again`);
  };
  if (note.length > NOTE_MAX_BYTES) return fail(`is longer than ${NOTE_MAX_BYTES} bytes`);
  if (CONTROL.test(note) || ILL_FORMED.test(note)) return fail('holds control characters or is not Unicode');
  const split = note.lastIndexOf(SEPARATOR);
  if (split < 0 || !note.endsWith('\n')) return fail('has no blank line before its signatures');
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + SEPARATOR.length, -1).split('\n');
  if (lines.length > NOTE_MAX_SIGNATURES) return fail(`has more than ${NOTE_MAX_SIGNATURES} signatures`);
  const signatures = lines.map((line) => parseSignatureLine(line) ?? fail('has a line that is not a signature'));
  return { text, signatures };
}

function parseSignatureLine(line: string): NoteSignature | null {
  const [, name = '', data = ''] = SIGNATURE_LINE.exec(line) ?? [];
  if (!isKeyName(name)) return null;
  const bytes = reading('note-malformed', 'a signature of a note', () => fromBase64(data));
  return bytes.length < 5 ? null : { name, id: toHex(bytes.subarray(0, 4)), signature: bytes.subarray(4) };
}
