/** The guard in front of an agent's tools. It needs no other package, and is an entry of its own, so that whoever only asks does not load it. */
export { type ToolCall, type ToolRules } from './calls.ts';
export { ToolRefused, ToolWaiting, type ToolRefusal } from './endings.ts';
export { createGuard, type AgentGuard, type AgentGuardOptions, type CallStanding, type GuardedTool } from './guard.ts';
