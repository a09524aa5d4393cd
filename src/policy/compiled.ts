import type { Door, EffectKind, GrantBounds, Json } from '../contract/index.ts';
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
  /** Policy accepts that its approvers do not read values that it withholds. */
  blind: boolean;
}

export interface CompiledRule {
  id: string;
  then: PolicyRule['then'];
  when: Expression;
  because: string | null;
  notify: CompiledNotify;
  log: 'policy' | 'full';
  effect: EffectKind | null;
  /** For `constrain`, in the order of their paths. */
  changes: { path: string; literal: Json | undefined; expression: Expression | null }[];
  approval: CompiledApproval | null;
}

/** Who is told, and how long messages that are not urgent are gathered, in milliseconds; null where each is announced immediately. */
export interface CompiledNotify {
  to: string[];
  digestMs: number | null;
}

/** When two requests are one effect. */
export interface CompiledSameness {
  /** As policy writes them; null for the default. */
  fields: string[] | null;
  /** Fields of `resource` and `params` that the policy names anywhere: another name that a caller makes up makes no difference. */
  named: { resource: string[]; params: string[] };
  amount: string;
  currency: string;
  /** How long a human's no stands, in milliseconds; 0 where it does not. */
  standsMs: number;
  /** The same people are asked again. */
  ask: boolean;
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
  /** What approvers see beside what is disclosed. */
  show: string[];
  effect: EffectKind | null;
  sameness: CompiledSameness;
  notify: CompiledNotify;
  outcomeWithinMs: number;
  /** Null where the policy leaves it to how the action was released. */
  collectWithinMs: number | null;
  permitMs: number;
  /** How long what is approved is held; 0 where it is not. */
  releaseAfterMs: number;
  /** One executor may use a permit up by itself. */
  offline: boolean;
  retainMs: number | null;
  /** Who is asked for advice, and the stage that each may add. */
  advice: { ask: string; stage: CompiledStage | null }[];
  /** The bounds of standing approvals; null where none may be given. */
  grants: GrantBounds | null;
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
