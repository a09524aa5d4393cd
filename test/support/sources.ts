/** The sources as the tests of the house's shape read them. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Source {
  /** Relative to the root, `/` between names. */
  file: string;
  text: string;
  tree: ts.SourceFile;
  /** Files of ours that it imports, types included. */
  imports: { file: string; typeOnly: boolean }[];
}

/** Every TypeScript file below a folder of the root, the pages of the console too, but not what a package within it was built into. */
export function readSources(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.split(sep).includes('dist'))
    .map((name) => {
      const path = join(ROOT, folder, name);
      const file = relative(ROOT, path).split(sep).join('/');
      const text = readFileSync(path, 'utf8');
      const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
      return { file, text, tree, imports: importsOf(tree, file) };
    })
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

function importsOf(tree: ts.SourceFile, file: string): Source['imports'] {
  const found: Source['imports'] = [];
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier) || !specifier.text.startsWith('.')) return;
    found.push({ file: posix.join(dirname(file), specifier.text), typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function isTypeOnly({ importClause }: ts.ImportDeclaration): boolean {
  if (importClause === undefined) return false;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = importClause;
  return (
    name === undefined &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.length > 0 &&
    namedBindings.elements.every((element) => element.isTypeOnly)
  );
}

/** Every file that one file reaches, itself included. */
export function reachable(sources: readonly Source[], from: string, { types }: { types: boolean }): string[] {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const seen = new Set([from]);
  for (const file of seen) {
    for (const one of byFile.get(file)?.imports ?? []) if (types || !one.typeOnly) seen.add(one.file);
  }
  return [...seen];
}

/** Groups of files that import each other, types included. */
export function cyclesOf(sources: readonly Pick<Source, 'file' | 'imports'>[]): string[][] {
  const imports = new Map(sources.map(({ file, imports: all }) => [file, all.map((one) => one.file)]));
  const order = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (file: string): number => {
    const mine = order.size;
    order.set(file, mine);
    stack.push(file);
    let low = mine;
    for (const next of imports.get(file) ?? []) {
      if (!imports.has(next)) continue;
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    if (low === mine) {
      const cycle = stack.splice(stack.indexOf(file));
      if (cycle.length > 1 || (imports.get(file) ?? []).includes(file)) cycles.push(cycle.sort());
    }
    return low;
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return cycles;
}
