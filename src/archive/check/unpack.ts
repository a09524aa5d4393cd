/** Opens an evidence archive as a folder, whether it is one or is packed in a file. Archives come from strangers. */
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { CountersignError } from '../../contract/index.ts';

/** A fault of an archive. */
export interface UnpackProblem {
  file: string;
  /** The kind of fault; stable. */
  reason: string;
  detail: string;
}

export interface Unpacked {
  folder: string;
  /** What was wrong with the packed file itself. */
  problems: UnpackProblem[];
  close(): Promise<void>;
}

/** The allowed file names of an archive: nothing above the folder, and no characters that a shell or terminal interprets. */
const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;
/** Evidence compresses about tenfold. An archive that expands more than this was made to fill a disk. */
const RATIO = 100;
const ALLOWANCE = 100 * 1024 * 1024;
/** Fewest compressed bytes of a file, even an empty one, when its name holds a hash, as names of evidence do. */
const BYTES_PER_ENTRY = 40;
const ENTRIES_ALLOWANCE = 1000;
/** The limit for all files together, whatever the size of the archive. */
const ENTRIES_MAX = 2_000_000;
/** How many problems are listed, because a hostile archive could have endlessly many. */
const PROBLEMS_MAX = 200;
/** The longest file name. Evidence has no longer ones. */
const NAME_MAX = 255;

/** Passes bytes on up to the limit, and fails at the first byte beyond it. Headers and names count too. */
function bounded(limit: number): Transform {
  let passed = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length;
      if (passed > limit) done(new Error('it grows without end'));
      else done(null, chunk);
    },
  });
}

/** The kind of a path: folder or packed file. @throws CountersignError `invalid-request` when there is nothing */
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
      `\`${path}\` cannot be read (${code}); give a receipt, an archive or a folder`,
      { cause },
    );
  }
}

/** Unpacks into a new folder, which `close` removes. */
export async function unpack(archive: string): Promise<Unpacked> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-verify-'));
  const problems: UnpackProblem[] = [];
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const { size: archived } = await stat(archive);
  const limit = archived * RATIO + ALLOWANCE;
  const entries = Math.min(ENTRIES_MAX, ENTRIES_ALLOWANCE + Math.ceil(archived / BYTES_PER_ENTRY));
  const report = (file: string, detail: string): void => {
    if (problems.length < PROBLEMS_MAX) problems.push({ file: file.slice(0, NAME_MAX), reason: 'file-extra', detail });
  };
  const files = extract();
  const source = pipeline(createReadStream(archive), createGunzip(), bounded(limit), files);
  source.catch(() => undefined);
  try {
    let count = 0;
    for await (const entry of files) {
      const { type } = entry.header;
      const name = entry.header.name.replace(/^\.\//, '');
      count += 1;
      if (count > entries) throw new Error('it has more files than evidence of its size');
      if (type === 'directory') entry.resume();
      else if (type !== 'file' || name.length > NAME_MAX || !NAME.test(name)) {
        report(name, 'an archive has no file of this name or kind');
        entry.resume();
      } else if (!(await write(join(folder, name), entry as AsyncIterable<Uint8Array>))) {
        report(name, 'it is in the archive more than once');
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
