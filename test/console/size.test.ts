/** What the console weighs: a first visit loads little, and what few need comes when they need it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { setup as buildAll } from '../support/built.ts';
import { ROOT } from '../support/sources.ts';

/** Bytes of a first load, compressed, at most. */
const FIRST_LOAD_MAX = 120 * 1024;

interface Chunk {
  file: string;
  isEntry?: boolean;
  imports?: string[];
  css?: string[];
}

const at = (name: string): string => join(ROOT, 'dist/console', name);
let chunks: Record<string, Chunk>;
beforeAll(async () => {
  await buildAll();
  chunks = JSON.parse(readFileSync(at('.vite/manifest.json'), 'utf8')) as Record<string, Chunk>;
});

/** Files that a page loads before it shows anything: the entry, and all that it imports at once. */
function firstLoad(): string[] {
  const entries = Object.keys(chunks).filter((name) => chunks[name]?.isEntry === true);
  const seen = new Set(entries);
  for (const name of seen) for (const next of chunks[name]?.imports ?? []) seen.add(next);
  return [...seen].flatMap((name) => [chunks[name]?.file ?? '', ...(chunks[name]?.css ?? [])]);
}

describe('the console', () => {
  it(`loads at most ${FIRST_LOAD_MAX} bytes at first, compressed`, () => {
    const files = firstLoad();
    expect(files.length).toBeGreaterThan(1);
    const sizes = files.map((file) => gzipSync(readFileSync(at(file)), { level: 9 }).length);
    expect(sizes.reduce((all, size) => all + size, 0)).toBeLessThanOrEqual(FIRST_LOAD_MAX);
  });

  it('has a page without anything inline, which its policy would forbid', () => {
    const html = readFileSync(at('index.html'), 'utf8');
    expect(html).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)|\son\w+=|javascript:/i);
    expect([...html.matchAll(/(?:src|href)="([^"]+)"/g)].every(([, url]) => url?.startsWith('/console/assets/'))).toBe(
      true,
    );
  });

  it('has compressed copies of what is large', () => {
    const large = firstLoad().filter((file) => readFileSync(at(file)).length > 4096);
    expect(large.filter((file) => !existsSync(at(`${file}.br`)) || !existsSync(at(`${file}.gz`)))).toEqual([]);
  });
});
