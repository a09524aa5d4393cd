import {
  LineCounter,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  parseDocument,
  visit,
  type Document,
  type Node,
} from 'yaml';
import type { z } from 'zod';
import { faultOfNumber } from '../canonical/index.ts';
import type { Json } from '../contract/index.ts';
import { type Problem, didYouMean, excerpt } from './problem.ts';

/** Characters of one policy file at most. */
const FILE_MAX = 512 * 1024;

/** A place in a value: object keys and array indexes from its root. */
export type ValuePath = readonly PropertyKey[];

/** A YAML file as JSON, with the position of each value. */
export interface YamlFile {
  value: Json;
  /** Makes a problem at a place; `offset` counts from the start of the text there. Missing places report their parent. */
  problem(place: ValuePath, message: string, suggestion: string | null, offset?: number): Problem;
  /** The same, at the key of a place instead of its value. */
  keyProblem(place: ValuePath, message: string, suggestion: string | null): Problem;
}

/** Reads one YAML document. Pure. Aliases, tags of foreign types and repeated keys are reported as problems. */
export function readYaml(file: string, text: string): { yaml: YamlFile | null; problems: Problem[] } {
  const lines = new LineCounter();
  const at = (offset: number, message: string, suggestion: string | null, snippet: string): Problem => {
    const { line, col } = lines.linePos(Math.max(0, offset));
    return {
      severity: 'error',
      file,
      line: Math.max(1, line),
      column: Math.max(1, col),
      text: excerpt(snippet),
      message,
      suggestion,
    };
  };
  if (text.length > FILE_MAX) {
    return { yaml: null, problems: [at(0, `the file has more than ${FILE_MAX} characters`, 'split it', '')] };
  }
  try {
    const document = parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core', uniqueKeys: true });
    const faults = [...document.errors, ...document.warnings].map((error) =>
      at(
        error.pos[0],
        firstLine(error.message),
        null,
        text.slice(error.pos[0], error.pos[1]) || lineAt(text, error.pos[0]),
      ),
    );
    visit(document, {
      Scalar: (_key, node) => {
        if (typeof node.value !== 'number' || typeof node.source !== 'string') return;
        if (!isExact(node.source, node.value)) {
          faults.push(
            at(
              node.range?.[0] ?? 0,
              'a number is not kept as it is written',
              'write at most 15 significant digits, or put it in quotes where text may stand',
              node.source,
            ),
          );
        }
      },
      Alias: (_key, node) => {
        faults.push(
          at(node.range?.[0] ?? 0, 'aliases are not part of the policy language', 'write the value out', node.source),
        );
      },
    });
    if (faults.length > 0) return { yaml: null, problems: faults };
    const value = document.toJS({ maxAliasCount: 0 }) as Json;
    return { yaml: locate(document, value, text, at), problems: [] };
  } catch (error) {
    const message = error instanceof Error ? firstLine(error.message) : 'the file is not YAML';
    return { yaml: null, problems: [at(0, message, 'check brackets and indentation', '')] };
  }
}

/** Decimals as JSON has them; of the other notations whole numbers that a double holds. */
function isExact(source: string, value: number): boolean {
  return /^[-+]?0[xo]/i.test(source) ? Number.isSafeInteger(value) : faultOfNumber(source) === null;
}

function locate(
  document: Document,
  value: Json,
  text: string,
  at: (offset: number, message: string, suggestion: string | null, snippet: string) => Problem,
): YamlFile {
  const shownOf = (node: Node): string => text.slice(node.range?.[0] ?? 0, node.range?.[1] ?? 0);
  return {
    value,
    problem(place, message, suggestion, offset = 0) {
      const node = nodeAt(document, place);
      if (node?.range == null) return at(0, message, suggestion, lineAt(text, 0));
      const start = offset === 0 ? node.range[0] : textOffset(node, text, offset);
      return at(start, message, suggestion, offset === 0 ? shownOf(node) : text.slice(start, node.range[1]));
    },
    keyProblem(place, message, suggestion) {
      const parent = nodeAt(document, place.slice(0, -1));
      const name = place.at(-1);
      if (isMap(parent)) {
        for (const pair of parent.items) {
          if (isPair(pair) && isScalar(pair.key) && String(pair.key.value) === String(name)) {
            return at(pair.key.range?.[0] ?? 0, message, suggestion, shownOf(pair.key));
          }
        }
      }
      return this.problem(place, message, suggestion);
    },
  };
}

