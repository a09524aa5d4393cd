import type { Core } from '../core.ts';
import { SlackApiError } from '../errors.ts';
import type { JsonObject } from '../types.ts';
import type { Args } from './args.ts';
import * as conversations from './conversations.ts';
import * as messages from './messages.ts';
import { unfurl } from './unfurl.ts';
import * as users from './users.ts';
import * as views from './views.ts';

/** One Web API method: which token and scopes it needs, and what it does. Its answer gets `ok: true`. */
export interface Method {
  token: 'bot' | 'app';
  /** All of these. */
  scopes: string[];
  /** Calls of one minute after which Slack answers 429, where that is simulated (docs.slack.dev/apis/web-api/rate-limits). */
  perMinute?: number;
  run(core: Core, args: Args, origin: string): JsonObject;
}

/** Scopes of the bot token unless told otherwise: what Countersign asks for when it is installed. */
export const DEFAULT_SCOPES = [
  'app_mentions:read',
  'channels:history',
  'channels:join',
  'channels:read',
  'chat:write',
  'commands',
  'groups:history',
  'groups:read',
  'im:history',
  'im:read',
  'im:write',
  'links:read',
  'links:write',
  'reactions:write',
  'users:read',
  'users:read.email',
];

/** Bot events the app is subscribed to unless told otherwise. */
export const DEFAULT_EVENTS = ['app_home_opened', 'app_mention', 'link_shared', 'message.im'];

function bot(scopes: string[], run: Method['run']): Method {
  return { token: 'bot', scopes, run };
}

function authTest(core: Core, _args: Args, origin: string): JsonObject {
  const { team, app } = core.world;
  return {
    url: `${origin}/`,
    team: team.name,
    user: app.name.toLowerCase(),
    team_id: team.id,
    user_id: app.botUserId,
    bot_id: app.botId,
    is_enterprise_install: false,
  };
}

/** The methods the sandbox knows; any other answers `unknown_method`. */
export const METHODS: Record<string, Method> = {
  'auth.test': bot([], authTest),
  'chat.postMessage': bot(['chat:write'], messages.postMessage),
  'chat.postEphemeral': bot(['chat:write'], messages.postEphemeral),
  'chat.update': bot(['chat:write'], messages.update),
  'chat.unfurl': bot(['links:write'], unfurl),
  'chat.delete': bot(['chat:write'], messages.remove),
  'chat.getPermalink': bot([], messages.getPermalink),
  'reactions.add': bot(['reactions:write'], messages.addReaction),
  'conversations.open': bot(['im:write'], conversations.open),
  'conversations.list': bot([], conversations.list),
  'conversations.info': bot([], conversations.info),
  'conversations.history': { ...bot([], conversations.history), perMinute: 50 },
  'conversations.join': bot(['channels:join'], conversations.join),
  'users.info': bot(['users:read'], users.info),
  'users.list': bot(['users:read'], users.list),
  'users.lookupByEmail': bot(['users:read.email'], users.lookupByEmail),
  'views.open': bot([], views.open),
  'views.push': bot([], views.push),
  'views.update': bot([], views.update),
  'views.publish': bot([], views.publish),
  'apps.connections.open': {
    token: 'app',
    scopes: [],
    run: (core, _args, origin) => ({
      url: `${origin.replace(/^http/, 'ws')}/link/?ticket=${core.socketTicket()}&app_id=${core.world.app.appId}`,
    }),
  },
};

/**
 * Checks token and scopes and runs a method.
 * @returns Slack's answer; never throws.
 */
export function call(core: Core, name: string, args: Args, token: string | undefined, origin: string): JsonObject {
  try {
    const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
    if (!method) throw new SlackApiError('unknown_method', { req_method: name });
    checkToken(core, method, token);
    for (const scope of method.scopes) {
      if (!core.scopes.has(scope)) {
        throw new SlackApiError('missing_scope', { needed: scope, provided: [...core.scopes].join(',') });
      }
    }
    return { ok: true, ...method.run(core, args, origin) };
  } catch (error) {
    if (error instanceof SlackApiError) return { ok: false, error: error.code, ...error.extra };
    return { ok: false, error: 'internal_error', detail: String(error) };
  }
}

function checkToken(core: Core, method: Method, token: string | undefined): void {
  if (token === undefined) throw new SlackApiError('not_authed');
  const { botToken, appToken } = core.credentials;
  if (token !== botToken && token !== appToken) throw new SlackApiError('invalid_auth');
  if ((method.token === 'bot') !== (token === botToken)) throw new SlackApiError('not_allowed_token_type');
}
