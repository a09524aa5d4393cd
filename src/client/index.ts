/** Countersign’s client: needs `fetch` and WebCrypto, and no other package. Verifying permits is `@countersign/client/verify`. */
export { type ToolCall, type ToolRules } from './agent/calls.ts';
export { ToolRefused, ToolWaiting, type ToolRefusal } from './agent/endings.ts';
export {
  createGuard,
  type AgentGuard,
  type AgentGuardOptions,
  type GuardedTool,
  type CallStanding,
} from './agent/guard.ts';
export { Countersign, type CountersignOptions, type KeyedOptions } from './client.ts';
export { CountersignError, OutcomeUnknown, Skip, type LocalCode } from './errors.ts';
export type { Execute, Governed, GovernOptions, Release } from './govern.ts';
export type { CallOptions } from './http.ts';
export type * from './types.ts';