/** The node at a place, or the nearest one above it that is there. */
function nodeAt(document: Document, place: ValuePath): Node | null {
  for (let length = place.length; length >= 0; length -= 1) {
    const node = length === 0 ? document.contents : document.getIn(place.slice(0, length) as unknown[], true);
    if (isNode(node) && !isAlias(node)) return node;
  }
  return null;
}

/** The position in the file of the n-th character of a scalar's text: exact in plain, quoted and literal scalars of one line. */
function textOffset(node: Node, text: string, offset: number): number {
  const [start, end] = [node.range?.[0] ?? 0, node.range?.[1] ?? 0];
  const opening = /^(["']|[|>][^\n]*\n[ ]*)/.exec(text.slice(start, end));
  return Math.min(start + (opening?.[0].length ?? 0) + offset, end);
}

function firstLine(text: string): string {
  const line = (text.split('\n')[0] ?? '').replace(/ at line \d+.*$/, '').replace(/[.:]$/, '');
  return line.charAt(0).toLowerCase() + line.slice(1);
}

function lineAt(text: string, offset: number): string {
  const from = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1;
  return text.slice(from).split('\n')[0] ?? '';
}

/** A zod failure as problems at their places in the file, each with a suggestion. */
export function schemaProblems(
  yaml: YamlFile,
  error: z.ZodError,
  known: (place: ValuePath) => readonly string[],
): Problem[] {
  return error.issues.flatMap((issue) => issueProblems(yaml, issue, known));
}

function issueProblems(
  yaml: YamlFile,
  issue: z.core.$ZodIssue,
  known: (place: ValuePath) => readonly string[],
): Problem[] {
  const name = String(issue.path.at(-1) ?? 'the file');
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => {
        const fields = known(issue.path);
        const guess = didYouMean(key, fields) ?? (fields.length === 0 ? null : `known here: ${fields.join(', ')}`);
        return yaml.keyProblem([...issue.path, key], `\`${key}\` is not a field here`, guess);
      });
    case 'invalid_value': {
      const values = issue.values.map(String);
      const node = valueAt(yaml.value, issue.path);
      const guess = (typeof node === 'string' ? didYouMean(node, values) : null) ?? `one of: ${values.join(', ')}`;
      return [yaml.problem(issue.path, `\`${name}\` has a value it cannot have`, guess)];
    }
    case 'invalid_union': {
      const branches = issue.errors.filter((errors) => errors.length > 0);
      const closest = branches.sort((a, b) => a.length - b.length)[0];
      if (closest === undefined) {
        return [yaml.problem(issue.path, `\`${name}\` has a value it cannot have`, unionHint(name))];
      }
      return closest.flatMap((inner) => issueProblems(yaml, { ...inner, path: [...issue.path, ...inner.path] }, known));
    }
    case 'invalid_key':
      return [
        yaml.keyProblem(issue.path, `\`${name}\` is not a name that can stand here`, issue.issues[0]?.message ?? null),
      ];
    case 'invalid_type': {
      const node = valueAt(yaml.value, issue.path);
      if (node === undefined) return [yaml.problem(issue.path, `\`${name}\` is missing`, `add \`${name}\``)];
      const quote = issue.expected === 'string' && (typeof node === 'boolean' || typeof node === 'number');
      const hint = quote ? `put it in quotes: "${String(node)}"` : `it must be ${plainType(issue.expected)}`;
      return [yaml.problem(issue.path, `\`${name}\` is of the wrong type`, hint)];
    }
    default:
      return [yaml.problem(issue.path, `\`${name}\` is not valid`, issue.message)];
  }
}

function unionHint(name: string): string | null {
  return name === 'then' || /^\d+$/.test(name) ? 'a rule needs `then`: approve, constrain, supervise or refuse' : null;
}

function plainType(expected: string): string {
  const words: Record<string, string> = {
    string: 'text',
    object: 'a map',
    record: 'a map',
    array: 'a list',
    int: 'a whole number',
  };
  return words[expected] ?? `a ${expected}`;
}

function valueAt(value: Json, place: ValuePath): Json | undefined {
  let at: Json | undefined = value;
  for (const step of place) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<PropertyKey, Json>)[step];
  }
  return at;
}
