/** Openings of commitments, checked against the receipts that hold. */
import { isCanonicalError, readSealed } from '../canonical/index.ts';
import type { Held } from './evidence.ts';
import type { Io } from './io.ts';
import { readText } from './values.ts';

/** One commitment that was opened to its value. */
export interface Opened {
  file: string;
  record: string;
  path: string;
  value: unknown;
}

export interface CheckedOpenings {
  opened: Opened[];
  failed: { file: string; reason: string; detail: string }[];
}

/** Checks each file against the receipt it is for, which must be among those given. */
export async function checkOpenings(io: Io, files: readonly string[], held: readonly Held[]): Promise<CheckedOpenings> {
  const [{ parseOpening, verifyOpening }, { EvidenceError, isEvidenceError }] = await Promise.all([
    import('../sealing/index.ts'),
    import('../ledger/index.ts'),
  ]);
  const checked: CheckedOpenings = { opened: [], failed: [] };
  for (const file of files) {
    const text = await readText(io, file);
    try {
      const { record: hash } = parseOpening(readSealed(text));
      const receipt = held.find(({ verified }) => verified.recordHash === hash)?.verified;
      if (receipt === undefined) {
        throw new EvidenceError(
          'commitment-missing',
          `give the receipt of ${hash} as well: it is what holds the commitment`,
        );
      }
      const { path, value } = verifyOpening(readSealed(text), receipt.record, receipt.recordHash);
      checked.opened.push({ file, record: hash, path, value });
    } catch (error) {
      if (isEvidenceError(error)) checked.failed.push({ file, reason: error.reason, detail: error.message });
      else if (isCanonicalError(error)) {
        checked.failed.push({ file, reason: 'opening-malformed', detail: `it is not I-JSON: ${error.message}` });
      } else throw error;
    }
  }
  return checked;
}

export function describeOpened({ file, record, path, value }: Opened): string {
  return `${file}: opens ${path} of ${record}, and nothing else: ${JSON.stringify(value)}`;
}
