/**
 * Every fenced block of every page is checked by what its language says: JSON and YAML by the schema of what they are, TypeScript by the
 * compiler, Python by Python, SQL by PostgreSQL's parser. Shell commands run in test/e2e/commands.test.ts.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseSql } from 'libpg-query';
import ts from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { parseDirectory } from '../../src/identity/directory-file.ts';
import { actionRequestSchema, planDecisionSchema, planRequestSchema } from '../../src/contract/index.ts';
import { connectorsSchema } from '../../src/connectors/settings.ts';
import { formatVkey, NOTE_ALGORITHMS, noteKey } from '../../src/ledger/index.ts';
import { readAdvisers } from '../../src/main/advisers.ts';
import { readIssuers, readSignals, readSignIn } from '../../src/main/issuers.ts';
import { readOnCall } from '../../src/main/oncall.ts';
import { readTenants } from '../../src/main/tenants.ts';
import { readEndpoints } from '../../src/main/webhooks.ts';
import { readSharing } from '../../src/main/witnesses.ts';
import { readSettings } from '../../src/mcp/settings.ts';
import { buildBundle, casesSchema, lintFiles } from '../../src/policy/index.ts';
import { hasPython, PYTHON, pythonEnv } from '../client/python.ts';
import { placeOf, snippets, type Snippet } from '../support/snippets.ts';
import { ROOT } from '../support/sources.ts';

const all = snippets();
const of = (...languages: string[]): Snippet[] => all.filter(({ language }) => languages.includes(language));
const named = (list: Snippet[]): [string, Snippet][] => list.map((one) => [placeOf(one), one]);

const folder = mkdtempSync(join(tmpdir(), 'countersign-snippets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is left out in print: an id, a hash, a key, a secret. */
const filled = (text: string): string =>
  text
    .replaceAll('act_…', `act_${'0'.repeat(64)}`)
    .replaceAll('sha256:…', `sha256:${'0'.repeat(64)}`)
    .replaceAll('whsec_…', `whsec_${'A'.repeat(32)}`)
    .replaceAll('https://…', 'https://acme.example/hook');

describe('languages', () => {
  /** Looked at by people alone. */
  const READ = ['text', 'http', 'mermaid'];
  const CHECKED = ['sh', 'console', 'json', 'jsonc', 'yaml', 'ts', 'js', 'python', 'sql', 'csv'];

  it('are named at every block, and each is checked', () => {
    expect(all.length).toBeGreaterThan(60);
    const others = all.filter(({ language }) => ![...READ, ...CHECKED].includes(language));
    expect(others.map((one) => `${placeOf(one)}: ${one.language}`)).toEqual([]);
  });
});

describe('JSON', () => {
  const withoutComments = (text: string): string =>
    text.replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*/g, (one) => (one.startsWith('//') ? '' : one));

  it.each(named(of('json', 'jsonc')))('%s', (_, { text, language }) => {
    const value = JSON.parse(filled(language === 'jsonc' ? withoutComments(text) : text)) as object;
    if ('surface' in value) expect(actionRequestSchema.safeParse(value).error?.issues).toBeUndefined();
    else if ('steps' in value) {
      const schema = 'decision' in value ? planDecisionSchema : planRequestSchema;
      expect(schema.safeParse(value).error?.issues).toBeUndefined();
    } else expect(Object.keys(value).some((key) => ['id', 'kind', 'payloadType', 'type'].includes(key))).toBe(true);
  });
});

