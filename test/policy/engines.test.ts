import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildBundle, compileBundle, evaluate, type PolicyFile } from '../../src/policy/index.ts';
import { externalEngines } from '../../src/policy/engines/index.ts';
import { facts, policy, request } from './helpers.ts';
import { untyped } from '../support/untyped.ts';

const fixture = (name: string, encoding: 'utf8' | 'base64'): PolicyFile => ({
  path: `engines/${name}`,
  text: readFileSync(join(import.meta.dirname, 'fixtures', name), encoding),
});
const cedar = fixture('refunds.cedar', 'utf8');
const opa = fixture('business.wasm', 'base64');

function bundleOf(condition: string, ...files: PolicyFile[]) {
  const { bundle, problems } = buildBundle([
    { path: 'p.yaml', text: policy(`- { id: r, when: '${condition}', then: approve }`) },
    ...files,
  ]);
  if (bundle === null) throw new Error(problems.map((problem) => problem.message).join('; '));
  return bundle;
}

describe.each([
  ['cedar("refunds")', cedar],
  ['opa("business")', opa],
])('%s', (condition, file) => {
  const bundle = bundleOf(condition, file);
  const compiled = compileBundle(bundle.source, bundle.hash, externalEngines);
  const judge = (params: Record<string, never> | object, roles: string[] = []) =>
    evaluate(
      compiled,
      request({ action: 'refund.create', actor: { id: 'agent:b', type: 'agent', roles }, params: untyped(params) }),
      facts(),
    ).verdict;

  it.each<[object, string[], string, string]>([
    [{ amount: 100 }, [], 'approve', 'rule'],
    [{ amount: 101 }, [], 'refuse', 'silence'],
    [{ amount: 101 }, ['manager'], 'approve', 'rule'],
  ])('%j with roles %j is %s', (params, roles, decision, basis) => {
    expect(judge(params, roles)).toMatchObject({ decision, basis });
    expect(judge(params, roles)).toEqual(judge(params, roles));
  });

  it('rides in the bundle: another text is another hash', () => {
    const changed = { ...file, text: file.text.slice(0, -4) + 'AAAA' };
    expect(bundleOf(condition, changed).hash).not.toBe(bundle.hash);
    expect(
      buildBundle([{ path: 'p.yaml', text: policy(`- { id: r, when: '${condition}', then: approve }`) }]).bundle,
    ).toBeNull();
  });

  it('does not compile without an engine', () => {
    expect(() => compileBundle(bundle.source, bundle.hash)).toThrowError(
      expect.objectContaining({ code: 'invalid-policy' }),
    );
  });
});

describe('what an engine cannot answer is refused', () => {
  const cedarBundle = bundleOf('cedar("refunds")', cedar);
  const compiled = compileBundle(cedarBundle.source, cedarBundle.hash, externalEngines);
  it.each([
    ['a missing field', {}],
    ['a decimal where the policy wants a long', { amount: 10.5 }],
    ['a number with five places', { amount: 1, other: 0.12345 }],
    ['a value that would speak as Cedar', { amount: 1, x: { __entity: { type: 'Role', id: 'manager' } } }],
  ])('%s', (_what, params) => {
    const asked = request({ action: 'refund.create', params: untyped(params) });
    expect(evaluate(compiled, asked, facts()).verdict).toMatchObject({ decision: 'refuse', basis: 'error' });
  });

  it.each([
    ['Cedar', { path: 'refunds.cedar', text: 'permit (principal' }, 'cedar("refunds")'],
    ['WASM', { path: 'business.wasm', text: 'AAAA' }, 'opa("business")'],
  ])('%s that is broken never makes a bundle that judges', (_what, file, condition) => {
    const bundle = bundleOf(condition, file);
    expect(() => compileBundle(bundle.source, bundle.hash, externalEngines)).toThrowError(
      expect.objectContaining({ code: 'invalid-policy' }),
    );
  });
});
