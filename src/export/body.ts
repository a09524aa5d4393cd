/** The record of type `export` that every export seals of itself before its first byte goes out. */
import { z } from 'zod';
import { HASH_PATTERN } from '../canonical/index.ts';
import type { RecordPayload } from '../contract/index.ts';

export const EXPORT_FORMATS = ['csv', 'jsonl', 'bundle', 'ocsf'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** How this version writes `records.csv`, `report.html` and `README.md`: a verifier of another version cannot reproduce them. */
export const RENDERING = 4;

/** The first, without columns for amounts. */
export const RENDERING_WITHOUT_MONEY = 1;

/** The second, from before there were standing approvals. */
export const RENDERING_WITHOUT_GRANTS = 2;

/** The third, which did not say how people were there, nor what takes something back. */
export const RENDERING_WITHOUT_PRESENCE = 3;

/** The renderings that this version can reproduce. */
export const RENDERINGS: readonly number[] = [
  RENDERING_WITHOUT_MONEY,
  RENDERING_WITHOUT_GRANTS,
  RENDERING_WITHOUT_PRESENCE,
  RENDERING,
];

const hash = z.string().regex(HASH_PATTERN);

const bodySchema = z.looseObject({
  what: z.literal('records'),
  format: z.enum(EXPORT_FORMATS),
  /** What was asked for, as in `GET /v1/records`; empty for everything. */
  filter: z.record(z.string(), z.string()),
  /** How many records. */
  records: z.int().nonnegative(),
  /** `sha256:` and the SHA-256 of their hashes, 32 bytes each, in the order of the log. */
  digest: hash,
  /** The log at the time of the request. Later entries were not exported. */
  log: z.looseObject({
    origin: z.string(),
    size: z.int().nonnegative(),
    /** Base64, as in a checkpoint. */
    root: z.string(),
  }),
  /** What was wrong with the log then, in one sentence. */
  warning: z.string().optional(),
  /** Of an archive: the {@link RENDERING} that wrote it. */
  rendering: z.int().optional(),
  /** Of an archive: the hash of its `keys/key-history.json`. */
  keys: hash.optional(),
});
export type ExportBody = z.infer<typeof bodySchema>;

/** What a record says was exported; null for any other record. */
export function exportBodyOf(record: RecordPayload): ExportBody | null {
  if (record.type !== 'export') return null;
  const read = bodySchema.safeParse(record.body);
  return read.success ? read.data : null;
}

/** True for an export of the whole log. Its archive then holds the log itself. */
export const isWholeLog = ({ filter }: Pick<ExportBody, 'filter'>): boolean => Object.keys(filter).length === 0;
