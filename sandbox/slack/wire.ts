import { compact } from './json.ts';
import type { JsonObject } from './json.ts';
import type { SandboxChannel, SandboxMessage, SandboxUser, SandboxView } from './types.ts';
import type { World } from './world.ts';

/** A message as the Web API and payloads show it. */
export function messageOnWire(world: World, message: SandboxMessage): JsonObject {
  return compact({
    user: message.user,
    type: 'message',
    ts: message.ts,
    bot_id: message.botId,
    app_id: message.botId === undefined ? undefined : world.app.appId,
    text: message.text,
    team: world.team.id,
    blocks: message.blocks.length > 0 ? message.blocks : undefined,
    thread_ts: message.threadTs,
    edited: message.edited,
    metadata: message.metadata,
    is_ephemeral: message.ephemeralTo === undefined ? undefined : true,
    reactions:
      message.reactions.length > 0
        ? message.reactions.map((entry) => ({ ...entry, count: entry.users.length }))
        : undefined,
  });
}

/** A view as `views.*` answers and payloads show it. */
export function viewOnWire(world: World, view: SandboxView): JsonObject {
  return {
    id: view.id,
    team_id: world.team.id,
    type: view.type,
    blocks: view.blocks,
    private_metadata: view.privateMetadata,
    callback_id: view.callbackId,
    state: { values: structuredClone(view.values) },
    hash: view.hash,
    title: view.title ?? { type: 'plain_text', text: 'View Title', emoji: true },
    clear_on_close: view.clearOnClose,
    notify_on_close: view.notifyOnClose,
    close: view.close ?? null,
    submit: view.submit ?? null,
    previous_view_id: view.previousViewId,
    root_view_id: view.rootViewId,
    app_id: world.app.appId,
    external_id: view.externalId,
    app_installed_team_id: world.team.id,
    bot_id: world.app.botId,
  };
}

/** A user as `users.info` shows it; the e-mail only to an app with `users:read.email`. */
export function userOnWire(world: World, user: SandboxUser, withEmail: boolean): JsonObject {
  const team = world.teamOf(user);
  return compact({
    id: user.id,
    team_id: team,
    name: user.name,
    deleted: user.deleted ?? false,
    real_name: user.realName,
    tz: user.tz,
    profile: compact({
      real_name: user.realName,
      display_name: user.name,
      email: withEmail && user.email !== '' ? user.email : undefined,
      team,
      bot_id: user.id === world.app.botUserId ? world.app.botId : undefined,
      api_app_id: user.id === world.app.botUserId ? world.app.appId : undefined,
    }),
    is_bot: user.isBot ?? false,
    is_app_user: false,
    is_restricted: user.isRestricted ?? false,
    is_ultra_restricted: user.isUltraRestricted ?? false,
    is_email_confirmed: user.emailConfirmed ?? user.email !== '',
    is_stranger: team === world.team.id ? undefined : true,
  });
}

/** A channel as `conversations.info` shows it. */
export function channelOnWire(world: World, channel: SandboxChannel): JsonObject {
  if (channel.isIm) {
    return { id: channel.id, created: channel.created, is_im: true, is_archived: false, user: channel.imUser ?? '' };
  }
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: !channel.isPrivate,
    is_group: channel.isPrivate,
    is_im: false,
    is_mpim: false,
    is_private: channel.isPrivate,
    is_archived: false,
    is_general: false,
    is_member: channel.appIsMember,
    created: channel.created,
    creator: world.app.botUserId,
    context_team_id: world.team.id,
    num_members: channel.members.length + (channel.appIsMember ? 1 : 0),
    topic: { value: '', creator: '', last_set: 0 },
    purpose: { value: '', creator: '', last_set: 0 },
  };
}
