import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isObject, parseJson } from './json.ts';
import type { JsonObject } from './json.ts';

/**
 * A file of JSON lines, one per change: what was written before a kill is there after it.
 * Nothing but the sandbox's own play state: no fsync, and a line cut short at the end is dropped.
 */
export interface Journal {
  /** All entries, oldest first. */
  read(): JsonObject[];
  append(entry: JsonObject): void;
  /** Replaces everything by `entries`, in one step. */
  rewrite(entries: JsonObject[]): void;
}

/** Keeps nothing. */
export const noJournal: Journal = { read: () => [], append: () => undefined, rewrite: () => undefined };

/** @param file path; its folder is made. @throws the file system's error when it cannot be written. */
export function fileJournal(file: string): Journal {
  mkdirSync(dirname(file), { recursive: true });
  return {
    read() {
      if (!existsSync(file)) return [];
      const lines = readFileSync(file, 'utf8').split('\n');
      return lines.map((line) => parseJson(line)).filter(isObject);
    },
    append(entry) {
      appendFileSync(file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    },
    rewrite(entries) {
      const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
      writeFileSync(`${file}.new`, text, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
  };
}
