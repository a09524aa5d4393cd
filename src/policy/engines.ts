import type { ActionRequest } from '../contract/index.ts';

/** A policy in another language. It is part of the bundle and of its hash. */
export interface ExternalPolicy {
  kind: 'cedar' | 'opa';
  name: string;
  /** Cedar text, or the base64 of a compiled OPA WASM module. */
  content: string;
}

/** Everything an external policy may see: no content, and no facts but the time. */
export interface ExternalInput {
  request: ActionRequest;
  /** RFC 3339 UTC. */
  now: string;
}

/** One external policy, ready to be asked. Deterministic, synchronous; throws an `Error` when it has no answer. */
export type ExternalEvaluator = (input: ExternalInput) => boolean;

/** Makes evaluators of the languages it knows. Passed to `compileBundle`, so that the core depends on none of them. */
export interface ExternalEngines {
  /** Throws an `Error` that says what is wrong with the policy. */
  prepare(policy: ExternalPolicy): ExternalEvaluator;
}

/** Evaluators of one bundle by `kind:name`. */
export type Engines = ReadonlyMap<string, ExternalEvaluator>;
