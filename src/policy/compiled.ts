import type { Door, Json } from '../contract/index.ts';
import type { Conditions, Expression } from './conditions/index.ts';
import type { Engines } from './engines.ts';
import type { Policy, PolicyRule } from './schema.ts';
import type { SurfaceIndex } from './surfaces.ts';

/** An approver reference; `expression` is set for `= …`, which yields references from the request. */
export interface CompiledRef {
  text: string;
  expression: Expression | null;
}

export interface CompiledLimit {
  /** `policy/limit`, as facts and reservations name it. */
  id: string;
  name: string;
  key: string[];
  /** Path of the amount, or null for a count. */
  sum: string | null;
  windowMs: number;
  /** Exact decimal string. */
  max: string;
}

export interface CompiledStage {
  name: string;
  approvers: CompiledRef[];
  quorum: number;
  refusals: number;
  remindMs: number | null;
  escalate: { afterMs: number; to: CompiledRef[] } | null;
  assurance: 'passkey' | null;
}

export interface CompiledApproval {
  stages: CompiledStage[];
  expiresMs: number;
  extendUpToMs: number | null;
  reason: 'required' | 'optional';
  fourEyes: boolean;
  mayChange: string[];
  via: Door[];
}

export interface CompiledRule {
  id: string;
  then: PolicyRule['then'];
  when: Expression;
  because: string | null;
  notify: string[];
  log: 'policy' | 'full';
  /** For `constrain`, in the order of their paths. */
  changes: { path: string; literal: Json | undefined; expression: Expression | null }[];
  approval: CompiledApproval | null;
}

export interface CompiledPolicy {
  name: string;
  source: Policy;
  surfaces: string[];
  mode: Policy['mode'];
  requires: string[];
  decimals: string[];
  limits: CompiledLimit[];
  rules: CompiledRule[];
  /** `limit` is null only in bundles from before limits existed. Those are judged as before. */
  breakGlass: {
    allow: CompiledRef[];
    review: CompiledRef[];
    withinMs: number;
    limit: { id: string; max: number; windowMs: number } | null;
  } | null;
  holidays: ReadonlyMap<string, ReadonlySet<string>>;
  disclose: string[];
  notify: string[];
  outcomeWithinMs: number;
  /** Null where the policy leaves it to how the action was released. */
  collectWithinMs: number | null;
  permitMs: number;
  retainMs: number | null;
}

/** A bundle made ready to judge. Made only by `compileBundle`, which has checked its hash. */
export interface CompiledBundle {
  /** `sha256:…` of the canonical JSON of `source`. */
  readonly hash: string;
  readonly source: Json;
  readonly policies: readonly CompiledPolicy[];
  readonly surfaces: SurfaceIndex<CompiledPolicy>;
  readonly conditions: Conditions;
  readonly engines: Engines;
}
