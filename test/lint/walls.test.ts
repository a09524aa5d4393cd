/** Every wall of eslint.config.js and tsconfig.pure.json, shown to hold: each fixture breaks one and must be told so. */
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const fixtures = fileURLToPath(new URL('fixtures/', import.meta.url));

const files = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .sort();

/** The rule that a fixture's first line says it breaks; none in a clean one. */
const wanted = (file: string): string[] => {
  const rule = /^\/\/ want: (\S+)/.exec(readFileSync(join(fixtures, file), 'utf8'))?.[1];
  return rule === undefined ? [] : [rule];
};

describe('eslint', () => {
  let found: Map<string, string[]>;
  beforeAll(async () => {
    // The fixtures mirror the repository, so its own globs and rooms apply to them.
    const eslint = new ESLint({ cwd: fixtures, overrideConfigFile: join(root, 'eslint.config.js') });
    const results = await eslint.lintFiles(['.']);
    found = new Map(
      results.map(({ filePath, messages }) => [
        filePath.slice(fixtures.length),
        [...new Set(messages.map(({ ruleId, message }) => ruleId ?? message))],
      ]),
    );
  });

  it.each(files.map((file) => [file, wanted(file)] as const))('%s: %j', (file, rules) => {
    expect(found.get(file)).toEqual(rules);
  });

  it('is shown to enforce every rule that the walls need', () => {
    expect(new Set(files.flatMap(wanted))).toEqual(
      new Set([
        '@typescript-eslint/consistent-type-imports',
        '@typescript-eslint/no-explicit-any',
        '@typescript-eslint/no-floating-promises',
        '@typescript-eslint/no-misused-promises',
        '@typescript-eslint/only-throw-error',
        '@typescript-eslint/switch-exhaustiveness-check',
        'house/no-cycle',
        'house/rooms',
        'no-nested-ternary',
        'no-restricted-globals',
        'no-restricted-imports',
        'no-restricted-properties',
        'no-restricted-syntax',
      ]),
    );
  });
});

describe('the pure tsconfig', () => {
  it('does not know the globals of Node', async () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const run = promisify(execFile)(process.execPath, [
      tsc,
      '-p',
      join(fixtures, 'tsconfig.pure.json'),
      '--pretty',
      'false',
    ]);
    const { stdout } = (await run.then(
      () => ({ stdout: '' }),
      (error: unknown) => error,
    )) as { stdout: string };
    const unknown = [...stdout.matchAll(/uses-node-types\.ts.*(?:Cannot find name|Could not find name) '(\w+)'/g)].map(
      ([, name]) => name,
    );
    expect(unknown).toEqual(['process', 'Buffer', 'setTimeout']);
  });
});
