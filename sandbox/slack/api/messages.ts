import { checkedBlocks } from './content.ts';
import type { Content } from './content.ts';
import type { Core } from '../core.ts';
import { SlackApiError } from '../errors.ts';
import { messageOnWire } from '../wire.ts';
import type { JsonObject, SandboxChannel, SandboxMessage } from '../types.ts';
import type { Args } from './args.ts';

/** `chat.*` and `reactions.add`. */

/** A channel the app may write to: an id, `#name`, or a user id for that person's IM. */
function writable(core: Core, idOrName: string): SandboxChannel {
  const user = core.world.users.get(idOrName);
  if (user) {
    if (user.deleted || user.isBot) throw new SlackApiError('channel_not_found');
    return core.world.im(user.id);
  }
  const channel = core.world.findChannel(idOrName);
  if (!channel) throw new SlackApiError('channel_not_found');
  if (!channel.appIsMember) {
    // A private channel the app is not in does not exist for it.
    if (channel.isPrivate) throw new SlackApiError('channel_not_found');
    if (!core.scopes.has('chat:write.public')) throw new SlackApiError('not_in_channel');
  }
  if (channel.imUser !== undefined && core.world.users.get(channel.imUser)?.deleted) {
    throw new SlackApiError('is_inactive');
  }
  return channel;
}

function knownById(core: Core, id: string): SandboxChannel {
  const channel = core.world.channels.get(id);
  if (!channel || (!channel.appIsMember && channel.isPrivate)) throw new SlackApiError('channel_not_found');
  return channel;
}

function thread(core: Core, channel: SandboxChannel, args: Args): string | undefined {
  const ts = args.optional('thread_ts');
  if (ts === undefined) return undefined;
  const parent = core.world.message(channel.id, ts);
  if (!parent || parent.ephemeralTo !== undefined) throw new SlackApiError('thread_not_found');
  // A reply to a reply joins the thread of its parent.
  return parent.threadTs ?? parent.ts;
}

/** A new message of the app's own. */
export function appMessage(
  core: Core,
  channel: string,
  content: Content,
  more: Partial<SandboxMessage>,
): SandboxMessage {
  return {
    channel,
    ts: core.world.timestamps.next(),
    user: core.world.app.botUserId,
    botId: core.world.app.botId,
    text: content.text,
    blocks: content.blocks,
    reactions: [],
    revisions: [],
    ...(content.metadata === undefined ? {} : { metadata: content.metadata }),
    ...more,
  };
}

export function postMessage(core: Core, args: Args): JsonObject {
  const channel = writable(core, args.required('channel'));
  const threadTs = thread(core, channel, args);
  const content = checkedBlocks(core, args);
  const message = appMessage(core, channel.id, content, threadTs === undefined ? {} : { threadTs });
  core.world.addMessage(message);
  return { channel: channel.id, ts: message.ts, message: messageOnWire(core.world, message), ...content.warnings };
}

export function postEphemeral(core: Core, args: Args): JsonObject {
  const channel = writable(core, args.required('channel'));
  const userId = args.required('user');
  const user = core.world.users.get(userId);
  if (!user || user.deleted) throw new SlackApiError('user_not_in_channel');
  if (!channel.members.includes(userId)) throw new SlackApiError('user_not_in_channel');
  const threadTs = thread(core, channel, args);
  const content = checkedBlocks(core, args);
  const message = appMessage(core, channel.id, content, {
    ephemeralTo: userId,
    ...(threadTs === undefined ? {} : { threadTs }),
  });
  core.world.addMessage(message);
  return { message_ts: message.ts, ...content.warnings };
}

/** Changes a message in place; the earlier blocks are kept for stale clicks. */
export function rewrite(core: Core, message: SandboxMessage, content: Content): void {
  message.revisions.push(message.blocks);
  if (message.revisions.length > 10) message.revisions.shift();
  message.text = content.text;
  message.blocks = content.blocks;
  // An empty object takes the metadata away.
  if (content.metadata !== undefined && Object.keys(content.metadata).length > 0) message.metadata = content.metadata;
  else delete message.metadata;
  message.edited = { user: message.user, ts: core.world.timestamps.next() };
  core.world.saveMessage(message);
}

function ownMessage(core: Core, args: Args, denied: string): SandboxMessage {
  const channel = knownById(core, args.required('channel'));
  const message = core.world.message(channel.id, args.required('ts'));
  if (!message || message.ephemeralTo !== undefined) throw new SlackApiError('message_not_found');
  if (message.botId !== core.world.app.botId) throw new SlackApiError(denied);
  return message;
}

export function update(core: Core, args: Args): JsonObject {
  const message = ownMessage(core, args, 'cant_update_message');
  // Absent blocks and metadata stay as they were; an empty array removes blocks.
  const content = checkedBlocks(core, args, message);
  rewrite(core, message, content);
  return {
    channel: message.channel,
    ts: message.ts,
    text: message.text,
    message: messageOnWire(core.world, message),
    ...content.warnings,
  };
}

export function remove(core: Core, args: Args): JsonObject {
  const message = ownMessage(core, args, 'cant_delete_message');
  core.world.removeMessage(message);
  return { channel: message.channel, ts: message.ts };
}

export function getPermalink(core: Core, args: Args): JsonObject {
  const channel = knownById(core, args.required('channel'));
  const message = core.world.message(channel.id, args.required('message_ts'));
  if (!message || message.ephemeralTo !== undefined) throw new SlackApiError('message_not_found');
  const link = `${core.url()}/archives/${channel.id}/p${message.ts.replace('.', '')}`;
  const query = message.threadTs === undefined ? '' : `?thread_ts=${message.threadTs}&cid=${channel.id}`;
  return { channel: channel.id, permalink: link + query };
}

export function addReaction(core: Core, args: Args): JsonObject {
  const channel = knownById(core, args.required('channel'));
  const message = core.world.message(channel.id, args.required('timestamp'));
  if (!message || message.ephemeralTo !== undefined) throw new SlackApiError('message_not_found');
  const name = args.required('name').replaceAll(':', '');
  if (!/^[a-z0-9_+'-]{1,100}$/.test(name)) throw new SlackApiError('invalid_name');
  const bot = core.world.app.botUserId;
  const reaction = message.reactions.find((entry) => entry.name === name);
  if (reaction?.users.includes(bot)) throw new SlackApiError('already_reacted');
  if (reaction) reaction.users.push(bot);
  else message.reactions.push({ name, users: [bot] });
  core.world.saveMessage(message);
  return {};
}
