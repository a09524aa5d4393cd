import type { SlackMessage, Store } from '../store/index.ts';
import type { PostedMessage } from './notifier.ts';

/** Where lines about an action go: below its own messages, or below the message that announces it with others. */
export async function threadsOf(
  { digests, slackMessages }: Pick<Store, 'digests' | 'slackMessages'>,
  tenant: string,
  action: string,
): Promise<PostedMessage[]> {
  const alone = (await slackMessages.list(tenant, action)) as (PostedMessage & SlackMessage)[];
  const together = (await digests.of(tenant, action)).flatMap(({ target, posted }): PostedMessage[] => {
    if (posted === null || alone.some(({ workspace }) => workspace === posted.workspace)) return [];
    const channel = target.startsWith('#');
    const place = channel ? { kind: 'channel' as const, person: null } : { kind: 'dm' as const, person: target };
    return [{ ...posted, ...place, revision: 0, shownHash: '' }];
  });
  return [...alone, ...together];
}