describe('YAML', () => {
  const RULES = 'rules: [{ id: all, when: "true", then: refuse }]\n';
  const NAMED = 'policy: sample\nsurfaces: [sample.thing, records.write]\n';
  const policy = (text: string): void => {
    // The contract's sample shows every field, also two that exclude each other.
    const faults = lintFiles([{ path: 'sample.yaml', text }]).filter(
      ({ severity, message }) => severity === 'error' && !message.includes('is ever used offline'),
    );
    expect(faults.map(({ line, message }) => `${line}: ${message}`)).toEqual([]);
  };
  const file = (text: string): string => {
    const path = join(folder, 'settings.yaml');
    writeFileSync(path, text);
    return path;
  };
  const indented = (text: string): string => text.replace(/^(?=.)/gm, '    ');

  /** By the key that only they have: what reads them. */
  const READERS: Record<string, (text: string) => void> = {
    rules: policy,
    approval: (text) => policy(`${NAMED}rules:\n  - id: all\n    when: 'true'\n    then: supervise\n${indented(text)}`),
    breakGlass: (text) => policy(NAMED + RULES + text),
    refusalStands: (text) => policy(NAMED + RULES + text),
    advice: (text) => policy(NAMED + RULES + text),
    advisers: (text) => expect(readAdvisers(file(text)).length).toBeGreaterThan(0),
    rotas: (text) => {
      const secret = join(folder, 'secret');
      writeFileSync(secret, 'token');
      const known = text.replace('/run/secrets/opsgenie', secret);
      expect(() => readOnCall({ file: file(known), env: { PAGERDUTY_TOKEN: 'token' } })).not.toThrow();
    },
    zone: (text) =>
      expect(
        buildBundle([
          { path: 'p.yaml', text: NAMED + RULES },
          { path: 'holidays.yaml', text },
        ]).problems,
      ).toEqual([]),
    authzen: (text) => policy((text.includes('policy:') ? '' : NAMED) + RULES + text),
    cases: (text) => void casesSchema.parse(parseYaml(text)),
    people: (text) => {
      // A manager is somebody; the page shows one person only.
      const { problems } = parseDirectory('directory.yaml', text.replace(', manager: user:cfo@acme.test', ''));
      expect(problems).toEqual([]);
    },
    signIn: (text) => expect(readSignIn(file(text)).length).toBeGreaterThan(0),
    signals: (text) => expect(readSignals(file(text)).length).toBeGreaterThan(0),
    issuers: (text) => expect(readIssuers(file(text)).length).toBeGreaterThan(0),
    tenants: (text) => expect(readTenants(file(text)).length).toBeGreaterThan(0),
    connectors: (text) => void connectorsSchema.parse(parseYaml(text)),
    webhooks: (text) => expect(readEndpoints({ file: file(text), targets: 'public' }).length).toBeGreaterThan(0),
    anchors: (text) => {
      const key = formatVkey(noteKey('witness.example', NOTE_ALGORITHMS.cosignatureV1, new Uint8Array(32)));
      const known = text.replace(/vkey: \S+/, `vkey: ${key}`);
      expect(() => readSharing({ file: file(known), targets: 'public' })).not.toThrow();
    },
    tools: (text) => expect(Object.keys(readSettings(file(text), undefined).tools)).not.toEqual([]),
    jobs: (text) => {
      const { jobs } = parseYaml(text) as { jobs: Record<string, { steps: { with: object }[] }> };
      expect(Object.values(jobs).flatMap(({ steps }) => steps)[0]?.with).toMatchObject({ surface: 'deploy.prod' });
    },
  };

  it.each(named(of('yaml')))('%s', (_, { text }) => {
    const value: unknown = parseYaml(text);
    if (Array.isArray(value)) {
      // Rules alone, an approval left out.
      const rules = text.replace('approval: …', "approval: { stages: [{ name: a, approvers: ['role:dba'] }] }");
      policy(`${NAMED}rules:\n${indented(rules)}`);
      return;
    }
    const kind = Object.keys(READERS).find((key) => Object.hasOwn(value as object, key));
    expect(kind, 'nothing reads this; name a reader for it').toBeDefined();
    READERS[kind ?? '']?.(filled(text));
  });
});

