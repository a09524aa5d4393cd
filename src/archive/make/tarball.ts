/** Writes files as a tar archive, no faster than it is read. */
import { once } from 'node:events';
import { pack as openPack, type Pack } from 'tar-stream';

/** A file of an archive; its size is known before its bytes are. */
export interface ArchiveFile {
  name: string;
  size: number;
  chunks(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** The archive's bytes. When the reader stops, so do the files, and their `finally` blocks run. */
export async function* tarball(files: AsyncIterable<ArchiveFile>, mtime: Date): AsyncGenerator<Uint8Array> {
  const pack = openPack();
  pack.on('error', () => undefined);
  const feeding = feed(pack, files, mtime);
  // The error ends the archive below.
  feeding.catch(() => undefined);
  try {
    for await (const chunk of pack as AsyncIterable<Uint8Array>) yield chunk;
    await feeding;
  } finally {
    pack.destroy(new Error('the archive is read no more'));
    await feeding.catch(() => undefined);
  }
}

async function feed(pack: Pack, files: AsyncIterable<ArchiveFile>, mtime: Date): Promise<void> {
  try {
    for await (const { name, size, chunks } of files) {
      if (pack.destroyed) return;
      const entry = pack.entry({ name, size, mtime, mode: 0o644 });
      // When the reader has left, the entry is destroyed as well.
      entry.on('error', () => undefined);
      const ended = new Promise<void>((resolve) => entry.once('close', () => resolve()));
      for await (const chunk of chunks()) {
        if (entry.write(chunk)) continue;
        await Promise.race([once(entry, 'drain').catch(() => undefined), ended]);
        if (pack.destroyed) return;
      }
      entry.end(undefined);
      await ended;
    }
    pack.finalize();
  } catch (error) {
    pack.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}
