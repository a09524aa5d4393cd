/** What comments cite is there: a section of the contract, a page of `docs/`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSources, ROOT } from '../support/sources.ts';

/** Pages of other people's specifications, here DSSE's. */
const ELSEWHERE = ['protocol.md', 'envelope.md'];

const sources = ['src', 'sandbox'].flatMap((folder) => readSources(folder));
const cited = (pattern: RegExp): [string, string][] =>
  sources.flatMap(({ file, text }) =>
    [...text.matchAll(pattern)].flatMap(([, what = '']) =>
      what.split(/,| and /).map((one): [string, string] => [file, one.trim()]),
    ),
  );

describe('what comments cite', () => {
  it('is a section of the contract', () => {
    const contract = readFileSync(join(ROOT, 'docs/contract.md'), 'utf8');
    const sections = new Set([...contract.matchAll(/^## (\d+)\. /gm)].map(([, number]) => number));
    const citations = cited(/contract sections? ([\d]+(?:(?:, | and )\d+)*)/g);
    expect(citations.length).toBeGreaterThan(30);
    expect(citations.filter(([, number]) => !sections.has(number))).toEqual([]);
  });

  it('is a page that is in the repository', () => {
    expect(cited(/(?<![/\w.-])((?:docs\/)?[\w-]+\.md)\b/g).filter(([, page]) => !pageIsThere(page))).toEqual([]);
  });
});

const pageIsThere = (page: string): boolean =>
  ELSEWHERE.includes(page) || ['', 'docs', 'sandbox/slack'].some((folder) => existsSync(join(ROOT, folder, page)));
