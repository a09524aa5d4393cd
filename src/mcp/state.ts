/** The proxy's state in its folder: accepted tools, and calls whose result was not delivered yet. */
import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JsonObject } from '../client/index.ts';

/** A call that is open, or whose result was not delivered. */
export interface OpenCall {
  tool: string;
  arguments: JsonObject;
  /** Distinguishes this call from the next one with the same arguments. */
  nonce: string;
}

export interface McpState {
  /** Hashes of the accepted tools, or null where none were accepted yet. */
  pins(): Record<string, string> | null;
  pin(pins: Record<string, string>): void;
  /** The open call of this key: the existing one, or a new one. Only one process creates it. */
  open(key: string, call: Omit<OpenCall, 'nonce'>): OpenCall;
  find(key: string): OpenCall | null;
  /** Its result was delivered: the same call is a new one from now on. */
  close(key: string): void;
}

const KEY = /^[0-9a-f]{64}$/;

export function openState(folder: string): McpState {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pinsFile = join(folder, 'tools.json');
  const fileOf = (key: string): string => {
    if (!KEY.test(key)) throw new Error('a key of a call is a SHA-256 in hexadecimal');
    return join(folder, `call-${key}.json`);
  };
  const find = (key: string): OpenCall | null => read(fileOf(key)) as OpenCall | null;
  return {
    pins: () => read(pinsFile) as Record<string, string> | null,
    pin: (pins) => replace(pinsFile, pins),
    find,
    open(key, call) {
      for (;;) {
        const there = find(key);
        if (there !== null) return there;
        const made = { ...call, nonce: randomUUID() };
        if (create(fileOf(key), made)) return made;
      }
    },
    close: (key) => rmSync(fileOf(key), { force: true }),
  };
}

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** @returns false where the file is there already */
function create(file: string, value: unknown): boolean {
  const draft = `${file}.${randomUUID()}.new`;
  // Linked as a complete file, so that no other process reads half of it.
  writeFileSync(draft, JSON.stringify(value), { mode: 0o600, flush: true });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function replace(file: string, value: unknown): void {
  const draft = `${file}.${randomUUID()}.new`;
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600, flush: true });
  renameSync(draft, file);
}
