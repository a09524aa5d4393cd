import { format } from 'prettier';
import { describe, expect, it } from 'vitest';
import { parseDirectory } from '../../src/identity/directory-file.ts';
import {
  buildBundle,
  casesJsonSchema,
  compileBundle,
  describeCoverage,
  evaluate,
  formatProblem,
  lintFiles,
  policyJsonSchema,
  requiredFacts,
  runCases,
  type Resolve,
} from '../../src/policy/index.ts';
import type { Facts } from '../../src/contract/index.ts';
import { facts, request, shippedDirectory, shippedFiles } from './helpers.ts';

const files = shippedFiles();
const { bundle, problems } = buildBundle(files);
const { directory } = parseDirectory('directory.yaml', shippedDirectory());
const resolve: Resolve = (ref, actor) => directory?.resolve(ref, actor) ?? [];

describe('the shipped bundle', () => {
  it('builds without any problem', () => {
    expect(problems).toEqual([]);
    expect(bundle?.hash).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('passes lint', () => {
    expect(lintFiles(files, { resolve }).map(formatProblem)).toEqual([]);
  });

  it('passes its own cases, which reach every rule', () => {
    const report = runCases(compileBundle(bundle?.source ?? null, bundle?.hash), files, resolve);
    expect(report.problems).toEqual([]);
    expect(report.results.length).toBeGreaterThan(80);
    expect(
      report.results.filter((one) => !one.pass).map(({ file, name, differences }) => ({ file, name, differences })),
    ).toEqual([]);
    const missed = report.coverage.filter((policy) => policy.rules.some((rule) => rule.hits === 0));
    expect(missed.map(describeCoverage)).toEqual([]);
  });

  it('starts each file with the schema its editor needs', () => {
    for (const { path, text } of files) {
      const schema = path.endsWith('.test.yaml') ? 'cases.schema.json' : 'policy.schema.json';
      expect(text.split('\n')[0], path).toBe(`# yaml-language-server: $schema=${schema}`);
    }
  });

  it('keeps its JSON Schemas in step with the language', async () => {
    const text = (schema: unknown): Promise<string> =>
      format(JSON.stringify(schema), { parser: 'json', printWidth: 120 });
    await expect(await text(policyJsonSchema())).toMatchFileSnapshot('../../policies/policy.schema.json');
    await expect(await text(casesJsonSchema())).toMatchFileSnapshot('../../policies/cases.schema.json');
  });

  const people = { 'group:finance': ['user:cfo@acme.test', 'user:finance-lead@acme.test'] };
  it.each([
    [0, 'refuse', 'nothing-to-refund'],
    [-5, 'refuse', null],
    [0.01, 'approve', 'small'],
    [100, 'approve', 'small'],
    [100.01, 'supervise', 'medium'],
    ['1000', 'supervise', 'medium'],
    [1000.01, 'refuse', 'large'],
  ])('payments.refund of %s is %s by %s', (amount, decision, rule) => {
    const compiled = compileBundle(bundle?.source ?? null, bundle?.hash);
    const asked = request({ surface: 'payments.refund', action: 'refund.create', params: { amount } });
    const need = requiredFacts(compiled, asked);
    const known: Facts = facts({ people, limits: need.limits.map(({ limit, key }) => ({ limit, key, used: '0' })) });
    const { verdict, plan } = evaluate(compiled, asked, known);
    expect(verdict).toMatchObject({ decision, rule, policy: 'payments.refund' });
    if (decision === 'supervise') {
      expect(need.people).toEqual(['group:finance']);
      expect(plan).toMatchObject({
        stages: [{ approvers: people['group:finance'], quorum: 1 }],
        expiresMs: 14_400_000,
      });
    }
  });
});
