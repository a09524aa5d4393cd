import type { Problem } from './problem.ts';
import type { ValuePath } from './yaml.ts';

/** Something in a policy that is allowed but probably wrong. */
export interface LintFinding {
  severity: Problem['severity'];
  policy: string;
  /** Where in the policy. */
  place: ValuePath;
  message: string;
  suggestion: string | null;
}
