/** Opens one commitment of a record: anybody can check the value and its salt, and they reveal no other value (docs/privacy.md). */
import { z } from 'zod';
import { fromBase64, toBase64, type Json } from '../canonical/index.ts';
import type { ActionRequest, RecordPayload } from '../contract/index.ts';
import { EvidenceError, reading } from '../ledger/index.ts';
import { openCommitment, saltFor, saltPath } from './commitment.ts';

export const OPENING_KIND = 'countersign.opening/v1';

/** Where the executor's words are committed to, in an outcome's record. */
export const DETAIL_PATH = 'outcome.detail';

const SALT_BYTES = 32;

export const openingSchema = z.strictObject({
  kind: z.literal(OPENING_KIND),
  /** Hash of the record that holds the commitment. */
  record: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  path: z.string().min(1).max(4096),
  /** Base64 of 32 bytes. */
  salt: z.string(),
  value: z.json(),
});
export type Opening = z.infer<typeof openingSchema>;

/**
 * The commitment of a record at a path, or null. Paths are those of `commitments` in a verdict, `PATH#from` and `PATH#to` of a change in
 * a decision, and `outcome.detail`.
 */
export function commitmentAt(record: RecordPayload, path: string): string | null {
  const commitment = lookUp(record, path);
  return typeof commitment === 'string' && /^sha256:[0-9a-f]{64}$/.test(commitment) ? commitment : null;
}

function lookUp(record: RecordPayload, path: string): unknown {
  switch (record.type) {
    case 'verdict':
      return Object.hasOwn(record.commitments, path) ? record.commitments[path] : null;
    case 'decision': {
      const [, of = '', side] = /^(.*)#(from|to)$/s.exec(path) ?? [];
      const changes = record.changes ?? {};
      return side === undefined || !Object.hasOwn(changes, of) ? null : changes[of]?.[side as 'from' | 'to'];
    }
    case 'outcome':
      return path === DETAIL_PATH ? record.detail : null;
    default:
      return null;
  }
}

/** Makes the opening of what a record commits to at `path`. {@link verifyOpening} checks it. */
export function makeOpening(
  record: Pick<RecordPayload, 'type' | 'seq'>,
  hash: string,
  path: string,
  value: Json,
  actionKey: Uint8Array,
): Opening {
  const salt = saltFor(actionKey, record.type === 'outcome' ? path : saltPath(path, record.seq));
  return { kind: OPENING_KIND, record: hash, path, salt: toBase64(salt), value };
}

/**
 * Checks an opening, from anywhere, against a record that was verified, and answers what it opens.
 *
 * @throws EvidenceError `opening-malformed`; `commitment-missing` when it is for another record, or the record commits to nothing there;
 * `commitment-wrong` when value or salt are others than were committed to
 */
export function verifyOpening(value: unknown, record: RecordPayload, hash: string): Opening {
  const opening = parseOpening(value);
  const committed = opening.record === hash ? commitmentAt(record, opening.path) : null;
  if (committed === null) {
    const why = opening.record === hash ? `commits to nothing at \`${opening.path}\`` : 'is not the one it opens';
    throw new EvidenceError('commitment-missing', `the record ${why}`);
  }
  const salt = reading('opening-malformed', 'the salt', () => fromBase64(opening.salt));
  const opens = reading('opening-malformed', 'the value', () =>
    openCommitment(committed, salt, opening.path, opening.value),
  );
  if (!opens || salt.length !== SALT_BYTES) {
    throw new EvidenceError('commitment-wrong', `\`${opening.path}\` held another value, or had another salt`);
  }
  return opening;
}

/** @throws EvidenceError `opening-malformed` */
export function parseOpening(value: unknown): Opening {
  const parsed = reading('opening-malformed', 'the opening', () => openingSchema.safeParse(value));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new EvidenceError(
    'opening-malformed',
    `it is not an opening: ${issue?.path.join('.') || 'it'} ${issue?.message ?? ''}`.trim(),
  );
}

const STEP = /(?:^|\.)([A-Za-z_][A-Za-z0-9_-]*)|\[("(?:[^"\\]|\\.)*")\]/gy;

/** The value of a request at a path as `commitments` write it; undefined when there is none. */
export function valueAt(request: ActionRequest, path: string): Json | undefined {
  let value: unknown = request;
  let read = 0;
  for (const [step, plain, quoted] of path.matchAll(STEP)) {
    const name = plain ?? (JSON.parse(quoted ?? '""') as string);
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
    read += step.length;
  }
  return read === path.length ? (value as Json) : undefined;
}
