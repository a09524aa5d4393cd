import { stateOf } from '../blocks/state.ts';
import { sees } from '../control/people.ts';
import type { Core } from '../core.ts';
import type { JsonObject, SandboxMessage, SandboxUser, SandboxView } from '../types.ts';

/** Messages of a channel shown at once. */
const SHOWN = 200;

/** Everything one person's screen shows: their channels, one channel's messages, modal, Home, and errors. */
export function screenOf(core: Core, userId: string | undefined, channelId: string | undefined): JsonObject {
  const people = [...core.world.users.values()].filter((user) => !user.isBot);
  const user = people.find((entry) => entry.id === userId) ?? people.find((entry) => !entry.deleted);
  if (!user) return { users: [] };
  if (!user.deleted) core.world.im(user.id);
  const channels = [...core.world.channels.values()].filter((channel) => sees(channel, user.id));
  // Whoever has not chosen yet sees where something happened last.
  const latest = (entry: { id: string }): string => core.world.messages.get(entry.id)?.at(-1)?.ts ?? '';
  const lately = channels.filter(latest).sort((a, b) => latest(b).localeCompare(latest(a)));
  const channel = channels.find((entry) => entry.id === channelId) ?? lately[0] ?? channels[0];
  const seen = (core.world.messages.get(channel?.id ?? '') ?? []).filter(
    (message) => (message.ephemeralTo ?? user.id) === user.id,
  );
  const modals = core.world.modals.get(user.id) ?? [];
  const top = modals.at(-1);
  const home = core.world.homes.get(user.id);
  return {
    workspace: { id: core.world.team.id, name: core.world.team.name },
    app: { name: core.world.app.name, userId: core.world.app.botUserId },
    user: person(core, user),
    users: [...core.world.users.values()].map((entry) => person(core, entry)),
    channels: channels.map((entry) => ({
      id: entry.id,
      name: entry.name,
      isIm: entry.isIm,
      isPrivate: entry.isPrivate,
      latest: latest(entry),
    })),
    channel: channel?.id ?? '',
    messages: seen.slice(-SHOWN).map((message) => shown(core, message, user.id)),
    modal: top ? { ...viewShown(top), depth: modals.length } : null,
    home: home ? viewShown(home) : null,
    problems: core.problems
      .filter((problem) => problem.user === user.id)
      .slice(-5)
      .map((problem) => ({ ...problem })),
  };
}

function person(core: Core, user: SandboxUser): JsonObject {
  return {
    id: user.id,
    name: user.name,
    realName: user.realName,
    deleted: user.deleted ?? false,
    isBot: user.isBot ?? false,
    isRestricted: user.isRestricted ?? false,
    stranger: core.world.teamOf(user) !== core.world.team.id,
    tz: user.tz,
  };
}

function shown(core: Core, message: SandboxMessage, userId: string): JsonObject {
  return {
    ts: message.ts,
    channel: message.channel,
    user: message.user,
    isApp: message.botId !== undefined,
    text: message.text,
    blocks: message.blocks,
    unfurls: message.unfurls ?? [],
    values: stateOf(message.blocks, core.drafts.get(`${message.channel}/${message.ts}/${userId}`) ?? {}),
    threadTs: message.threadTs ?? null,
    edited: message.edited ? message.edited.ts : null,
    ephemeral: message.ephemeralTo !== undefined,
    reactions: message.reactions.map((entry) => ({ name: entry.name, count: entry.users.length })),
  };
}

function viewShown(view: SandboxView): JsonObject {
  return {
    id: view.id,
    hash: view.hash,
    title: view.title ?? null,
    submit: view.submit ?? null,
    close: view.close ?? null,
    blocks: view.blocks,
    values: view.values,
    errors: view.errors,
  };
}
