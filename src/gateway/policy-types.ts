import type { Actor, Json, Verdict } from '../contract/index.ts';
import type { BacktestReport, PolicyFile } from '../policy/index.ts';

/** A bundle to be tried or published: the files of a policies folder, or the hash of a stored bundle. Exactly one of the two. */
export interface CandidateInput {
  files?: PolicyFile[] | undefined;
  bundle?: string | undefined;
}

export interface PolicyPublication extends CandidateInput {
  reason: string;
  /** Who asks; a person asks as themself. */
  actor?: Actor | undefined;
}

export interface ActivationView {
  bundle: string;
  /** The bundle that it replaced. */
  previous: string | null;
  /** The action that was released for it; null for what the first start brought. */
  action: string | null;
  by: string | null;
  reason: string | null;
  at: string;
  /** Hash of the sealed record. */
  record: string;
}

export interface PolicyPage {
  inForce: string | null;
  /** Newest first. */
  activations: ActivationView[];
  next_cursor: string | null;
}

export interface PolicyView {
  bundle: string;
  /** Names, sorted. */
  policies: string[];
  /** The canonical JSON that `bundle` is the hash of. */
  source: Json;
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

export interface BacktestView extends Omit<BacktestReport, 'changed'> {
  bundle: string;
  base: string | null;
  /** How many verdicts would change. */
  changed: number;
  /** Some of them, by action id. */
  examples: BacktestReport['changed'];
  /** Verdicts left out because their payload was erased. */
  erased: number;
  /** True when there were more verdicts than one backtest judges. */
  truncated: boolean;
}

export interface ReplayView {
  /** Hash of the record. */
  record: string;
  action: string;
  bundle: string | null;
  /** Whether the same bundle, request and facts gave the same verdict. */
  same: boolean;
  sealed: Verdict;
  /** What they give now. */
  verdict: Verdict;
  /** Parts that differ: `verdict`, `observed`, `plan`. */
  differences: string[];
}
