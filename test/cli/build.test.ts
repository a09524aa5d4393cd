/** How `bin/countersign.js` keeps `dist/` current, in a small checkout of its own. */
import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'countersign-build-'));
  for (const file of ['bin/countersign.js', 'scripts/build.js', 'package.json'])
    cpSync(join(ROOT, file), join(dir, file));
  symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
  mkdirSync(join(dir, 'sandbox/slack/page/static'), { recursive: true });
  writeFileSync(join(dir, 'sandbox/slack/page/static/page.css'), 'a {}');
  source('src/cli/word.ts', `export const word: string = 'first';`);
  source(
    'src/cli/main.ts',
    `import { word } from './word.ts';\nexport const main = (): void => console.log(word, import.meta.url.includes('/dist/') ? 'built' : 'sources');`,
  );
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function source(file: string, text: string): void {
  mkdirSync(join(dir, file, '..'), { recursive: true });
  writeFileSync(join(dir, file), `${text}\n`);
}

const says = async (): Promise<string> =>
  (await run(process.execPath, [join(dir, 'bin/countersign.js')], { cwd: dir })).stdout.trim();
const built = (file: string): string => join(dir, 'dist', file);

describe('a checkout', () => {
  it('builds once, and runs what was built', async () => {
    expect(await says()).toBe('first built');
    expect(existsSync(built('sandbox/slack/page/static/page.css'))).toBe(true);
    const { mtimeMs } = statSync(built('src/cli/main.js'));
    expect(await says()).toBe('first built');
    expect(statSync(built('src/cli/main.js')).mtimeMs).toBe(mtimeMs);
  });

  it('builds again what was edited, and only that', async () => {
    await says();
    const { mtimeMs } = statSync(built('src/cli/main.js'));
    source('src/cli/word.ts', `export const word: string = 'other';`);
    expect(await says()).toBe('other built');
    expect(statSync(built('src/cli/main.js')).mtimeMs).toBe(mtimeMs);
  });

  it('forgets what was removed', async () => {
    source('src/cli/gone.ts', 'export {};');
    await says();
    expect(existsSync(built('src/cli/gone.js'))).toBe(true);
    rmSync(join(dir, 'src/cli/gone.ts'));
    expect(await says()).toBe('first built');
    expect(existsSync(built('src/cli/gone.js'))).toBe(false);
  });

  it('is built by one of many that start at once, also where a builder was killed', async () => {
    mkdirSync(join(dir, 'dist'));
    // No process has this id: it is beyond what any kernel gives.
    writeFileSync(join(dir, 'dist/.building'), '2147483646');
    expect(await Promise.all(Array.from({ length: 6 }, says))).toEqual(Array.from({ length: 6 }, () => 'first built'));
    expect(readdirSync(join(dir, 'dist')).sort()).toEqual(['.built-from.json', 'sandbox', 'src']);
  });

  it('runs its sources where it cannot be built', async () => {
    writeFileSync(join(dir, 'dist'), 'no folder');
    expect(await says()).toBe('first sources');
  });

  it('never runs what was built from other sources', async () => {
    await says();
    rmSync(join(dir, 'node_modules'));
    source('src/cli/word.ts', `export const word: string = 'other';`);
    await expect(says()).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('run `npm ci` first') as string,
    });
  });
});
