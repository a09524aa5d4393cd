/** What the pages of the repository point at is there: files, headings, tests. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RECORD_TYPES } from '../../src/contract/index.ts';
import { ROOT } from '../support/sources.ts';

const FOLDERS = ['', '.github', 'docs', 'clients', 'examples', 'integrations', 'deploy', 'src', 'sandbox', 'policies'];

function pagesIn(folder: string): string[] {
  const path = join(ROOT, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: folder !== '', encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !/(^|[/\\])(node_modules|dist)[/\\]/.test(name))
    .map((name) => join(path, name));
}

const pages = FOLDERS.flatMap(pagesIn);
const textOf = (page: string): string => readFileSync(page, 'utf8');
const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');

/** As GitHub makes it of a heading: lower case, spaces as hyphens, no punctuation. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
const anchorsOf = (page: string): Set<string> =>
  new Set([...textOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => anchorOf(heading)));

const ELSEWHERE = /^(https?:|mailto:)/;

function brokenIn(page: string): string[] {
  const text = withoutCode(textOf(page));
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/(?:src|href)="([^"]+)"/g)];
  return links
    .map(([, link = '']) => link)
    .filter((link) => !ELSEWHERE.test(link))
    .filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(target)) return true;
      return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).has(anchor);
    });
}

describe('pages', () => {
  it('link to what is there', () => {
    expect(pages.length).toBeGreaterThan(20);
    const broken = pages.flatMap((page) => brokenIn(page).map((link) => `${relative(ROOT, page)}: ${link}`));
    expect(broken).toEqual([]);
  });

  it('link to other sites by TLS, each address in a form that a browser takes', () => {
    const faults = pages.flatMap((page) => {
      const text = withoutCode(textOf(page));
      const links = [...text.matchAll(/\]\((https?:[^)\s]*)\)/g), ...text.matchAll(/(?:src|href)="(https?:[^"]*)"/g)];
      return links
        .map(([, link = '']) => link)
        .filter((link) => !link.startsWith('https://') || !URL.canParse(link) || !new URL(link).hostname.includes('.'))
        .map((link) => `${relative(ROOT, page)}: ${link}`);
    });
    expect(faults).toEqual([]);
  });

  it('describe every picture in words', () => {
    const silent = pages.flatMap((page) => {
      const text = withoutCode(textOf(page));
      const pictures = [...text.matchAll(/<img\b[^>]*>/g)].filter(([tag]) => !/ alt="[^"]+"/.test(tag));
      return [...pictures, ...text.matchAll(/!\[\]\([^)]*\)/g)].map(([tag]) => `${relative(ROOT, page)}: ${tag}`);
    });
    expect(silent).toEqual([]);
  });

  it('of docs/ are in the menu of the site', () => {
    const menu = readFileSync(join(ROOT, 'mkdocs.yml'), 'utf8');
    const inMenu = (page: string): boolean => menu.includes(`: ${relative(join(ROOT, 'docs'), page)}\n`);
    const ofDocs = pages.filter((page) => /^docs\/[\w-]+\.md$/.test(relative(ROOT, page)));
    expect(ofDocs.filter((page) => !inMenu(page))).toEqual([]);
  });

  it('name tests that are there', () => {
    const named = pages.flatMap((page) =>
      [...textOf(page).matchAll(/`(test\/[\w./-]+)`/g)].map(([, file = '']) => [relative(ROOT, page), file] as const),
    );
    expect(named.length).toBeGreaterThan(60);
    expect(named.filter(([, file]) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});

describe('the mapping of controls', () => {
  /** Rows of its tables, as cells. */
  const rows = textOf(join(ROOT, 'docs/controls.md'))
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (---|line|control) /.test(line))
    .map((line) => line.slice(2, -2).split(' | '));
  const recordTypes: readonly string[] = RECORD_TYPES;
  const commands = readdirSync(join(ROOT, 'src/cli'))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => textOf(join(ROOT, 'src/cli', name)))
    .join('\n');

  it('says of every line what shows it, and where it falls short', () => {
    expect(rows.length).toBeGreaterThan(25);
    const faults = rows.filter((cells) => {
      const [, , , shown = '', gap = ''] = cells;
      return cells.length !== 5 || gap.trim() === '' || !/`test\/[\w./-]+`/.test(shown);
    });
    expect(faults.map(([line]) => line)).toEqual([]);
  });

  it('names records and commands that there are', () => {
    const shown = rows.map(([, , , cell = '']) => cell);
    const types = shown.flatMap((cell) => [...cell.matchAll(/`([a-z]+)`/g)].map(([, type = '']) => type));
    expect(types.length).toBeGreaterThan(5);
    expect(types.filter((type) => !recordTypes.includes(type))).toEqual([]);
    const named = shown.flatMap((cell) => [...cell.matchAll(/`countersign ([a-z-]+)`/g)].map(([, name = '']) => name));
    expect(named.filter((name) => !commands.includes(`.command('${name}`))).toEqual([]);
  });
});

describe('the comparison', () => {
  it('says of every peer what it has that we lack before what we have', () => {
    const text = textOf(join(ROOT, 'docs/comparison.md'));
    for (const peer of [
      ...['Temporal', 'LangChain', 'Permit', 'Teleport', 'Cordum', 'Microsoft', 'EMILIA', 'Tenuo', 'Tracekit'],
      'ActionProxy',
    ]) {
      const row = text.split('\n').find((line) => /^\| \*\*/.test(line) && line.split(' | ')[0]?.includes(peer));
      const [, has = '', lacks = ''] = row?.split(' | ') ?? [];
      expect([has.length > 40, lacks.length > 40], peer).toEqual([true, true]);
    }
    expect(text).toContain('| | has, and we lack | has not, and we have |');
  });
});

describe('examples', () => {
  const folders = readdirSync(join(ROOT, 'examples'), { withFileTypes: true })
    .filter((one) => one.isDirectory())
    .map(({ name }) => name);
  const tests = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('lint'))
    .map((name) => textOf(join(ROOT, 'test', name)));

  it('are run by a test, each, and are on their page', () => {
    expect(folders.length).toBeGreaterThanOrEqual(7);
    expect(folders.filter((name) => !tests.some((text) => text.includes(`examples/${name}`)))).toEqual([]);
    const page = textOf(join(ROOT, 'examples/README.md'));
    expect(folders.filter((name) => !page.includes(`(${name}`))).toEqual([]);
  });
});
