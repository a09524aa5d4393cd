/** Every wall of oxlint.config.js and tsconfig.pure.json, shown to hold: each fixture breaks one and must be told so. */
import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

/** Plain JavaScript, for the linter reads it. */
const { default: config } = (await import(new URL('../../oxlint.config.js', import.meta.url).href)) as {
  default: { rules: object; overrides: { rules: object }[] };
};

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

/** What a program writes, however it ends. */
async function outputOf(script: string, args: readonly string[]): Promise<string> {
  const run = promisify(execFile)(process.execPath, [join(root, script), ...args], { cwd: fixtures });
  const { stdout } = (await run.catch((error: unknown) => error)) as { stdout: string };
  return stdout;
}

interface Diagnostic {
  readonly code?: string;
  readonly message: string;
  readonly filename: string;
}

/** `plugin(rule)` as the configuration names it; a directive that disables nothing has no rule. */
const ruleOf = ({ code, message }: Diagnostic): string =>
  code?.replace(/^eslint\((.*)\)$/, '$1').replace(/^(\w+)\((.*)\)$/, '$1/$2') ??
  (message.startsWith('Unused oxlint-disable directive') ? 'unused-directive' : message);

describe('the linter', () => {
  const found = new Map<string, Set<string>>();
  beforeAll(async () => {
    // The fixtures mirror the repository, so its own globs and rooms apply to them.
    const printed = await outputOf('node_modules/oxlint/bin/oxlint', ['-c', 'oxlint.config.js', '-f', 'json']);
    const { diagnostics } = JSON.parse(printed) as { diagnostics: Diagnostic[] };
    for (const one of diagnostics) {
      found.set(one.filename, (found.get(one.filename) ?? new Set()).add(ruleOf(one)));
    }
  });

  it.each(files.map((file) => [file, wanted(file)] as const))('%s: %j', (file, rules) => {
    expect([...(found.get(file) ?? [])]).toEqual(rules);
  });

  it('is shown to enforce every rule that it is told', () => {
    const told = [config, ...config.overrides].flatMap(({ rules }) => Object.keys(rules));
    expect(new Set(files.flatMap(wanted))).toEqual(new Set([...told, 'unused-directive']));
  });
});

describe('the pure tsconfig', () => {
  it('does not know the globals of Node', async () => {
    const tsc = 'node_modules/typescript-7/bin/tsc';
    const stdout = await outputOf(tsc, ['-p', 'tsconfig.pure.json', '--pretty', 'false']);
    const unknown = [...stdout.matchAll(/uses-node-types\.ts.*(?:Cannot find name|Could not find name) '(\w+)'/g)].map(
      ([, name]) => name,
    );
    expect(unknown).toEqual(['process', 'Buffer', 'setTimeout']);
  });
});
