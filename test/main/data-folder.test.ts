import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareDataFolder } from '../../src/main/data-folder.ts';

let root: string;
let data: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'countersign-folder-'));
  data = join(root, 'data');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('a data folder', () => {
  it.each<[what: string, mode: number, closed: string]>([
    ['closed', 0o700, '700'],
    ['readable by all', 0o755, '700'],
    ['open to all', 0o777, '700'],
    ['shared with a group', 0o770, '700'],
    ['that a group may enter', 0o710, '700'],
    ['of a temporary kind', 0o1777, '700'],
  ])('%s is its user’s alone afterwards', (_what, mode, closed) => {
    mkdirSync(data);
    chmodSync(data, mode);
    prepareDataFolder(data);
    expect(modeOf(data)).toBe(closed);
  });

  it.each<[name: string, mode: number, closed: string]>([
    ['first-key', 0o644, '600'],
    ['temporal.db', 0o664, '600'],
    ['temporal.db-wal', 0o604, '600'],
    ['temporal.log', 0o640, '600'],
    ['slack-sandbox.jsonl', 0o666, '600'],
    ['runtime.json', 0o600, '600'],
    ['read-only', 0o444, '400'],
  ])('the file %s of mode %o in it', (name, mode, closed) => {
    mkdirSync(data);
    writeFileSync(join(data, name), '');
    chmodSync(join(data, name), mode);
    prepareDataFolder(data);
    expect(modeOf(join(data, name))).toBe(closed);
  });

  it('closes what lies deeper too', () => {
    mkdirSync(join(data, 'postgres', 'cluster'), { recursive: true });
    writeFileSync(join(data, 'postgres', 'cluster', 'PG_VERSION'), '18');
    for (const path of ['postgres', 'postgres/cluster', 'postgres/cluster/PG_VERSION'])
      chmodSync(join(data, path), 0o755);
    prepareDataFolder(data);
    expect(
      ['postgres', 'postgres/cluster', 'postgres/cluster/PG_VERSION'].map((path) => modeOf(join(data, path))),
    ).toEqual(['700', '700', '700']);
  });

  it('what a link in it leads to is left alone', () => {
    mkdirSync(data);
    const outside = join(root, 'outside');
    writeFileSync(outside, '');
    chmodSync(outside, 0o644);
    symlinkSync(outside, join(data, 'link'));
    prepareDataFolder(data);
    expect(modeOf(outside)).toBe('644');
  });

  it('is made closed where there is none', () => {
    prepareDataFolder(join(data, 'deep'));
    expect(modeOf(join(data, 'deep'))).toBe('700');
  });
});
