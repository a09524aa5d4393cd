/** An unlinked temporary file, for content whose size must be known first. It disappears with its handle, however the process ends. */
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The size of the write and read buffers, in bytes. */
const CHUNK = 256 * 1024;

export class Spool {
  readonly #file: FileHandle;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #written = 0;
  #size = 0;
  /** One write at a time; reads wait for earlier writes. */
  #lastWrite: Promise<unknown> = Promise.resolve();

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(): Promise<Spool> {
    const folder = await mkdtemp(join(tmpdir(), 'countersign-export-'));
    try {
      return new Spool(await open(join(folder, 'spool'), 'wx+', 0o600));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** Appends. */
  async write(data: Uint8Array | string): Promise<void> {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#size += bytes.length;
    if (this.#waitingBytes >= CHUNK) await this.#flush();
  }

  #flush(): Promise<void> {
    const write = this.#lastWrite.then(() => this.#writeAll());
    this.#lastWrite = write.catch(() => undefined);
    return write;
  }

  async #writeAll(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#written);
      done += bytesWritten;
      this.#written += bytesWritten;
    }
  }

  /** Bytes that were written before. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    if (offset + length > this.#written) await this.#flush();
    const bytes = Buffer.allocUnsafe(length);
    for (let done = 0; done < length;) {
      const { bytesRead } = await this.#file.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) throw new Error('a spool ended early');
      done += bytesRead;
    }
    return bytes;
  }

  /** All of it, from the beginning. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const { size } = this;
    for (let at = 0; at < size; at += CHUNK) yield await this.read(at, Math.min(CHUNK, size - at));
  }

  async close(): Promise<void> {
    this.#waiting = [];
    await this.#lastWrite;
    await this.#file.close();
  }
}
