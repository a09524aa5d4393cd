import type { JsonObject } from './json.ts';

/** `{ ok: false, error }` of the Web API: `code` is one of Slack's own error strings. */
export class SlackApiError extends Error {
  readonly code: string;
  readonly extra: JsonObject;

  constructor(code: string, extra: JsonObject = {}) {
    super(code);
    this.name = 'SlackApiError';
    this.code = code;
    this.extra = extra;
  }
}

/** The driver was asked for something a person at the screen could not do. */
export class SandboxControlError extends Error {
  readonly code: ControlErrorCode;

  constructor(code: ControlErrorCode, message: string) {
    super(message);
    this.name = 'SandboxControlError';
    this.code = code;
  }
}

export type ControlErrorCode =
  | 'user_not_found'
  | 'user_deactivated'
  | 'channel_not_found'
  | 'channel_not_visible'
  | 'message_not_found'
  | 'view_not_found'
  | 'element_not_found'
  | 'option_not_found'
  | 'invalid_value'
  | 'timeout';
