/** Whether a Slack user may be one of our people. Slack is asked, the answer is cached for a minute, and without an answer it is no. */
import type { WebClient } from '@slack/web-api';
import { CountersignError } from '../contract/index.ts';
import { troubleOf } from './web.ts';

/** Milliseconds: someone deactivated can decide no longer than this. */
const REMEMBER_MS = 60_000;

export interface SlackUser {
  /** Present only when Slack confirmed it. */
  verifiedEmail?: string;
  /** IANA time zone, `UTC` when Slack does not say. */
  tz: string;
}

export interface UserCheck {
  /**
   * A full member of this workspace.
   *
   * @throws CountersignError `forbidden` for guests, bots, deactivated users and people of other workspaces, `unavailable` when Slack
   * cannot say.
   */
  member(workspace: string, user: string): Promise<SlackUser>;
}

export function createUserCheck(client: WebClient, now: () => number): UserCheck {
  const known = new Map<string, { at: number; user: SlackUser }>();
  return {
    async member(workspace, id) {
      const key = `${workspace}/${id}`;
      const before = known.get(key);
      if (before !== undefined && now() - before.at < REMEMBER_MS) return before.user;
      known.delete(key);
      const user = checked(workspace, id, await ask(client, id));
      if (known.size > 10_000) known.clear();
      known.set(key, { at: now(), user });
      return user;
    },
  };
}

type Asked = Awaited<ReturnType<WebClient['users']['info']>>['user'];

async function ask(client: WebClient, id: string): Promise<Asked> {
  try {
    return (await client.users.info({ user: id })).user;
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble.kind === 'target') throw no('you are not a member of this Slack workspace');
    throw new CountersignError(
      'unavailable',
      'Slack could not say who you are just now; click again, or decide in the console',
      { cause: error },
    );
  }
}

function checked(workspace: string, id: string, user: Asked): SlackUser {
  if (user?.id !== id) throw no('you are not a member of this Slack workspace');
  const teams = user.enterprise_user?.teams ?? [];
  if (user.team_id !== workspace && !teams.includes(workspace)) throw no('you belong to another Slack workspace');
  if (user.deleted !== false) throw no('your Slack account is deactivated');
  // Exactly `false`, because a missing member proves nothing.
  if (user.is_bot !== false) throw no('only people decide');
  const guest = user.is_restricted !== false || user.is_ultra_restricted === true || user.is_stranger === true;
  if (guest) throw no('guests of a Slack workspace do not decide');
  const email = user.is_email_confirmed === true ? user.profile?.email : undefined;
  return { tz: user.tz ?? 'UTC', ...(email === undefined ? {} : { verifiedEmail: email }) };
}

const no = (message: string): CountersignError => new CountersignError('forbidden', message);
