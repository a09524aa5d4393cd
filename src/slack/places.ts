/** Where messages go: channels by the name policy gives, people by their own Slack id. */
import type { WebClient } from '@slack/web-api';
import { troubleOf } from './web.ts';
import { inWords } from './web.ts';

/** What the directory says of a person's Slack identity. */
export interface SlackPeople {
  slackOf(person: string): { workspace: string; user: string } | null;
  /** Only where the directory opts in to e-mail, and the person has no Slack id. */
  emailOf(person: string): string | null;
}

export interface Places {
  /** Id of the workspace the app's token belongs to. */
  workspace(): Promise<string>;
  /** Whether the channel that policy calls `name` is one of these ids. */
  isAmong(name: string, ids: readonly string[]): Promise<boolean>;
  learn(name: string, id: string): void;
  /** Posts, joining a public channel first where that is what is missing. */
  joined<T>(name: string, post: (channel: string) => Promise<T>): Promise<T>;
  /** The person's channel with the app, or why there is none. */
  directMessage(person: string): Promise<{ channel: string } | { why: string }>;
}

export function createPlaces(client: WebClient, people: SlackPeople): Places {
  let team: string | undefined;
  const channels = new Map<string, string>();
  const direct = new Map<string, string>();

  const workspace = async (): Promise<string> => {
    team ??= String((await client.auth.test()).team_id);
    return team;
  };
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
    const slack = people.slackOf(person);
    if (slack !== null) {
      return slack.workspace === (await workspace()) ? slack : { why: 'is in another Slack workspace' };
    }
    const email = people.emailOf(person);
    if (email === null) return { why: 'has no Slack id in the directory' };
    const { user } = await client.users.lookupByEmail({ email });
    return user?.id === undefined ? { why: inWords('users_not_found') } : { user: user.id };
  };

  return {
    workspace,
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
      const found = await userOf(person);
      if ('why' in found) return found;
      const opened = await client.conversations.open({ users: found.user });
      const channel = String(opened.channel?.id);
      direct.set(person, channel);
      return { channel };
    },
  };
}
