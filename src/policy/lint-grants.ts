/** What is wrong with the standing approvals that a policy allows. */
import type { CompiledPolicy } from './compiled.ts';
import type { LintFinding } from './lint-finding.ts';

/** Standing approvals that nobody can ever give, or that have no bound of money. */
export function grantsInVain(policy: CompiledPolicy): LintFinding[] {
  if (policy.grants === null) return [];
  const finding = (message: string, suggestion: string): LintFinding[] => [
    { severity: 'warning', policy: policy.name, place: ['grants'], message, suggestion },
  ];
  const usable = policy.rules.some(({ approval, effect }) => {
    const [stage, ...more] = approval?.stages ?? [];
    const one = stage?.quorum === 1 && stage.assurance === null && more.length === 0;
    return one && (effect ?? policy.effect) !== 'irreversible';
  });
  if (!usable) {
    return finding(
      'no standing approval can be given: not for what cannot be undone, nor around a quorum, several stages or a passkey',
      'remove `grants`',
    );
  }
  const { amount } = policy.sameness;
  const discloses = policy.disclose.some((path) => amount === path || amount.startsWith(`${path}.`));
  if (policy.grants.upTo === null) {
    return discloses
      ? finding(
          `a standing approval has no bound of money, whatever \`${amount}\` says`,
          'say how much it covers in all: `upTo`',
        )
      : [];
  }
  return discloses
    ? []
    : finding(
        `no standing approval can be given up to an amount: \`${amount}\` is not disclosed`,
        `add \`${amount}\` to \`disclose\`, or name the field under \`amount\``,
      );
}
