/**
 * No file may reach itself by its imports, types included. Imports are read off the text of each file once, so that nothing is parsed
 * twice for it.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { eachImport } from './each-import.js';

/** Files that each file imports, by absolute path. A file that is edited in a running editor is read again with its new text. */
const importsOf = new Map();

function importsIn(file, text) {
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => path.resolve(path.dirname(file), fileName));
}

function imports(file) {
  const known = importsOf.get(file);
  if (known !== undefined) return known;
  let found = [];
  try {
    found = importsIn(file, readFileSync(file, 'utf8'));
  } catch {
    // What cannot be read, the compiler reports.
  }
  importsOf.set(file, found);
  return found;
}

/** The files of the shortest circle that goes through `file`, from the one that it imports to itself; empty where there is none. */
function circleThrough(file) {
  const cameFrom = new Map([[file, null]]);
  for (const at of cameFrom.keys()) {
    for (const next of imports(at)) {
      if (next === file) {
        const way = [file];
        for (let one = at; one !== file && one !== null; one = cameFrom.get(one)) way.unshift(one);
        return way;
      }
      if (!cameFrom.has(next)) cameFrom.set(next, at);
    }
  }
  return [];
}

export const noCycleRule = {
  meta: { type: 'problem', schema: [], messages: { cycle: 'imports go round in a circle: {{way}}' } },
  create(context) {
    const file = context.filename;
    importsOf.set(file, importsIn(file, context.sourceCode.text));
    const circle = circleThrough(file);
    if (circle.length === 0) return {};
    const way = [file, ...circle].map((one) => path.relative(context.cwd, one)).join(' → ');
    const check = (node, source) => {
      if (typeof source?.value !== 'string' || path.resolve(path.dirname(file), source.value) !== circle[0]) return;
      context.report({ node: source, messageId: 'cycle', data: { way } });
    };
    return eachImport(check);
  },
};
