/** No environment variable is read, or written of, that docs/settings.md does not list; and the page is what the table gives. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KEYS } from '../../scripts/docs/settings-files.ts';
import { settingsPage } from '../../scripts/docs/settings.ts';
import { SECRETS } from '../../src/main/secret-files.ts';
import { SETTINGS } from '../../src/main/settings.ts';
import { ROOT } from '../support/sources.ts';

const known = new Set([
  ...SETTINGS.flatMap(({ settings }) => Object.keys(settings)),
  ...SECRETS.map((name) => `${name}_FILE`),
]);

/** Of the tests and of the build alone: docs/settings.md is for who runs the product. */
const OURS =
  /^COUNTERSIGN_(CI_RUN|TEST_\w+|OLDEST_TEMPORAL|CRASHES|DOCS_\w+|MOTO|PYTHON|FRAMEWORKS_PYTHON|LOCAL_SLACK)$/;

const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => file !== '');
const within = (folders: RegExp): (readonly [string, string])[] =>
  tracked.filter((file) => folders.test(file)).map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]);

/** `env.NAME`, `env['NAME']`, `environ.get("NAME")`. */
const READ = /\benv(?:iron)?(?:\?)?(?:\.get\(|\[|\.)["']?([A-Z][A-Z0-9_]{2,})\b/g;
/** `const { NAME: local } = io.env`, and a parameter of that shape. */
const TAKEN = /\{([^{}]*\b[A-Z][A-Z0-9_]{3,}\b[^{}]*)\}\s*(?:=\s*(?:io\.|process\.)?env\b|\)\s*=>)/g;
const NAME = /\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b/g;

function readIn(text: string): string[] {
  const taken = [...text.matchAll(TAKEN)].flatMap(([, names = '']) => names.match(NAME) ?? []);
  return [...text.matchAll(READ)].map(([, name = '']) => name).concat(taken);
}

describe('settings', () => {
  it('are described, every one', () => {
    const silent = SETTINGS.flatMap(({ settings }) =>
      Object.entries(settings).flatMap(([name, setting]) => (setting.description === undefined ? [name] : [])),
    );
    expect(silent).toEqual([]);
  });

  it('of files are described too, every key', () => {
    expect(KEYS.map(({ keys }) => keys.length).every((count) => count > 3)).toBe(true);
    const silent = KEYS.flatMap(({ title, keys }) =>
      keys.filter(({ description }) => description === undefined).map(({ path }) => `${title}: ${path}`),
    );
    expect(silent).toEqual([]);
  });

  it('files are all in the tables', () => {
    const named = [...known].filter((name) => KEYS.some((file) => file.named === name));
    const read = within(/^src\/main\/.*\.ts$/).filter(([, text]) => /\breadSettingsFile\(/.test(text));
    // The other one is the mapping of `countersign mcp`, which reads it itself.
    expect([named.length, read.length]).toEqual([KEYS.length - 1, KEYS.length - 1]);
  });

  it('are on the page that is made of them: `npm run docs:settings`', () => {
    expect(readFileSync(join(ROOT, 'docs/settings.md'), 'utf8')).toBe(settingsPage());
  });

  it('are all that programs read', () => {
    const read = within(/^(src|bin|clients\/[^/]+\/src|integrations)\/.*\.(ts|tsx|js|mjs|py|sh)$/).flatMap(
      ([file, text]) => readIn(text).map((name) => `${file}: ${name}`),
    );
    expect(read.length).toBeGreaterThan(20);
    expect(read.filter((one) => !known.has(one.split(': ')[1] ?? ''))).toEqual([]);
  });

  it('are all that is written of, wherever it is', () => {
    const written = within(
      /^(?!test\/|bench\/|\.ci\/).*(\.(ts|tsx|js|mjs|py|sh|md|ya?ml|go|example)|Dockerfile)$/,
    ).flatMap(([file, text]) =>
      (text.match(/\bCOUNTERSIGN_[A-Z][A-Z_]*[A-Z]\b(?!\*)/g) ?? []).map((name) => `${file}: ${name}`),
    );
    const unknown = written.filter((one) => {
      const name = one.split(': ')[1] ?? '';
      return ![name, `${name}_PORT`].some((one) => known.has(one)) && !OURS.test(name);
    });
    expect(unknown).toEqual([]);
  });
});
