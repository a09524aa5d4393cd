/** The shape of the house: what lint does not measure. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { cyclesOf, reachable, readSources, ROOT } from '../support/sources.ts';

/** Plain JavaScript, for ESLint reads it. */
const { ROOMS } = (await import(new URL('../../eslint/rooms.js', import.meta.url).href)) as { ROOMS: string[] };

const sources = readSources('src');

const LINES_MAX = 400;
const METHODS_MAX = 15;

/** Methods that an interface declares itself, as methods or as members of a function's type. */
function interfacesOf(node: ts.Node): { name: string; methods: number }[] {
  const found: { name: string; methods: number }[] = [];
  const visit = (one: ts.Node): void => {
    if (ts.isInterfaceDeclaration(one)) {
      const methods = one.members.filter(
        (member) =>
          ts.isMethodSignature(member) ||
          (ts.isPropertySignature(member) && member.type !== undefined && ts.isFunctionTypeNode(member.type)),
      ).length;
      found.push({ name: one.name.text, methods });
    }
    ts.forEachChild(one, visit);
  };
  visit(node);
  return found;
}

describe('the sources', () => {
  it('have no circle, types included', () => {
    expect(cyclesOf(sources)).toEqual([]);
  });

  it('would be told of a circle of types', () => {
    const one = { file: 'src/a.ts', imports: [{ file: 'src/b.ts', typeOnly: true }] };
    const other = { file: 'src/b.ts', imports: [{ file: 'src/a.ts', typeOnly: true }] };
    expect(cyclesOf([one, other, { file: 'src/c.ts', imports: one.imports }])).toEqual([['src/a.ts', 'src/b.ts']]);
  });

  it(`have no file over ${LINES_MAX} lines`, () => {
    expect(sources.filter(({ text }) => text.split('\n').length - 1 > LINES_MAX).map(({ file }) => file)).toEqual([]);
  });

  it(`have no interface over ${METHODS_MAX} methods`, () => {
    const large = sources.flatMap(({ file, tree }) =>
      interfacesOf(tree)
        .filter(({ methods }) => methods > METHODS_MAX)
        .map(({ name }) => `${file}: ${name}`),
    );
    expect(large).toEqual([]);
  });

  it('check an evidence archive with what verifies and nothing else', () => {
    const rooms = reachable(sources, 'src/archive/check/check.ts', { types: false }).map((file) => file.split('/')[1]);
    const known = ['canonical', 'contract', 'ledger', 'sealing', 'evidence', 'export', 'keys', 'archive'];
    expect([...new Set(rooms)].filter((room) => !known.includes(room ?? ''))).toEqual([]);
  });

  it('verify offline without the gateway', () => {
    const files = reachable(sources, 'src/cli/verify.ts', { types: false });
    expect(files.filter((file) => /^src\/(gateway|store|engine|workflows|main)\//.test(file))).toEqual([]);
  });
});

describe('the architecture page', () => {
  it('names every room of lint that there is, in the same order', () => {
    const page = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8');
    const named = [...page.matchAll(/^\| `([a-z]+)` \|/gm)].map(([, room]) => room);
    const there = new Set(sources.map(({ file }) => file.split('/')[1]));
    expect(named).toEqual(ROOMS.filter((room) => there.has(room)));
  });

  it('says where each change belongs, in places that are there, as CONTRIBUTING.md does', () => {
    const [page, contributing] = ['docs/architecture.md', 'CONTRIBUTING.md'].map((file) => changesOf(file));
    expect(page?.length).toBeGreaterThanOrEqual(25);
    expect(contributing).toEqual(page);
    const places = page?.join(' ').match(/\b(?:src|test|docs|sandbox|scripts|eslint)\/[\w./-]+/g) ?? [];
    expect(places.filter((place) => !existsSync(join(ROOT, place)))).toEqual([]);
  });
});

/** The rows of the table of changes in a page. */
function changesOf(file: string): string[] {
  const [, rest = ''] = readFileSync(join(ROOT, file), 'utf8').split('| you want to change | look in | run |\n');
  return (rest.split('\n\n')[0] ?? '').trim().split('\n').slice(1);
}
