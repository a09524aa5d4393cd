import type { Readable } from 'node:stream';

/** An export that is sealed, and about to be sent. */
export interface Exported {
  /** Hash of its record. */
  record: string;
  records: number;
  contentType: string;
  fileName: string;
  /** Made as it is read; destroy it to stop. */
  stream: Readable;
}
