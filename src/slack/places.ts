/** Where messages go: channels by the name policy gives, people by their own Slack id. */
import type { WebClient } from '@slack/web-api';
import { troubleOf, inWords } from './web.ts';

/** What the directory says of a person's Slack identity. */
export interface SlackPeople {
  slackOf(person: string): { workspace: string; user: string } | null;
  /** Only where the directory opts in to e-mail, and the person has no Slack id. */
  emailOf(person: string): string | null;
  /** Whether the directory knows that this person left. */
  gone?(person: string): boolean;
}

export interface Places {
  /** Id of the workspace the app's token belongs to. */
  workspace(): Promise<string>;
  /** Id of the app's bot, by which its own messages are known. */
  bot(): Promise<string>;
  /** Id of a channel, by the name that policy gives it or by itself; null where the app cannot see it. */
  idOf(name: string): Promise<string | null>;
  /** Whether the channel that policy calls `name` is one of these ids. */
  isAmong(name: string, ids: readonly string[]): Promise<boolean>;
  learn(name: string, id: string): void;
  /** Posts, joining a public channel first where that is what is missing. */
  joined<T>(name: string, post: (channel: string) => Promise<T>): Promise<T>;
  /** The person's channel with the app, or why there is none. */
  directMessage(person: string): Promise<{ channel: string } | { why: string }>;
  /** Why this person could not act here even if they saw the message, or null. Cached for a few minutes. */
  absence(person: string): Promise<string | null>;
}

/** Milliseconds for which a person's availability is cached. */
const REMEMBER_MS = 5 * 60_000;

export function createPlaces(client: WebClient, people: SlackPeople, now: () => number = Date.now): Places {
  let us: { team: string; bot: string } | undefined;
  const channels = new Map<string, string>();
  const direct = new Map<string, string>();
  const seen = new Map<string, { at: number; why: string | null }>();

  const ourselves = async (): Promise<{ team: string; bot: string }> => {
    if (us === undefined) {
      const { team_id: team, bot_id: bot } = await client.auth.test();
      us = { team: String(team), bot: String(bot) };
    }
    return us;
  };
  const workspace = async (): Promise<string> => (await ourselves()).team;
  const idOf = async (name: string): Promise<string | null> => {
    if (/^[CGD][A-Z0-9]{6,}$/.test(name)) return name;
    if (!channels.has(name)) await list();
    return channels.get(name) ?? null;
  };
  const list = async (): Promise<void> => {
    let cursor: string | undefined;
    do {
      const page = await client.conversations.list({
        types: 'public_channel,private_channel',
        exclude_archived: true,
        limit: 999,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const { id, name } of page.channels ?? []) if (id !== undefined) channels.set(`#${name ?? ''}`, id);
      cursor = page.response_metadata?.next_cursor;
    } while (cursor !== undefined && cursor !== '');
  };
  const userOf = async (person: string): Promise<{ user: string } | { why: string }> => {
    if (people.gone?.(person) === true) return { why: 'has left' };
    const slack = people.slackOf(person);
    if (slack !== null) {
      return slack.workspace === (await workspace()) ? slack : { why: 'is in another Slack workspace' };
    }
    const email = people.emailOf(person);
    if (email === null) return { why: 'has no Slack id in the directory' };
    const { user } = await client.users.lookupByEmail({ email });
    if (user?.id === undefined) return { why: inWords('users_not_found') };
    // An address that Slack did not verify may belong to anybody, so we send nothing there.
    return user.is_email_confirmed === true ? { user: user.id } : { why: 'has no verified address in Slack' };
  };
  const look = async (person: string): Promise<string | null> => {
    try {
      const slackUser = await userOf(person);
      if ('why' in slackUser) return slackUser.why;
      return strangeness(await workspace(), (await client.users.info({ user: slackUser.user })).user);
    } catch (error) {
      const trouble = troubleOf(error);
      if (trouble.kind === 'target') return inWords(trouble.code);
      // Without the scope to look people up, nobody counts as away.
      if (trouble.configuration) return null;
      throw error;
    }
  };

  return {
    workspace,
    bot: async () => (await ourselves()).bot,
    idOf,
    learn: (name, id) => void channels.set(name, id),
    async isAmong(name, ids) {
      if (ids.length === 0) return false;
      const id = await idOf(name);
      return id !== null && ids.includes(id);
    },
    async joined(name, post) {
      try {
        return await post(name);
      } catch (error) {
        const trouble = troubleOf(error);
        if (trouble.kind !== 'target' || trouble.code !== 'not_in_channel') throw error;
        const id = await idOf(name);
        if (id === null) throw error;
        await client.conversations.join({ channel: id });
        return post(id);
      }
    },
    async directMessage(person) {
      const known = direct.get(person);
      if (known !== undefined) return { channel: known };
      const slackUser = await userOf(person);
      if ('why' in slackUser) return slackUser;
      const opened = await client.conversations.open({ users: slackUser.user });
      const channel = String(opened.channel?.id);
      direct.set(person, channel);
      return { channel };
    },
    async absence(person) {
      const before = seen.get(person);
      if (before !== undefined && now() - before.at < REMEMBER_MS) return before.why;
      const why = await look(person);
      if (seen.size > 10_000) seen.clear();
      seen.set(person, { at: now(), why });
      return why;
    },
  };
}

type User = Awaited<ReturnType<WebClient['users']['info']>>['user'];

/** Why Slack would not accept this user's clicks. It mirrors `users.ts`. */
function strangeness(workspace: string, user: User): string | null {
  if (user === undefined) return inWords('user_not_found');
  if (user.deleted === true) return inWords('user_disabled');
  if (user.is_bot === true) return inWords('cannot_dm_bot');
  const teams = user.enterprise_user?.teams ?? [];
  if (user.team_id !== undefined && user.team_id !== workspace && !teams.includes(workspace))
    return 'is in another Slack workspace';
  const guest = user.is_restricted === true || user.is_ultra_restricted === true || user.is_stranger === true;
  return guest ? 'is a guest in Slack, and guests do not decide' : null;
}
