/** What `audit` remembers between two runs: the last checkpoint, and the keys that it was checked with. */
import { rename, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { CountersignError } from '../contract/index.ts';

const stateSchema = z.looseObject({
  v: z.literal(1),
  origin: z.string(),
  size: z.int().nonnegative(),
  /** The signed note, which is evidence if the log ever contradicts it. */
  checkpoint: z.string(),
  logKeys: z.array(z.string()),
  recordKeys: z.array(z.looseObject({})),
  /** What the log's records revoked. */
  revoked: z
    .array(
      z.object({
        change: z.literal('revoke'),
        use: z.enum(['record', 'permit', 'log', 'attestation']),
        kid: z.string(),
        from: z.int().nonnegative(),
      }),
    )
    .default([]),
  at: z.string(),
});
export type AuditState = z.infer<typeof stateSchema>;

/** The state, or null at the first run. @throws CountersignError `invalid-request` when the file is something else */
export function readState(file: string): AuditState | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new CountersignError(
      'invalid-request',
      `\`${file}\` cannot be read; give the state file of an earlier audit`,
      {
        cause,
      },
    );
  }
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CountersignError(
      'invalid-request',
      `\`${file}\` is not the state of an audit; give another file, or restore it: without it nothing is compared`,
      { cause },
    );
  }
}

/** All or nothing, because an audit with an incomplete state could not compare with the past. */
export async function writeState(file: string, state: AuditState): Promise<void> {
  const next = `${file}.next`;
  try {
    await writeFile(next, `${JSON.stringify(state, null, 2)}\n`);
    await rename(next, file);
  } catch (cause) {
    throw new CountersignError('invalid-request', `\`${file}\` cannot be written; give another file with --state`, {
      cause,
    });
  }
}
