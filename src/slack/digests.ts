/** Posts and edits messages about several actions. */
import type { WebClient } from '@slack/web-api';
import type { DigestMessage, DigestPlace, PostedAt } from '../notify/notifier.ts';
import { renderDigest, type Rendered } from './blocks/index.ts';
import { carrying } from './lost.ts';
import type { Places } from './places.ts';

/** How the rest of the notifier calls Slack. */
interface DigestDeps {
  client: WebClient;
  places: Places;
  forSlack(rendered: Rendered): { text: string; blocks: never[] };
}

/** @throws what Slack's client throws */
export async function showDigest(
  { client, places, forSlack }: DigestDeps,
  message: DigestMessage,
  { target, posted, id }: DigestPlace,
): Promise<PostedAt | { why: string }> {
  const made = forSlack(renderDigest(message));
  if (posted !== undefined) {
    await client.chat.update({ channel: posted.channel, ts: posted.ts, ...made });
    return posted;
  }
  const workspace = await places.workspace();
  const post = async (channel: string): Promise<PostedAt> => {
    const answer = await client.chat.postMessage({
      channel,
      unfurl_links: false,
      unfurl_media: false,
      ...carrying(id),
      ...made,
    });
    return { workspace, channel: String(answer.channel), ts: String(answer.ts) };
  };
  if (target.startsWith('#')) {
    const result = await places.joined(target, post);
    places.learn(target, result.channel);
    return result;
  }
  const place = await places.directMessage(target);
  return 'why' in place ? place : post(place.channel);
}
