/** The inputs of `verify`: receipts, archives, and folders of either. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { ARCHIVE_FILES } from '../../export/index.ts';
import type { Trust } from '../../sealing/index.ts';
import { usage } from '../values.ts';
import { checkArchive, type ArchiveReport } from '../../archive/check/check.ts';
import { kindOf, unpack } from '../../archive/check/unpack.ts';

export interface Evidence {
  /** Files of one receipt each; `-` is standard input. */
  receipts: string[];
  archives: { path: string; packed: boolean }[];
}

/** A folder counts as an archive when it holds any file of one. Missing files are then reported. */
const MARKS = [ARCHIVE_FILES.receipt, ARCHIVE_FILES.records, ARCHIVE_FILES.sums, ARCHIVE_FILES.report];

/** @throws CountersignError `invalid-request` for what cannot be read, and for a folder without evidence */
export async function sortEvidence(given: readonly string[]): Promise<Evidence> {
  const evidence: Evidence = { receipts: [], archives: [] };
  for (const path of given) {
    const kind = path === '-' ? 'file' : await kindOf(path);
    if (kind === 'file') evidence.receipts.push(path);
    else if (kind === 'archive') evidence.archives.push({ path, packed: true });
    else if (MARKS.some((name) => existsSync(join(path, name)))) evidence.archives.push({ path, packed: false });
    else evidence.receipts.push(...(await receiptsIn(path)));
  }
  return evidence;
}

/** Every JSON file of a folder. A file that is not a receipt is reported. */
async function receiptsIn(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  if (names.length > 0) return names.map((name) => join(folder, name));
  throw usage(`there is neither an archive nor a receipt in \`${folder}\`; give a folder that holds either`);
}

export async function checkArchives(
  archives: Evidence['archives'],
  trust: Trust,
): Promise<{ path: string; report: ArchiveReport }[]> {
  const checked: { path: string; report: ArchiveReport }[] = [];
  for (const { path, packed } of archives) {
    if (!packed) {
      checked.push({ path, report: await checkArchive(path, trust) });
      continue;
    }
    const { folder, problems, close } = await unpack(path);
    try {
      checked.push({ path, report: await checkArchive(folder, trust, problems) });
    } finally {
      await close();
    }
  }
  return checked;
}

/** A warning about keys from the same folder as the evidence; null if there are none. */
export function keysBeside(keys: readonly string[], { archives }: Evidence): string | null {
  const inside = (key: string, folder: string): boolean => {
    const way = relative(resolve(folder), resolve(key));
    return way !== '' && way !== '..' && !way.startsWith(`..${sep}`);
  };
  const misplaced = keys.find((key) => archives.some(({ path, packed }) => !packed && inside(key, path)));
  return misplaced === undefined
    ? null
    : `whose keys these are: \`${misplaced}\` lies beside the evidence, and whoever made the one could make the other; get the keys another way`;
}
