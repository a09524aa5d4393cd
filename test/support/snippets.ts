/** The fenced blocks of the pages, as the tests read them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './sources.ts';

export interface Snippet {
  /** The page, from the root of the repository. */
  page: string;
  /** Line of the opening fence. */
  line: number;
  /** The first word of the info string; empty where there is none. */
  language: string;
  text: string;
}

/** `page:line`, as an editor opens it. */
export const placeOf = ({ page, line }: Snippet): string => `${page}:${line}`;

/** Every page of the repository that is written for people, tests' own apart. */
export function pagesOfRepository(): string[] {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return list.split('\0').filter((page) => page !== '' && !page.startsWith('test/'));
}

/** All fenced blocks, indented ones too, each without its indentation. */
export const snippets = (): Snippet[] => pagesOfRepository().flatMap(snippetsOf);

export function snippetsOf(page: string): Snippet[] {
  const found: Snippet[] = [];
  let open: (Snippet & { indent: string; lines: string[] }) | undefined;
  for (const [index, line] of readFileSync(join(ROOT, page), 'utf8').split('\n').entries()) {
    const fence = /^( *)```(\S*)/.exec(line);
    if (open === undefined) {
      if (fence === null) continue;
      const [, indent = '', language = ''] = fence;
      open = { page, line: index + 1, language, text: '', indent, lines: [] };
    } else if (fence !== null) {
      const { page, line, language, lines } = open;
      found.push({ page, line, language, text: `${lines.join('\n')}\n` });
      open = undefined;
    } else open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
  }
  if (open !== undefined) throw new Error(`${page}:${open.line}: the fence is not closed`);
  return found;
}
