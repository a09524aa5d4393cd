/** What the pages of the repository point at is there: files, headings, tests. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
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
