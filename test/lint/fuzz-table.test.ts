/** The table of fuzzing in SECURITY.md: its counts are those of the tests that it names. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

interface Row {
  input: string;
  tries: number;
  wrong: string;
  file: string;
}

function rows(): Row[] {
  const table = readFileSync('SECURITY.md', 'utf8').split('| input | tries |')[1] ?? '';
  return [...table.matchAll(/^\| ([^|]+) \| ([\d,]+) \| ([^|]+) \| `([^`]+)` \|$/gm)].map(
    ([, input = '', tries = '', wrong = '', file = '']) => ({
      input,
      tries: Number(tries.replaceAll(',', '')),
      wrong,
      file,
    }),
  );
}

/** Every count that a test file writes down: `numRuns: 300`, `RUNS = 400`, `'4000x'` for Go’s fuzzer. */
const countsIn = (text: string): number[] =>
  [...text.matchAll(/(?:numRuns: |[A-Z]+ = |')(\d[\d_]*)(?:x')?/g)].map(([, count = '']) =>
    Number(count.replaceAll('_', '')),
  );

it.each(rows().map((row) => [row.input, row] as const))('%s', (_input, { tries, wrong, file }) => {
  expect(wrong).toBe('0');
  expect(existsSync(file)).toBe(true);
  const counts = countsIn(readFileSync(file, 'utf8'));
  const sum = counts.reduce((total, one) => total + one, 0);
  const parsers = [...readFileSync(file, 'utf8').matchAll(/^ {2}\[/gm)].length;
  // One count, all of a file together, or so many for each parser.
  expect([...counts, sum, ...counts.map((one) => one * parsers)]).toContain(tries);
});

it('the table has every kind of input', () => {
  expect(rows().length).toBeGreaterThanOrEqual(9);
});
