/** The shape of the house: what lint does not measure. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { cyclesOf, reachable, readSources, ROOT } from '../support/sources.ts';

/** Plain JavaScript, for the linter reads it. */
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

/** `as never`, `as never[]`, or a cast of what was cast to `unknown`. */
function hasBlindCast(node: ts.Node): boolean {
  if (ts.isAsExpression(node)) {
    const { type, expression } = node;
    const element = ts.isArrayTypeNode(type) ? type.elementType : type;
    if (element.kind === ts.SyntaxKind.NeverKeyword) return true;
    if (ts.isAsExpression(expression) && expression.type.kind === ts.SyntaxKind.UnknownKeyword) return true;
  }
  return ts.forEachChild(node, (child) => (hasBlindCast(child) ? true : undefined)) === true;
}

/** `...{ a, b }` in an object: members on one line that nobody sees are missing. */
function hasPackedMembers(node: ts.Node): boolean {
  if (ts.isSpreadAssignment(node) && ts.isObjectLiteralExpression(node.expression)) return true;
  return ts.forEachChild(node, (child) => (hasPackedMembers(child) ? true : undefined)) === true;
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

  it('name the members of an object one by one', () => {
    const here = sources.filter(({ file }) => !FROZEN.test(file));
    expect(here.filter(({ tree }) => hasPackedMembers(tree)).map(({ file }) => file)).toEqual([]);
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

/** Why each file that switches the compiler off may. No other does. */
const CASTS: Record<string, string> = {
  'src/cli/shown-again.ts': 'a model that a file brings; the sealed hash decides whether it is one',
  'src/client/verify/permit.ts': 'claims whose members were checked one by one, in a package without a schema library',
  'src/client/verify/request-hash.ts': 'a request is JSON; its optional members keep TypeScript from saying so',
  'src/gateway/export.ts': 'an export’s body is JSON; an interface has no index signature',
  'src/identity/issuer-keys.ts':
    'an answer that the key library checks itself; Node’s streams, which the DOM’s types do not call iterable',
  'src/notify/shown.ts': 'a message is JSON; an interface has no index signature',
  'src/policy/changes.ts': 'a request is JSON; its optional members keep TypeScript from saying so',
  'src/policy/conditions/functions.ts': 'the CEL library does not export the type of its durations',
  'src/policy/conditions/index.ts': 'the CEL library types its bindings narrower than it takes them',
  'src/policy/engines/opa.ts': 'the synchronous loader, which OPA’s SDK exports but does not declare',
  'src/policy/policy-frame.ts': 'a request is JSON; its optional members keep TypeScript from saying so',
  'src/slack/notifier.ts': 'pure blocks meet the unions of Slack’s library',
  'src/slack/web.ts': 'pure views meet the unions of Slack’s library',
  'src/store/postgres.ts': 'one signature stands for the many overloads of the driver’s query',
  'src/temporal/designation.ts': 'arguments of any activity of anybody',
  'src/temporal/governor.ts': 'results of any activity of anybody',
};

/** In tests, functions that run in a page have the page's names, and cannot call `untyped()`, which is how all others do it. */
const IN_PAGES = ['test/e2e/passkey-browser.test.ts', 'test/support/browser.ts'];

const tests = readSources('test').filter(({ file }) => !file.startsWith('test/lint/fixtures/'));

describe('casts that switch the compiler off', () => {
  it('stand only where a reason is given', () => {
    const files = sources.filter(({ tree }) => hasBlindCast(tree)).map(({ file }) => file);
    expect(files).toEqual(Object.keys(CASTS));
  });

  it('are one function in tests, which says when', () => {
    expect(tests.filter(({ tree }) => hasBlindCast(tree)).map(({ file }) => file)).toEqual(IN_PAGES);
  });
});

describe('an assertion that something fails', () => {
  it('says how', () => {
    const any = /\.rejects\s*\.(toThrow|toThrowError)\(\)/;
    expect(tests.filter(({ text }) => any.test(text)).map(({ file }) => file)).toEqual([]);
  });
});

/** Where a test lets time pass by itself, and why. All others wait by `eventually()`. */
const SLEEPS: Record<string, string> = {
  'test/client/agents.test.ts': 'the time that an SDK gives a hook to answer',
  'test/client/crash.test.ts': 'a caller is killed while it waits',
  'test/client/govern.test.ts': 'a caller stops while it waits',
  'test/e2e/budgets.test.ts': 'what was too dear is counted again later',
  'test/e2e/replay-order.test.ts': 'activities that take their time',
  'test/main/first-key.test.ts': 'a seal that takes long enough for others to look',
  'test/scenarios/random.test.ts': 'a day’s commands say when to wait',
  'test/sequencer/crash-writer.ts': 'the pace of a writer that is killed',
  'test/sequencer/crash.test.ts': 'the moment of a kill is drawn from the seed',
  'test/slack/bench.ts': 'an engine that is slow',
  'test/support/eventually.ts': 'the pause between two looks',
};

/** Whether a file names a timer, or one of Vitest’s ways to wait. */
function hasSleep(node: ts.Node): boolean {
  if (ts.isIdentifier(node) && node.text === 'setTimeout') return true;
  if (ts.isPropertyAccessExpression(node)) {
    const call = `${node.expression.getText()}.${node.name.text}`;
    if (['vi.waitFor', 'vi.waitUntil', 'expect.poll'].includes(call)) return true;
  }
  return ts.forEachChild(node, (child) => (hasSleep(child) ? true : undefined)) === true;
}

describe('a test that waits', () => {
  it('waits for something to be so', () => {
    expect(tests.filter(({ tree }) => hasSleep(tree)).map(({ file }) => file)).toEqual(Object.keys(SLEEPS));
  });
});

/** Why an exported name may be declared in several files. `client` is a package of its own, so it is not compared. */
const SAME_NAME: Record<string, string> = {
  register:
    'each verb of the command line and each kind of Slack listener registers itself; they are imported by namespace',
  up: 'each migration has one; the migrator calls it by that name',
  actionIdOf: 'the same id in both: the plugin is a package of its own and takes nothing of the engine',
};

/** A renderer that records were sealed with is a copy that stays as it was, names and all. */
const FROZEN = /^src\/slack\/blocks\/slack-\d+\//;

/** The names that a file declares and exports itself; what it passes on from another file is not among them. */
function exportsOf(tree: ts.SourceFile): string[] {
  return tree.statements.flatMap((statement) => {
    if (!ts.canHaveModifiers(statement)) return [];
    if (ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) !== true) return [];
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.map(({ name }) => name.getText(tree));
    const { name } = statement as ts.DeclarationStatement;
    return name === undefined ? [] : [name.text];
  });
}

describe('an exported name', () => {
  it('is declared in one file', () => {
    const files = new Map<string, Set<string>>();
    for (const { file, tree } of sources.filter(
      (source) => !source.file.startsWith('src/client/') && !FROZEN.test(source.file),
    ))
      for (const name of exportsOf(tree)) files.set(name, (files.get(name) ?? new Set()).add(file));
    const repeated = [...files].filter(([, { size }]) => size > 1);
    expect(
      repeated.filter(([name]) => !(name in SAME_NAME)).map(([name, of]) => `${name}: ${[...of].join(', ')}`),
    ).toEqual([]);
    expect(Object.keys(SAME_NAME).filter((name) => !repeated.some(([other]) => other === name))).toEqual([]);
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
