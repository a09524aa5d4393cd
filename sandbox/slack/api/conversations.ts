import type { Core } from '../core.ts';
import { SlackApiError } from '../errors.ts';
import { channelOnWire, messageOnWire } from '../wire.ts';
import type { JsonObject, SandboxChannel } from '../types.ts';
import type { Args } from './args.ts';
import { page } from './paging.ts';

/** `conversations.*`. */

function readScope(channel: SandboxChannel): string {
  if (channel.isIm) return 'im:read';
  return channel.isPrivate ? 'groups:read' : 'channels:read';
}

/** Checks the scope that this kind of channel needs. The method's scope was checked before. */
function needRead(core: Core, channel: SandboxChannel): void {
  needScope(core, readScope(channel));
}

function needScope(core: Core, needed: string): void {
  if (!core.scopes.has(needed)) {
    throw new SlackApiError('missing_scope', { needed, provided: [...core.scopes].join(',') });
  }
}

export function open(core: Core, args: Args): JsonObject {
  const users = args.optional('users')?.split(',') ?? [];
  const [userId] = users;
  if (userId === undefined) throw new SlackApiError('users_list_not_supplied');
  if (users.length > 1) throw new SlackApiError('method_not_supported_for_channel_type');
  const user = core.world.users.get(userId);
  if (!user) throw new SlackApiError('user_not_found');
  if (user.deleted) throw new SlackApiError('user_disabled');
  if (user.isBot) throw new SlackApiError('cannot_dm_bot');
  if (core.world.teamOf(user) !== core.world.team.id) throw new SlackApiError('user_not_visible');
  const existed = [...core.world.channels.values()].some((channel) => channel.imUser === userId);
  const channel = core.world.im(userId);
  const brief = args.boolean('return_im') === true ? channelOnWire(core.world, channel) : { id: channel.id };
  return existed ? { no_op: true, already_open: true, channel: brief } : { channel: brief };
}

export function list(core: Core, args: Args): JsonObject {
  const types = (args.optional('types') ?? 'public_channel').split(',').map((type) => type.trim());
  const known = ['public_channel', 'private_channel', 'im', 'mpim'];
  if (types.some((type) => !known.includes(type))) throw new SlackApiError('invalid_types');
  const found = [...core.world.channels.values()].filter((channel) => {
    if (channel.isIm) return types.includes('im');
    return channel.isPrivate
      ? types.includes('private_channel') && channel.appIsMember
      : types.includes('public_channel');
  });
  for (const channel of found) needRead(core, channel);
  const { items, next } = page(found, args);
  return {
    channels: items.map((channel) => channelOnWire(core.world, channel)),
    response_metadata: { next_cursor: next },
  };
}

export function info(core: Core, args: Args): JsonObject {
  const channel = core.world.channels.get(args.required('channel'));
  if (!channel || (channel.isPrivate && !channel.appIsMember)) throw new SlackApiError('channel_not_found');
  needRead(core, channel);
  return { channel: channelOnWire(core.world, channel) };
}

export function join(core: Core, args: Args): JsonObject {
  const channel = core.world.channels.get(args.required('channel'));
  if (!channel) throw new SlackApiError('channel_not_found');
  if (channel.isIm || channel.isPrivate) throw new SlackApiError('method_not_supported_for_channel_type');
  const already = channel.appIsMember;
  if (!already) core.world.join(channel);
  const answer = { channel: channelOnWire(core.world, channel) };
  return already
    ? { ...answer, warning: 'already_in_channel', response_metadata: { warnings: ['already_in_channel'] } }
    : answer;
}

function historyScope(channel: SandboxChannel): string {
  if (channel.isIm) return 'im:history';
  return channel.isPrivate ? 'groups:history' : 'channels:history';
}

const TS = /^\d{1,10}(\.\d{1,6})?$/;

/** A timestamp in microseconds. @throws SlackApiError `invalid_ts_oldest`, `invalid_ts_latest` */
function micros(args: Args, name: 'oldest' | 'latest'): bigint | undefined {
  const ts = args.optional(name);
  if (ts === undefined) return undefined;
  if (!TS.test(ts)) throw new SlackApiError(`invalid_ts_${name}`);
  const [seconds = '0', fraction = ''] = ts.split('.');
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, '0'));
}

/** Newest first, without threads and what only one person saw; metadata only where it is asked for. */
export function history(core: Core, args: Args): JsonObject {
  const channel = core.world.channels.get(args.required('channel'));
  if (!channel || (channel.isPrivate && !channel.appIsMember)) throw new SlackApiError('channel_not_found');
  needScope(core, historyScope(channel));
  if (!channel.appIsMember) throw new SlackApiError('not_in_channel');
  const [oldest, latest] = [micros(args, 'oldest'), micros(args, 'latest')];
  const edge = args.boolean('inclusive') === true ? 1n : 0n;
  const found = (core.world.messages.get(channel.id) ?? []).filter(({ ts, threadTs, ephemeralTo }) => {
    if (threadTs !== undefined || ephemeralTo !== undefined) return false;
    const at = BigInt(ts.replace('.', ''));
    return (oldest === undefined || at + edge > oldest) && (latest === undefined || at - edge < latest);
  });
  const { items, next } = page(found.toReversed(), args);
  const whole = args.boolean('include_all_metadata') === true;
  return {
    messages: items.map((message) => {
      const { metadata, ...rest } = messageOnWire(core.world, message);
      return whole && metadata !== undefined ? { ...rest, metadata } : rest;
    }),
    has_more: next !== '',
    response_metadata: { next_cursor: next },
  };
}
