import type { Readable } from 'node:stream';

/** An export that is sealed, and about to be sent. */
export interface Exported {
  /** Hash of its record. */
  record: string;
  records: number;
  contentType: string;
  fileName: string;
  /** What is wrong with the log that it was made of, in one sentence; null where nothing was found. */
  warning: string | null;
  /** Made as it is read; destroy it to stop. */
  stream: Readable;
}

/** What a file is called that was made of a log that does not verify. */
export const markedName = (name: string, warning: string | null): string =>
  warning === null ? name : `${name}-LOG-DOES-NOT-VERIFY`;
