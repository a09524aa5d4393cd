import type { PolicyFile } from '../build.ts';
import type { Resolve } from '../cases.ts';
import type { SealedCase } from '../compare.ts';
import type { CompiledBundle, CompiledPolicy, CompiledRule } from '../compiled.ts';

/** A sealed verdict, and people's decision where it asked them. */
export interface DecidedCase extends SealedCase {
  /** Null where nobody decided. */
  decided: 'approved' | 'refused' | null;
}

export interface SuggestOptions {
  /** Requests that people refused and that may pass; 0 unless somebody says otherwise. */
  through: number;
  /** The least number of needless questions; below it nothing is suggested. */
  least: number;
  resolve: Resolve;
  /** Compiles files that {@link buildBundle} takes. */
  compile(files: readonly PolicyFile[]): CompiledBundle | null;
}

/** A change of a policy that would have asked less. */
export interface Suggestion {
  kind: 'rule' | 'grant';
  policy: string;
  /** The rule whose questions would be fewer. */
  rule: string;
  /** What it says, for a person. */
  says: string;
  /** How many questions that people answered with yes would not have been asked. */
  fewer: number;
  /** How many requests that people refused would have passed. */
  through: number;
  /** A unified diff of the files, with cases. */
  diff: string;
  /** The changed files, whole. */
  files: PolicyFile[];
}

/** One rule that asks people, its place, and what it asked. */
export interface AskingRule {
  policy: CompiledPolicy;
  rule: CompiledRule;
  /** Of the rule in its policy. */
  index: number;
  cases: readonly DecidedCase[];
}

/** A change to be tried. */
export interface Draft {
  kind: Suggestion['kind'];
  says: string;
  /** How many that people approved it covers. */
  promised: number;
  /** Text of a condition to be approved before the rule asks; null for a grant. */
  when: string | null;
  /** Value of `grants`; null for a rule. */
  grants: { upTo?: string; uses: number; within: string } | null;
  /** One of those that it covers, and one that it does not. */
  inside: DecidedCase;
  outside: DecidedCase | null;
  /** What a grant would have saved and let through; a rule is judged by history itself. */
  counted: { fewer: number; through: number } | null;
}
