/** An evidence bundle as a folder, whether it came as one or as an archive. Archives come from strangers. */
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { CountersignError } from '../../contract/index.ts';

/** Something in a bundle that does not hold. */
export interface UnpackProblem {
  file: string;
  /** Stable: what kind of thing is wrong. */
  reason: string;
  detail: string;
}

export interface Unpacked {
  folder: string;
  /** What was wrong with the archive itself. */
  problems: UnpackProblem[];
  close(): Promise<void>;
}

/** Names that a bundle's files have: nothing above the folder, nothing that a shell or a terminal obeys. */
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;
/** Evidence compresses ten times or so; an archive that grows more than this was made to fill a disk. */
const RATIO = 100;
const ALLOWANCE = 100 * 1024 * 1024;

/** What a path is, as far as `verify` cares. @throws CountersignError `invalid-request` when there is nothing */
export async function kindOf(path: string): Promise<'folder' | 'archive' | 'file'> {
  try {
    if ((await stat(path)).isDirectory()) return 'folder';
    const file = await open(path, 'r');
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
      return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b ? 'archive' : 'file';
    } finally {
      await file.close();
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CountersignError(
      'invalid-request',
      `\`${path}\` cannot be read (${code}); give a receipt, a bundle or a folder`,
      { cause },
    );
  }
}

/** Unpacks into a folder of its own, which `close` removes. */
export async function unpack(archive: string): Promise<Unpacked> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-verify-'));
  const problems: UnpackProblem[] = [];
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const limit = (await stat(archive)).size * RATIO + ALLOWANCE;
  const files = extract();
  const source = pipeline(createReadStream(archive), createGunzip(), files);
  source.catch(() => undefined);
  try {
    let total = 0;
    for await (const entry of files) {
      const { type, size = 0 } = entry.header;
      const name = entry.header.name.replace(/^\.\//, '');
      total += size;
      if (total > limit) throw new Error('it grows without end');
      if (type === 'directory') entry.resume();
      else if (type !== 'file' || !NAME.test(name)) {
        problems.push({ file: name, reason: 'file-extra', detail: 'a bundle has no file of this name or kind' });
        entry.resume();
      } else if (!(await write(join(folder, name), entry as AsyncIterable<Uint8Array>))) {
        problems.push({ file: name, reason: 'file-extra', detail: 'it is in the archive more than once' });
        entry.resume();
      }
    }
    await source;
  } catch (error) {
    const detail = `the archive is damaged: ${error instanceof Error ? error.message : String(error)}`;
    problems.push({ file: archive, reason: 'archive-damaged', detail });
  }
  return { folder, problems, close };
}

/** False when the file is there already. */
async function write(path: string, chunks: AsyncIterable<Uint8Array>): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  const file = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST' || error.code === 'EISDIR') return null;
    throw error;
  });
  if (file === null) return false;
  try {
    for await (const chunk of chunks) await file.write(chunk);
  } finally {
    await file.close();
  }
  return true;
}
