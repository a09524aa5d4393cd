/**
 * A strict Slack on loopback: a separate program, which knows nothing of Countersign and of which Countersign knows
 * nothing but a URL and three secrets.
 */
export { startSlackSandbox } from './server.ts';
export type { RunningSandbox, StartOptions } from './server.ts';
export { BASE_PATH, createSlackSandbox } from './sandbox.ts';
export type { SlackSandbox } from './sandbox.ts';
export { DEFAULT_EVENTS, DEFAULT_SCOPES } from './api/methods.ts';
export { manualClock, systemClock } from './clock.ts';
export type { Clock, ManualClock } from './clock.ts';
export { SandboxControlError, SlackApiError } from './errors.ts';
export type { ControlErrorCode } from './errors.ts';
export type { ApiFault, DeliveryFault, Fault, OutageFault } from './faults.ts';
export type { InputValue, InputValues } from './blocks/state.ts';
export type { SandboxControl } from './control/control.ts';
export type { Click, ViewClick } from './control/clicks.ts';
export type { Command } from './control/commands.ts';
export type { Submit, SubmitResult } from './control/modals.ts';
export type { ActResult } from './control/outcome.ts';
export type * from './types.ts';
