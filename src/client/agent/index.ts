/**
 * The guard in front of an agent's tools. It needs no other package. It is a separate entry, so that callers who only ask do not load it.
 */
export { type ToolCall, type ToolRules } from './calls.ts';
export { ToolRefused, ToolWaiting, type ToolRefusal } from './endings.ts';
export { createGuard, type AgentGuard, type AgentGuardOptions, type CallStanding, type GuardedTool } from './guard.ts';
