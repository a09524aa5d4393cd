/** Digests that would come too late. */
import type { CompiledPolicy } from './compiled.ts';
import type { LintFinding } from './lint-finding.ts';

/** Finds digests that are gathered for longer than the request waits for a decision, or for its first reminder. */
export function lateDigests(policy: CompiledPolicy): LintFinding[] {
  return policy.rules.flatMap((rule, index): LintFinding[] => {
    const { approval, notify } = rule;
    if (approval === null || notify.digestMs === null) return [];
    const place = notify === policy.notify ? ['notify', 'digest'] : ['rules', index, 'notify', 'digest'];
    const finding = (message: string, suggestion: string): LintFinding[] => [
      { severity: 'warning', policy: policy.name, place, message, suggestion },
    ];
    if (notify.digestMs >= approval.expiresMs) {
      return finding(
        `a digest may come after what rule \`${rule.id}\` asks has expired`,
        'gather for less long than `expires`',
      );
    }
    const remindMs = approval.stages[0]?.remindMs ?? null;
    return remindMs !== null && notify.digestMs >= remindMs
      ? finding(
          `what rule \`${rule.id}\` asks is told at its first reminder, before a digest comes`,
          'gather for less long than `remind`',
        )
      : [];
  });
}
