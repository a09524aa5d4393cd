import type { Actor } from '../contract/index.ts';
import type { PolicyFile } from '../policy/index.ts';

export type { BacktestView, PolicyPage, PolicyView, ReplayView, SuggestionsView } from '../contract/views/index.ts';

/** A bundle to be tried or published: the files of a policies folder, or the hash of a stored bundle. Exactly one of the two. */
export interface CandidateInput {
  files?: PolicyFile[] | undefined;
  bundle?: string | undefined;
}

export interface PolicyPublication extends CandidateInput {
  reason: string;
  /** Who asks, for a key. A person always asks as themself. */
  actor?: Actor | undefined;
}

export interface SuggestInput {
  /** A policies folder, which the suggestions change. */
  files: PolicyFile[];
  /** RFC 3339, included. */
  from?: string | undefined;
  /** RFC 3339, not included. */
  to?: string | undefined;
  surface?: string | undefined;
  /** Requests that people refused and that may pass. */
  through: number;
  /** Questions that a suggestion must save. */
  least: number;
}

export interface BacktestInput extends CandidateInput {
  /** Compare with this bundle's verdicts instead of the sealed ones. */
  base?: CandidateInput | undefined;
  /** RFC 3339, included. */
  from?: string | undefined;
  /** RFC 3339, not included. */
  to?: string | undefined;
  surface?: string | undefined;
}
