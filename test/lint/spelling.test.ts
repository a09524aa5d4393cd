/** The pages are spelled as English is, British or American, with the words of `cspell.json` beside it; the dictionaries come with the package. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { pagesOfRepository } from '../support/snippets.ts';
import { ROOT } from '../support/sources.ts';

it('no page has a word that no dictionary knows', async () => {
  const bin = join(ROOT, 'node_modules/cspell/bin.mjs');
  const args = ['lint', '--no-progress', '--no-summary', '--no-color', ...pagesOfRepository()];
  const said = await promisify(execFile)(process.execPath, [bin, ...args], { cwd: ROOT }).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string; stderr?: string }) => `${error.stdout ?? ''}${error.stderr ?? ''}`,
  );
  expect(said).toBe('');
});

it('the list of our own words has none that nobody uses', () => {
  const text = pagesOfRepository()
    .map((page) => readFileSync(join(ROOT, page), 'utf8'))
    .join('\n')
    .toLowerCase();
  const { words } = JSON.parse(readFileSync(join(ROOT, 'cspell.json'), 'utf8')) as { words: string[] };
  expect(words.filter((word) => !text.includes(word.toLowerCase()))).toEqual([]);
});
