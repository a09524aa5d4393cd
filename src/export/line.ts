/** A line of `records.jsonl`: a record to be read, and the envelope that proves it. */
import { fromBase64, fromUtf8, hashOfBytes } from '../canonical/index.ts';
import type { Envelope, RecordPayload } from '../contract/index.ts';

/** A sealed record at its place. */
export interface ExportRecord {
  /** Position in the log, from 0. */
  index: number;
  /** `sha256:…` of the record. */
  hash: string;
  record: RecordPayload;
}

/** What a line is made of. */
export interface LineParts {
  index: number;
  /** The log's entry: JCS bytes of the envelope. */
  envelope: Uint8Array;
  /** In an archive: whether it is the last record of its action. */
  last?: boolean;
}

/**
 * The canonical spelling of a line, without its newline: record and envelope are the very bytes that were signed and logged. Nothing in the
 * entry is verified here.
 */
export function exportLine({ index, envelope, last }: LineParts): ExportRecord & { line: string } {
  const entry = fromUtf8(envelope);
  const payload = fromBase64((JSON.parse(entry) as Envelope).payload);
  const hash = hashOfBytes(payload);
  const text = fromUtf8(payload);
  const end = last === undefined ? '' : `"last":${last},`;
  return {
    index,
    hash,
    record: JSON.parse(text) as RecordPayload,
    line: `{"index":${index},"hash":"${hash}",${end}"record":${text},"envelope":${entry}}`,
  };
}
