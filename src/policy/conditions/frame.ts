import type { ActionRequest } from '../../contract/index.ts';
import type { Bindings } from './values.ts';

/** The most items that all comprehensions of one judgement may visit. It stops nested loops over a large request. */
export const STEPS_MAX = 100_000;

/** Characters and items that all calls of one policy's judgement may read and make. A request of 64 KiB can be read a hundred times. */
export const WORK_MAX = 10_000_000;

/** The state of a limit for one request, as `limit("…")` yields it. Exact decimal strings. */
export interface LimitState {
  fits: boolean;
  used: string;
  amount: string;
  max: string;
  /** Never below zero. */
  remaining: string;
}

/** What one policy may ask while it judges one request. Functions throw an `Error` with a sentence when there is no answer. */
export interface Frame {
  readonly request: ActionRequest;
  readonly bindings: Bindings;
  /** Milliseconds since the epoch; throws where there is no time, as in approver references. */
  now(): number;
  limit(name: string): LimitState;
  /** Where the value of a field came from, according to a caller that may say so. */
  provenance(path: string): string;
  holidays(name: string): ReadonlySet<string>;
  /** Calls a Cedar or OPA policy of the bundle. */
  engine(kind: 'cedar' | 'opa', name: string): boolean;
  /** Items visited so far. */
  steps: number;
  /** Characters and items read so far. */
  work: number;
  /** True once the judgement took longer than it may. */
  late(): boolean;
}
