/** Calls Slack's Web API: one try, and an error that names the kind of trouble. */
import {
  WebAPIHTTPError,
  WebAPIPlatformError,
  WebAPIRateLimitedError,
  WebAPIRequestError,
  WebClient,
  type View as SlackView,
  type WebClientOptions,
} from '@slack/web-api';
import type { View } from './blocks/index.ts';
import { sdkLogger, type SlackLog } from './log.ts';

/**
 * Retries are the engine's: `WebClient`'s own would hold an activity for half an hour, and wait longer than Slack asked for.
 *
 * @param timeoutMs For one call: ten seconds in an activity, less where a person waits for the acknowledgement.
 */
export function clientOptions(log: SlackLog, slackApiUrl: string | undefined, timeoutMs: number): WebClientOptions {
  return {
    ...(slackApiUrl === undefined ? {} : { slackApiUrl }),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: timeoutMs,
    allowAbsoluteUrls: false,
    logger: sdkLogger(log),
  };
}

export function createWebClient(
  botToken: string,
  log: SlackLog,
  slackApiUrl: string | undefined,
  timeoutMs = 10_000,
): WebClient {
  return new WebClient(botToken, clientOptions(log, slackApiUrl, timeoutMs));
}

/** A view of ours as Slack's library types it. The blocks room is pure and knows no package, so this is where the two meet. */
export const toSlackView = (view: View): SlackView => view as unknown as SlackView;

/** `unavailable`: Slack itself, the network or our token; wait. `target`: this channel, person or message; go on with the others. */
export type Trouble =
  | { kind: 'unavailable'; retryAfterMs: number; configuration: boolean; code: string }
  | { kind: 'target'; code: string };

const BUSY = new Set([
  'ratelimited',
  'rate_limited',
  'service_unavailable',
  'fatal_error',
  'internal_error',
  'request_timeout',
  'team_added_to_org',
  'accesslimited',
]);
const OURS = new Set([
  'not_authed',
  'invalid_auth',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'missing_scope',
  'no_permission',
  'not_allowed_token_type',
  'org_login_required',
  'ekm_access_denied',
]);

/** @throws what is not an error of the Web API. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof WebAPIRateLimitedError) return busy('ratelimited', error.retryAfter * 1000);
  if (error instanceof WebAPIRequestError) return busy('unreachable', 5000);
  if (error instanceof WebAPIHTTPError) return busy(`http ${error.statusCode}`, 5000);
  if (error instanceof WebAPIPlatformError) {
    const code = error.data.error;
    if (BUSY.has(code)) return busy(code, 5000);
    if (OURS.has(code)) return { kind: 'unavailable', retryAfterMs: 60_000, configuration: true, code };
    return { kind: 'target', code };
  }
  throw error;
}

const busy = (code: string, retryAfterMs: number): Trouble => ({
  kind: 'unavailable',
  retryAfterMs: Math.max(1000, retryAfterMs),
  configuration: false,
  code,
});

/** Answers after which Slack may have done what it was told to. */
const DOUBTFUL = new Set(['fatal_error', 'internal_error', 'request_timeout', 'service_unavailable']);

/** Whether Slack answered, and did not do it. Where it did not answer, it may have done it. */
export const wasRefused = (error: unknown): boolean =>
  error instanceof WebAPIRateLimitedError || (error instanceof WebAPIPlatformError && !DOUBTFUL.has(error.data.error));

const WORDS: Record<string, string> = {
  user_not_found: 'is not in this Slack workspace',
  users_not_found: 'is not in this Slack workspace',
  user_not_visible: 'is not in this Slack workspace',
  user_disabled: 'is deactivated in Slack',
  is_inactive: 'is deactivated in Slack',
  cannot_dm_bot: 'is a bot',
  channel_not_found: 'is no channel the app can see; create it, or invite the app',
  not_in_channel: 'is a channel the app is not in; invite it',
  is_archived: 'is archived',
  restricted_action: 'does not let the app post',
  messages_tab_disabled: 'has the messages tab of the app turned off',
};

/** Why a channel or person could not be told, in words. */
export const inWords = (code: string): string => WORDS[code] ?? `could not be reached in Slack (${code})`;
