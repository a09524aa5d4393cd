/** Takes one file out of a zip archive (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT), which a wheel is. */
import { createReadStream, createWriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

/** Section 4.3.16: the end of the central directory, without its comment. */
const END = { signature: 0x06054b50, size: 22 };
/** Section 4.3.12: the central directory's entry of one file, without its names. */
const ENTRY = { signature: 0x02014b50, size: 46 };
/** Section 4.3.7: the local header of a file, without its names. */
const LOCAL = { signature: 0x04034b50, size: 30 };
const DEFLATED = 8;
/** No pinned wheel has a larger central directory. */
const DIRECTORY_LIMIT = 1 << 20;

interface Entry {
  /** Where its local header stands. */
  at: number;
  compressedSize: number;
  size: number;
}

/**
 * Writes the file `name` of the archive to `target`, which must not exist. The archive's hash was compared before, so the checks here only
 * guard against accidents.
 *
 * @throws Error when the archive has no such file, or holds it in a form that no wheel uses.
 */
export async function extractFromZip(archive: string, name: string, target: string): Promise<void> {
  const file = await open(archive, 'r');
  try {
    const entry = await findEntry(file, name);
    const local = await readAt(file, entry.at, LOCAL.size);
    if (local.readUInt32LE(0) !== LOCAL.signature)
      throw new Error(`the archive does not hold \`${name}\` where it says`);
    const start = entry.at + LOCAL.size + local.readUInt16LE(26) + local.readUInt16LE(28);
    const output = createWriteStream(target, { flags: 'wx', mode: 0o755 });
    await pipeline(
      createReadStream(archive, { start, end: start + entry.compressedSize - 1 }),
      createInflateRaw(),
      output,
    );
    if (output.bytesWritten !== entry.size) throw new Error(`\`${name}\` is not as long as the archive says`);
  } finally {
    await file.close();
  }
}

async function findEntry(file: FileHandle, name: string): Promise<Entry> {
  const { size } = await file.stat();
  // An archive with a comment behind its directory is not one that we pinned.
  const end = await readAt(file, size - END.size, END.size);
  if (end.readUInt32LE(0) !== END.signature) throw new Error('it is no zip archive');
  const [length, at] = [end.readUInt32LE(12), end.readUInt32LE(16)];
  if (length > DIRECTORY_LIMIT) throw new Error('the directory of the archive is too large');
  const directory = await readAt(file, at, length);
  for (let offset = 0; offset < length;) {
    const entry = directory.subarray(offset);
    if (entry.length < ENTRY.size || entry.readUInt32LE(0) !== ENTRY.signature) break;
    const nameLength = entry.readUInt16LE(28);
    if (entry.toString('utf8', ENTRY.size, ENTRY.size + nameLength) === name) {
      if (entry.readUInt16LE(10) !== DEFLATED) throw new Error(`the archive does not hold \`${name}\` deflated`);
      return { at: entry.readUInt32LE(42), compressedSize: entry.readUInt32LE(20), size: entry.readUInt32LE(24) };
    }
    offset += ENTRY.size + nameLength + entry.readUInt16LE(30) + entry.readUInt16LE(32);
  }
  throw new Error(`the archive holds no \`${name}\``);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = position < 0 ? { bytesRead: -1 } : await file.read(bytes, 0, length, position);
  if (bytesRead !== length) throw new Error('the archive ends too early');
  return bytes;
}
