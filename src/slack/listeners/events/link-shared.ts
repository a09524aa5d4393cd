import type { Middleware, SlackEventMiddlewareArgs } from '@slack/bolt';
import { actionLinked, MAX_UNFURLS, safeUrl, unfurlOf } from '../../blocks/index.ts';
import { messageOf } from '../../answer.ts';
import type { Desk } from '../../desk.ts';
import type { SlackIdentity, SlackMessages } from '../../../gateway/slack-types.ts';
import { forSlack } from '../../notifier.ts';
import { personBehind } from '../../origin.ts';

export type LinkDoor = SlackIdentity & Pick<SlackMessages, 'find'>;

/** Unfurls links to actions with their status, if the person who shares them may see them. */
export const linkShared =
  (desk: Desk<LinkDoor>): Middleware<SlackEventMiddlewareArgs<'link_shared'>> =>
  async ({ event, body }) => {
    const { channel, message_ts: ts, unfurl_id: unfurl, source, links, user } = event;
    try {
      const { person } = await personBehind(desk, body.team_id, user);
      const previews = await Promise.all(
        links.slice(0, MAX_UNFURLS).map(async ({ url }) => {
          const { origin } = new URL(url);
          const id = actionLinked(url, origin);
          const message = id === null ? null : await desk.door.find(person, id);
          const console = safeUrl(message?.consoleUrl ?? null);
          // Whether an address is ours is known from the message itself.
          if (message === null || console === null || new URL(console).origin !== origin) return [];
          const { text, blocks } = forSlack(unfurlOf(message));
          return [[url, { fallback: text, blocks }] as const];
        }),
      );
      const unfurls = Object.fromEntries(previews.flat());
      if (Object.keys(unfurls).length === 0) return;
      // A link in a draft has no message yet.
      if (unfurl !== undefined && (source === 'composer' || source === 'conversations_history')) {
        await desk.client.chat.unfurl({ unfurl_id: unfurl, source, unfurls });
      } else await desk.client.chat.unfurl({ channel, ts, unfurls });
    } catch (error) {
      desk.log.warn({ channel, ts, error: messageOf(error) }, 'a shared link stays as it is');
    }
  };
