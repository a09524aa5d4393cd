import { say } from '../api/respond.ts';
import type { Core } from '../core.ts';
import { showProblem } from '../core.ts';
import { SlackApiError } from '../errors.ts';
import { asString, isObject, parseJson } from '../json.ts';
import type { ResponseTarget } from '../response-urls.ts';
import type { JsonObject, SandboxMessage } from '../types.ts';
import { actResult, trouble } from './outcome.ts';
import type { ActResult } from './outcome.ts';
import { eventCallback, slashCommand } from './payloads.ts';
import { actor, visibleChannel } from './people.ts';

/** A slash command typed by a person. */
export interface Command {
  user: string;
  /** With the slash: `/countersign`. */
  command: string;
  text?: string;
  /** Where it is typed; default the person's IM with the app. */
  channel?: string;
}

/** Types a slash command. An answer with text or blocks is shown, to the person alone unless it says `in_channel`. */
export async function command(core: Core, act: Command): Promise<ActResult> {
  const user = actor(core, act.user);
  const channel = act.channel === undefined ? core.world.im(user.id) : visibleChannel(core, user, act.channel);
  if (!core.scopes.has('commands')) throw new SlackApiError('missing_scope', { needed: 'commands' });
  const payload = slashCommand(core, user, channel, act.command, act.text ?? '');
  const result = actResult(await core.deliverer.deliver('command', payload));
  if (result.ok) showAnswer(core, { kind: 'commands', user: user.id, channel: channel.id }, result.body);
  else showProblem(core, user.id, `${act.command} failed with the error "${trouble(result)}"`);
  return result;
}

function showAnswer(core: Core, target: ResponseTarget, body: string): void {
  if (body.trim() === '') return;
  const parsed = parseJson(body);
  const answer: JsonObject = isObject(parsed) ? parsed : { text: body };
  if (answer['text'] === undefined && answer['blocks'] === undefined) return;
  try {
    say(core, target, answer, asString(answer['response_type']) ?? 'ephemeral');
  } catch (error) {
    if (!(error instanceof SlackApiError)) throw error;
    showProblem(core, target.user, `the command's answer could not be shown: ${error.code}`);
  }
}

/** Opens the App Home: delivers `app_home_opened`. */
export async function openHome(core: Core, userId: string): Promise<ActResult> {
  const user = actor(core, userId);
  const channel = core.world.im(user.id).id;
  const event: JsonObject = { type: 'app_home_opened', user: user.id, channel, tab: 'home' };
  return deliverEvent(core, event);
}

/** A person writes a message; the app hears of it when it is mentioned, or in its IM. */
export async function write(
  core: Core,
  act: { user: string; channel: string; text: string; threadTs?: string },
): Promise<{ message: SandboxMessage; event?: ActResult }> {
  const user = actor(core, act.user);
  const channel = visibleChannel(core, user, act.channel);
  const message = core.world.addMessage({
    channel: channel.id,
    ts: core.world.timestamps.next(),
    user: user.id,
    text: act.text,
    blocks: [],
    reactions: [],
    revisions: [],
    ...(act.threadTs === undefined ? {} : { threadTs: act.threadTs }),
  });
  const event: JsonObject = {
    type: channel.isIm ? 'message' : 'app_mention',
    user: user.id,
    text: act.text,
    ts: message.ts,
    channel: channel.id,
    ...(channel.isIm ? { channel_type: 'im' } : {}),
    ...(act.threadTs === undefined ? {} : { thread_ts: act.threadTs }),
  };
  await shareLinks(core, message);
  const heard = channel.isIm || (channel.appIsMember && act.text.includes(`<@${core.world.app.botUserId}>`));
  if (!heard || !subscribed(core, channel.isIm ? 'message.im' : 'app_mention')) return { message };
  return { message, event: await deliverEvent(core, event) };
}

function subscribed(core: Core, name: string): boolean {
  const scope = { 'message.im': 'im:history', app_mention: 'app_mentions:read' }[name];
  return core.events.has(name) && (scope === undefined || core.scopes.has(scope));
}

/** Delivers any event in its `event_callback` wrapper. */
export async function deliverEvent(core: Core, event: JsonObject): Promise<ActResult> {
  return actResult(await core.deliverer.deliver('event', eventCallback(core, event)));
}

/** Links to the app's own domain, which is the one this page is served under: the app hears of them. */
async function shareLinks(core: Core, { channel, ts, user, text }: SandboxMessage): Promise<void> {
  if (!subscribed(core, 'link_shared')) return;
  const { host, hostname } = new URL(core.url());
  const urls = [...text.matchAll(/https?:\/\/[^\s<>|]+/g)].map(([url]) => url);
  const links = urls.filter((url) => new URL(url).host === host).map((url) => ({ domain: hostname, url }));
  if (links.length === 0) return;
  await deliverEvent(core, {
    type: 'link_shared',
    ...{ channel, user, links, message_ts: ts, unfurl_id: `${channel}/${ts}` },
    ...{ source: 'conversations_history', is_bot_user_member: core.world.channels.get(channel)?.appIsMember ?? false },
  });
}
