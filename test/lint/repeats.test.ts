/** No eight lines stand twice in `src`: what is written twice is changed once. Schemas and migrations may repeat themselves. */
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { readSources, type Source } from '../support/sources.ts';

const RUN = 8;

/**
 * What says the same twice on purpose: each migration stands as it was run, and a rendering that decisions were sealed with never
 * changes with the one of today.
 */
const STANDS = [/^src\/store\/(migrate|migrations)\b/, /^src\/slack\/blocks\/slack-\d+\//];

type Code = Pick<Source, 'file' | 'text' | 'tree'>;

interface Line {
  file: string;
  line: number;
  text: string;
}

/** A declaration of shape, not of what happens: imports, exports from elsewhere, interfaces and types. */
const isSchema = (node: ts.Statement): boolean =>
  ts.isImportDeclaration(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined);

/** The lines that count, white space folded: no schemas, comments, empty lines and lone punctuation. */
function linesOf({ file, text, tree }: Code): Line[] {
  const lines = text.split('\n');
  const left = new Set(lines.keys());
  for (const node of tree.statements) {
    if (!isSchema(node)) continue;
    const from = tree.getLineAndCharacterOfPosition(node.getStart()).line;
    const to = tree.getLineAndCharacterOfPosition(node.getEnd()).line;
    for (let line = from; line <= to; line += 1) left.delete(line);
  }
  return [...left].flatMap((line) => {
    const folded = (lines[line] ?? '').trim().replace(/\s+/g, ' ');
    const counts = /\w/.test(folded) && !/^(\/\/|\/\*|\*)/.test(folded);
    return counts ? [{ file, line: line + 1, text: folded }] : [];
  });
}

/** Pairs of places at which the same eight lines begin. */
function repeatsIn(files: readonly Code[]): string[] {
  const first = new Map<string, Line>();
  const repeats: string[] = [];
  for (const code of files) {
    const lines = linesOf(code);
    for (let at = 0; at + RUN <= lines.length; at += 1) {
      const here = lines[at] as Line;
      const run = lines
        .slice(at, at + RUN)
        .map((line) => line.text)
        .join('\n');
      const before = first.get(run);
      if (before === undefined) first.set(run, here);
      else repeats.push(`${before.file}:${before.line} and ${here.file}:${here.line}: ${here.text}`);
    }
  }
  return repeats;
}

describe('the sources', () => {
  it(`do not say ${RUN} lines twice`, () => {
    const files = readSources('src').filter(({ file }) => !STANDS.some((stands) => stands.test(file)));
    expect(files.length).toBeGreaterThan(500);
    expect(repeatsIn(files)).toEqual([]);
  });

  const body = Array.from({ length: RUN }, (_, n) => `  call(${n});`);
  const code = (file: string, lines: readonly string[]): Code => {
    const text = lines.join('\n');
    return { file, text, tree: ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true) };
  };
  const found = (one: readonly string[], other: readonly string[]): number =>
    repeatsIn([code('src/a.ts', ['function a() {', ...one, '}']), code('src/b.ts', ['function b() {', ...other, '}'])])
      .length;

  it('would be told of them, however they are spaced and commented', () => {
    const spaced = body.flatMap((line) => ['', '  // why', `      ${line}  `]);
    expect(found(body, spaced)).toBe(1);
    expect(found(body, body.slice(1))).toBe(0);
  });

  it('may say a schema twice', () => {
    const schema = ['interface Of {', ...body.map((_, n) => `  member${n}: string;`), '}'];
    expect(repeatsIn([code('src/a.ts', schema), code('src/b.ts', schema)])).toEqual([]);
  });
});
