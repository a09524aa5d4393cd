import { describe, expect, it } from 'vitest';
import { buildBundle, compileBundle, evaluate, requiredFacts } from '../../src/policy/index.ts';
import type { Facts } from '../../src/contract/index.ts';
import { facts, request, shippedFiles } from './helpers.ts';

const { bundle, problems } = buildBundle(shippedFiles());

describe('the shipped bundle', () => {
  it('builds without any problem', () => {
    expect(problems).toEqual([]);
    expect(bundle?.hash).toMatch(/^sha256:[0-9a-f]{64}$/);
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
    const known: Facts = facts({
      people,
      limits: need.limits.map(({ limit, key }) => ({ limit, key, used: '0' })),
    });
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