describe('TypeScript and JavaScript', () => {
  /** What a block takes from the reader's own program, by page. */
  const THEIRS: Record<string, readonly string[]> = {
    'docs/framework-approvals.md': ['threadId', 'toolCallId', 'schema', 'ledger'],
    'docs/temporal.md': ['request', 'tenant', 'idempotencyKey', 'token'],
    'sandbox/slack/README.md': ['users', 'ts', 'startSlackSandbox'],
    'skills/countersign/SKILL.md': ['order', 'amount', 'payments'],
    'src/client/README.md': ['ledger', 'app', 'express', 'threadId', 'toolCallId', 'schema', 'Countersign'],
    'src/temporal/README.md': [
      ...['Worker', 'workflowsPath', 'onlyGoverned', 'activities', 'countersign', 'client'],
      ...['createServer', 'order', 'amount'],
    ],
  };

  it('compile', () => {
    const blocks = of('ts', 'js');
    const texts = new Map(
      blocks.map((one, index) => {
        // In the page's own folder, so that what it imports is found from there.
        const path = join(ROOT, one.page, '..', `snippet-${index}.ts`);
        const theirs = (THEIRS[one.page] ?? []).filter((name) => !new RegExp(`import .*\\b${name}\\b`).test(one.text));
        const declared = theirs.map((name) => `declare const ${name}: any;`);
        return [path, { one, text: `${one.text}\nexport {};\n${declared.join(' ')}\n` }];
      }),
    );
    const options: ts.CompilerOptions = {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      allowImportingTsExtensions: true,
      noEmit: true,
      // A snippet shows the way of one call; what may be undefined is for the reader's program to know.
      strict: false,
      skipLibCheck: true,
      types: ['node'],
      paths: {
        '@countersign/client': ['./src/client/index.ts'],
        '@countersign/client/agent': ['./src/client/agent/index.ts'],
        '@countersign/client/verify': ['./src/client/verify/index.ts'],
        '@countersign/client/testing': ['./src/client/testing.ts'],
        '@countersign/temporal': ['./src/temporal/index.ts'],
        '@countersign/temporal/nexus': ['./src/temporal/nexus.ts'],
        '@countersign/temporal/workflow': ['./src/temporal/workflow.ts'],
      },
      baseUrl: ROOT,
      ignoreDeprecations: '6.0',
    };
    const host = ts.createCompilerHost(options);
    const { getSourceFile, fileExists, readFile } = host;
    host.fileExists = (path) => texts.has(path) || fileExists(path);
    host.readFile = (path) => texts.get(path)?.text ?? readFile(path);
    host.getSourceFile = (path, version, ...more) => {
      const known = texts.get(path);
      return known === undefined
        ? getSourceFile(path, version, ...more)
        : ts.createSourceFile(path, known.text, version, true);
    };
    const program = ts.createProgram([...texts.keys()], options, host);
    const faults = [...texts].flatMap(([path, { one }]) => {
      const file = program.getSourceFile(path);
      return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
        ({ start, messageText }) => {
          const line = file?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0;
          return `${one.page}:${one.line + line + 1}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
        },
      );
    });
    expect(faults).toEqual([]);
  });
});

describe.skipIf(!hasPython)('Python', () => {
  const PROGRAM = `
import ast, importlib, json, sys
faults = []
for place, text in json.load(sys.stdin):
    try:
        tree = compile(text, place, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)
    except SyntaxError as error:
        faults.append(f"{place}: {error}")
        continue
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "countersign":
            try:
                module = importlib.import_module(node.module)
            except ModuleNotFoundError as error:
                if error.name.split(".")[0] == "temporalio": continue
                raise
            faults += [f"{place}: {node.module} has no {one.name}" for one in node.names if not hasattr(module, one.name)]
print(json.dumps(faults))
`;
  it('compiles, and imports what the package has', () => {
    const blocks = of('python');
    expect(blocks.length).toBeGreaterThan(5);
    const { stdout, stderr } = spawnSync(PYTHON, ['-c', PROGRAM], {
      input: JSON.stringify(blocks.map((one) => [placeOf(one), one.text])),
      env: { ...process.env, ...pythonEnv },
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([]);
  });
});

describe('SQL', () => {
  it.each(named(of('sql')))('%s', async (_, { text }) => {
    await expect(parseSql(text)).resolves.toHaveProperty('stmts');
  });
});
