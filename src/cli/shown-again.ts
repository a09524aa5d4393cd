/** Renders again what approvers were shown, and compares it with the receipts of their decisions. */
import { z } from 'zod';
import { readSealed } from '../canonical/index.ts';
import { isCountersignError, type RecordPayload } from '../contract/index.ts';
import { shownIn } from '../sealing/index.ts';
import { SHOWN_VIEWS, hashOfShownCard, textsShown, type RenderingSource } from '../teams/card/shown.ts';
import type { Held } from './evidence.ts';
import type { Io } from './io.ts';
import { readText } from './values.ts';

const fileSchema = z.looseObject({
  kind: z.literal('countersign.shown/v1'),
  record: z.string(),
  renderer: z.string(),
  view: z.enum(SHOWN_VIEWS),
  person: z.string().nullable(),
  plain: z.boolean().optional(),
  model: z.looseObject({
    action: z.string(),
    tenant: z.string(),
    alike: z.array(z.looseObject({ action: z.string() })).optional(),
  }),
});

export interface Rendering {
  file: string;
  record: string;
  by: string;
  hash: string;
  renderer: string;
  /** Every text in it, from top to bottom. */
  texts: string[];
}

interface Mismatch {
  file: string;
  reason: 'shown-malformed' | 'shown-mismatch';
  detail: string;
}

/** Renders each file again. Its record must be among the given receipts. */
export async function checkShown(
  io: Io,
  files: readonly string[],
  held: readonly Held[],
): Promise<{ matched: Rendering[]; failed: Mismatch[] }> {
  const renderings: Rendering[] = [];
  const failed: Mismatch[] = [];
  for (const file of files) {
    const text = await readText(io, file);
    try {
      renderings.push({ file, ...renderedAgain(text, held) });
    } catch (error) {
      const reason = isCountersignError(error) || error instanceof Different ? 'shown-mismatch' : 'shown-malformed';
      failed.push({ file, reason, detail: (error as Error).message });
    }
  }
  return { matched: renderings, failed };
}

class Different extends Error {}

function renderedAgain(text: string, held: readonly Held[]): Omit<Rendering, 'file'> {
  const parsed = fileSchema.parse(readSealed(text));
  const receipt = held.find(({ verified }) => verified.recordHash === parsed.record)?.verified;
  if (receipt === undefined)
    throw new Different(`give the receipt of ${parsed.record} as well: it is what holds the hash`);
  const sealed = shownIn(receipt.record);
  if (sealed === null) throw new Different('that record seals nothing that was shown');
  if (!isAbout(parsed.model, receipt.record)) throw new Different('it is about another action than the record');
  if (parsed.person !== null && parsed.person !== sealed.by) throw new Different('it was shown to somebody else');
  if (parsed.renderer !== sealed.shown.renderer) throw new Different(`the record names \`${sealed.shown.renderer}\``);
  const source = parsed as unknown as RenderingSource;
  const hash = hashOfShownCard(source);
  if (hash !== sealed.shown.hash)
    throw new Different(`it renders to ${hash}, and the record holds ${sealed.shown.hash}`);
  return { record: parsed.record, by: sealed.by, hash, renderer: parsed.renderer, texts: textsShown(source) };
}

type Model = z.infer<typeof fileSchema>['model'];

const isAbout = ({ tenant, action, alike }: Model, record: RecordPayload): boolean =>
  tenant === record.tenant && [action, ...(alike ?? []).map((other) => other.action)].includes(record.action);

export function describeRendering({ file, by, hash, renderer, texts }: Rendering): string[] {
  return [
    `${file}: what ${by} was shown, rendered again by ${renderer} to ${hash}:`,
    ...texts.map((one) => `  | ${one}`),
  ];
}
