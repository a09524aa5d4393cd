/** Checkpoints that were anchored outside, as an auditor has them. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readSealed } from '../canonical/index.ts';
import type { EarlierCheckpoint } from '../evidence/index.ts';
import type { Io } from './io.ts';
import { readText, usage } from './values.ts';

/**
 * Files that hold one signed note, or a line of JSON with a `checkpoint` for each, as anchors are written; of a folder, such as the
 * checkout of a Git anchor, all files that end in `.jsonl`. Duplicates of a checkpoint count once.
 *
 * @throws CountersignError `invalid-request`: evidence that cannot be read is not left out silently
 */
export async function readAnchors(io: Io, given: readonly string[]): Promise<EarlierCheckpoint[]> {
  const checkpoints = new Map<string, EarlierCheckpoint>();
  const add = (note: string, from: string): void => {
    if (!checkpoints.has(note)) checkpoints.set(note, { note, from });
  };
  for (const file of given.flatMap(filesAt)) {
    const text = await readText(io, file);
    if (!text.startsWith('{')) {
      add(text, `\`${file}\``);
      continue;
    }
    for (const [number, line] of text.split('\n').entries()) {
      if (line.trim() !== '') add(checkpointOf(line, number + 1, file), `\`${file}\`, line ${number + 1}`);
    }
  }
  return [...checkpoints.values()];
}

function checkpointOf(line: string, number: number, file: string): string {
  let checkpoint: unknown;
  try {
    ({ checkpoint } = readSealed(line) as { checkpoint?: unknown });
  } catch {
    checkpoint = undefined;
  }
  if (typeof checkpoint === 'string') return checkpoint;
  throw usage(`line ${number} of \`${file}\` is not an anchored checkpoint`);
}

function filesAt(path: string): string[] {
  if (path === '-' || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .map((name) => join(path, name));
  if (files.length === 0) throw usage(`the folder \`${path}\` holds no anchors (files that end in .jsonl)`);
  return files;
}
