import type { Core } from '../core.ts';
import { SandboxControlError } from '../errors.ts';
import type { SandboxChannel, SandboxMessage, SandboxUser } from '../types.ts';

/** Who acts, and what they can see. */

/** @param force act even as somebody deactivated, as a forged or late payload would. */
export function actor(core: Core, id: string, force = false): SandboxUser {
  const user = core.world.users.get(id);
  if (!user) throw new SandboxControlError('user_not_found', `no user \`${id}\` in the sandbox`);
  if (user.deleted && !force)
    throw new SandboxControlError('user_deactivated', `\`${id}\` is deactivated and cannot act`);
  return user;
}

/** The channel of that id or name, which `user` must be able to see. */
export function visibleChannel(core: Core, user: SandboxUser, idOrName: string): SandboxChannel {
  const channel = core.world.findChannel(idOrName);
  if (!channel) throw new SandboxControlError('channel_not_found', `no channel \`${idOrName}\` in the sandbox`);
  if (!sees(channel, user.id)) {
    throw new SandboxControlError('channel_not_visible', `\`${user.id}\` is not in \`${idOrName}\``);
  }
  return channel;
}

/** Public channels are open to all; private ones and IMs to their members. */
export function sees(channel: SandboxChannel, userId: string): boolean {
  return channel.members.includes(userId) || (!channel.isPrivate && !channel.isIm);
}

/** The message, unless it is somebody else's ephemeral. */
export function visibleMessage(core: Core, user: SandboxUser, channel: SandboxChannel, ts: string): SandboxMessage {
  const message = core.world.message(channel.id, ts);
  if (message && (message.ephemeralTo ?? user.id) === user.id) return message;
  throw new SandboxControlError('message_not_found', `\`${user.id}\` sees no message \`${ts}\` in \`${channel.id}\``);
}

/** What `userId` sees of a channel, oldest first; without `userId`, everything that is not ephemeral. */
export function messagesSeen(core: Core, channelId: string, userId?: string): SandboxMessage[] {
  return (core.world.messages.get(channelId) ?? []).filter(
    (message) => message.ephemeralTo === undefined || message.ephemeralTo === userId,
  );
}
