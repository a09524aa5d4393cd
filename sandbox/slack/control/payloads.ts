import type { Core } from '../core.ts';
import { newId } from '../ids.ts';
import { compact } from '../json.ts';
import { messageOnWire, viewOnWire } from '../wire.ts';
import type { JsonObject, SandboxChannel, SandboxMessage, SandboxUser, SandboxView } from '../types.ts';

/** The deprecated verification token: sent, and never to be relied upon. */
const VERIFICATION_TOKEN = 'sandbox-verification-token';

function envelope(core: Core, user: SandboxUser): JsonObject {
  const teamId = core.world.teamOf(user);
  // In a shared channel, `team` is the workspace of the person who acted.
  const domain = teamId === core.world.team.id ? core.world.team.domain : teamId.toLowerCase();
  return {
    user: { id: user.id, username: user.name, name: user.name, team_id: teamId },
    api_app_id: core.world.app.appId,
    token: VERIFICATION_TOKEN,
    team: { id: teamId, domain },
    enterprise: null,
    is_enterprise_install: false,
  };
}

/** `block_actions` from a message (docs.slack.dev/reference/interaction-payloads/block_actions-payload). */
export function messageAction(
  core: Core,
  user: SandboxUser,
  channel: SandboxChannel,
  message: SandboxMessage,
  action: JsonObject,
  values: JsonObject,
): JsonObject {
  const ephemeral = message.ephemeralTo !== undefined;
  const threadTs = message.threadTs;
  const path = core.responseUrls.issue(core.world.team.id, {
    kind: 'actions',
    user: user.id,
    channel: channel.id,
    messageTs: message.ts,
    ...(threadTs === undefined ? {} : { threadTs }),
  });
  const { blocks: _blocks, ...withoutBlocks } = messageOnWire(core.world, message);
  return {
    type: 'block_actions',
    ...envelope(core, user),
    container: compact({
      type: 'message',
      message_ts: message.ts,
      channel_id: channel.id,
      is_ephemeral: ephemeral,
      thread_ts: threadTs,
    }),
    trigger_id: core.triggers.issue(user.id),
    channel: { id: channel.id, name: nameOf(channel) },
    message: ephemeral ? withoutBlocks : messageOnWire(core.world, message),
    state: { values },
    response_url: core.url() + path,
    actions: [action],
  };
}

/** `block_actions` from a modal or the Home tab: no channel, no message, no `response_url`. */
export function viewAction(core: Core, user: SandboxUser, view: SandboxView, action: JsonObject): JsonObject {
  return {
    type: 'block_actions',
    ...envelope(core, user),
    container: { type: 'view', view_id: view.id },
    trigger_id: core.triggers.issue(user.id, view.id),
    view: viewOnWire(core.world, view),
    actions: [action],
  };
}

/** `view_submission`: as in Slack, with no channel and no message. */
export function viewSubmission(core: Core, user: SandboxUser, view: SandboxView): JsonObject {
  return {
    type: 'view_submission',
    ...envelope(core, user),
    trigger_id: core.triggers.issue(user.id, view.id),
    view: viewOnWire(core.world, view),
    response_urls: [],
  };
}

/** `view_closed`, for views with `notify_on_close`. */
export function viewClosed(core: Core, user: SandboxUser, view: SandboxView, cleared: boolean): JsonObject {
  return { type: 'view_closed', ...envelope(core, user), view: viewOnWire(core.world, view), is_cleared: cleared };
}

/** A slash command's form fields (docs.slack.dev/interactivity/implementing-slash-commands). */
export function slashCommand(
  core: Core,
  user: SandboxUser,
  channel: SandboxChannel,
  command: string,
  text: string,
): JsonObject {
  const path = core.responseUrls.issue(core.world.team.id, { kind: 'commands', user: user.id, channel: channel.id });
  return {
    token: VERIFICATION_TOKEN,
    team_id: core.world.teamOf(user),
    team_domain: core.world.team.domain,
    channel_id: channel.id,
    channel_name: nameOf(channel),
    user_id: user.id,
    user_name: user.name,
    command,
    text,
    api_app_id: core.world.app.appId,
    is_enterprise_install: 'false',
    response_url: core.url() + path,
    trigger_id: core.triggers.issue(user.id),
  };
}

/** An event in its `event_callback` wrapper (docs.slack.dev/apis/events-api). */
export function eventCallback(core: Core, event: JsonObject): JsonObject {
  return {
    token: VERIFICATION_TOKEN,
    team_id: core.world.team.id,
    api_app_id: core.world.app.appId,
    event: { ...event, event_ts: core.world.timestamps.next() },
    type: 'event_callback',
    event_id: newId('Ev'),
    event_time: Math.floor(core.clock.now() / 1000),
    authorizations: [
      {
        enterprise_id: null,
        team_id: core.world.team.id,
        user_id: core.world.app.botUserId,
        is_bot: true,
        is_enterprise_install: false,
      },
    ],
    is_ext_shared_channel: false,
    event_context: newId('4-'),
  };
}

function nameOf(channel: SandboxChannel): string {
  if (channel.isIm) return 'directmessage';
  return channel.isPrivate ? 'privategroup' : channel.name;
}
