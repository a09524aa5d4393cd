/** The files of an unpacked archive: which exist, which were read, and what is wrong with them. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../../contract/index.ts';
import { ARCHIVE_FILES } from '../../export/index.ts';
import type { SizedFile } from '../documents.ts';
import type { UnpackProblem } from './unpack.ts';

/** Bytes of the largest file that is read whole; the records are read line by line. */
const READ_MAX = 256 * 1024 * 1024;
/** Problems that are listed; all are counted. */
const LISTED_MAX = 200;

export class ArchiveFolder {
  readonly path: string;
  readonly problems: UnpackProblem[];
  found: number;
  readonly #files = new Set<string>();
  readonly #expected = new Set<string>([ARCHIVE_FILES.sums]);
  /** Files that already have a problem, so that one cause is reported once. */
  readonly #wrong = new Set<string>();

  private constructor(path: string, problems: readonly UnpackProblem[]) {
    this.path = path;
    this.problems = [...problems];
    this.found = problems.length;
  }

  static async open(path: string, problems: readonly UnpackProblem[]): Promise<ArchiveFolder> {
    const folder = new ArchiveFolder(path, problems);
    await folder.#list('');
    return folder;
  }

  async #list(below: string): Promise<void> {
    for (const entry of await readdir(join(this.path, below), { withFileTypes: true })) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) await this.#list(name);
      else if (entry.isFile()) this.#files.add(name);
      else this.report(name, 'file-extra', 'it is neither a file nor a folder');
    }
  }

  report(file: string, reason: string, detail: string): void {
    this.#wrong.add(file);
    this.found += 1;
    if (this.problems.length < LISTED_MAX) this.problems.push({ file, reason, detail });
  }

  /** Something is wrong with this file. */
  isWrong(file: string): boolean {
    return this.#wrong.has(file);
  }

  /** A required file of the archive. Missing files are reported, and give false. */
  expect(name: string, why = 'it belongs to every archive'): boolean {
    this.#expected.add(name);
    if (this.#files.has(name)) return true;
    this.report(name, 'file-missing', `it is missing: ${why}`);
    return false;
  }

  /** A required file of the archive, or null when it is missing. */
  async read(name: string, why?: string): Promise<Uint8Array | null> {
    if (!this.expect(name, why)) return null;
    const path = join(this.path, name);
    if ((await stat(path)).size > READ_MAX) {
      this.report(name, 'file-altered', 'it is larger than such a file can be');
      return null;
    }
    return new Uint8Array(await readFile(path));
  }

  /** The JSON of a file whose own check is somewhere else; null where there is none. */
  async peek(name: string): Promise<Json | null> {
    if (!this.#files.has(name)) return null;
    const path = join(this.path, name);
    if ((await stat(path)).size > READ_MAX) return null;
    try {
      return JSON.parse(await readFile(path, 'utf8')) as Json;
    } catch {
      // The check of the file reports invalid JSON.
      return null;
    }
  }

  /** A file that must have exactly these bytes. */
  async mustBe(name: string, bytes: Uint8Array, why: string): Promise<void> {
    const actual = await this.read(name, why);
    if (actual !== null && !Buffer.from(bytes).equals(actual))
      this.report(name, 'file-altered', `it was altered: ${why}`);
  }

  /** A file that must equal its regenerated content. */
  async mustBeMade(name: string, made: SizedFile, why: string): Promise<void> {
    if (!this.expect(name, why)) return;
    const hash = createHash('sha256');
    for await (const chunk of made.chunks()) hash.update(chunk);
    if ((await this.#hashOf(name)) !== hash.digest('hex')) this.report(name, 'file-altered', `it was altered: ${why}`);
  }

  /** Compares with the list of hashes, and with what the evidence calls for: at the end. */
  async finish(): Promise<void> {
    const listed = await this.#sums();
    for (const name of this.#files) {
      if (!this.#expected.has(name)) {
        this.report(name, 'file-extra', 'it was added: no record of this archive calls for it');
      } else if (listed !== null && name !== ARCHIVE_FILES.sums && !this.#wrong.has(name)) {
        const hash = listed.get(name);
        if (hash === undefined) this.report(name, 'file-extra', `${ARCHIVE_FILES.sums} does not list it`);
        else if ((await this.#hashOf(name)) !== hash)
          this.report(name, 'file-altered', `it is not what ${ARCHIVE_FILES.sums} says`);
      }
    }
    for (const name of listed?.keys() ?? []) {
      if (!this.#files.has(name) && !this.#wrong.has(name)) {
        this.report(name, 'file-missing', `it was removed: ${ARCHIVE_FILES.sums} lists it`);
      }
    }
  }

  async #sums(): Promise<Map<string, string> | null> {
    const bytes = await this.read(ARCHIVE_FILES.sums);
    if (bytes === null) return null;
    const listed = new Map<string, string>();
    const lines = Buffer.from(bytes).toString('utf8').split('\n');
    for (const line of lines.slice(0, -1)) {
      const [, hash, name] = /^([0-9a-f]{64}) {2}(\S.*)$/.exec(line) ?? [];
      if (hash === undefined || name === undefined || listed.has(name)) {
        this.report(ARCHIVE_FILES.sums, 'file-altered', 'it was altered: it is not a list of hashes, each file once');
        return null;
      }
      listed.set(name, hash);
    }
    return listed;
  }

  async #hashOf(name: string): Promise<string> {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(join(this.path, name))) hash.update(chunk as Buffer);
    return hash.digest('hex');
  }
}
