/** Finds messages whose post was not answered, by the id that they carry in their metadata. */
import type { WebClient } from '@slack/web-api';
import { LANDS_MS, type LostPost, type PostedAt } from '../notify/notifier.ts';
import type { Places } from './places.ts';
import type { SlackLog } from './log.ts';
import { troubleOf } from './web.ts';

const EVENT = 'countersign_post';
/** How far Slack's clock and the database's may be apart, in milliseconds. */
const CLOCKS_MS = 60_000;
const PAGE = 100;

/** What a message carries beside its blocks. */
export const carrying = (
  id: string | undefined,
): { metadata?: { event_type: string; event_payload: { post: string } } } =>
  id === undefined ? {} : { metadata: { event_type: EVENT, event_payload: { post: id } } };

export interface LostDeps {
  client: WebClient;
  places: Places;
  log: SlackLog;
}

/** A search of the channels in which posts were lost. A place that cannot be read is left out, and said once. */
export function createSearch({ client, places, log }: LostDeps) {
  const said = new Set<string>();
  /** A digest names a person, and a message to one person the channel that it has with the app. */
  const channelOf = async (place: string, [{ person }]: readonly [LostPost, ...LostPost[]]): Promise<string | null> => {
    if (place !== person) return places.idOf(place);
    const direct = await places.directMessage(person);
    return 'channel' in direct ? direct.channel : null;
  };
  const search = async (place: string, lost: readonly [LostPost, ...LostPost[]]): Promise<[string, PostedAt][]> => {
    const channel = await channelOf(place, lost);
    if (channel === null) return [];
    const [workspace, us] = [await places.workspace(), await places.bot()];
    const left = new Set(lost.map(({ id }) => id));
    const times = lost.map(({ at }) => at);
    const here: [string, PostedAt][] = [];
    let cursor: string | undefined;
    do {
      const page = await client.conversations.history({
        channel,
        oldest: seconds(Math.min(...times) - CLOCKS_MS),
        latest: seconds(Math.max(...times) + LANDS_MS + CLOCKS_MS),
        inclusive: true,
        include_all_metadata: true,
        limit: PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      });
      for (const { ts, bot_id: by, metadata } of page.messages ?? []) {
        const id = metadata?.event_type === EVENT ? postOf(metadata.event_payload) : undefined;
        // Other apps can read the id, too.
        if (ts === undefined || id === undefined || by !== us || !left.delete(id)) continue;
        here.push([id, { workspace, channel, ts }]);
      }
      cursor = page.response_metadata?.next_cursor;
    } while (left.size > 0 && cursor !== undefined && cursor !== '');
    return here;
  };
  /** @throws what Slack's client throws where Slack itself is away */
  return async (lost: readonly LostPost[]): Promise<Map<string, PostedAt>> => {
    const all = new Map<string, PostedAt>();
    for (const [place, here] of byPlace(lost)) {
      try {
        for (const [id, at] of await search(place, here)) all.set(id, at);
      } catch (error) {
        const trouble = troubleOf(error);
        if (trouble.kind === 'unavailable' && trouble.code !== 'missing_scope') throw error;
        if (said.has(place)) continue;
        said.add(place);
        log.warn({ place, code: trouble.code }, 'messages that were lost in a channel cannot be looked for');
      }
    }
    return all;
  };
}

function byPlace(lost: readonly LostPost[]): Map<string, [LostPost, ...LostPost[]]> {
  const all = new Map<string, [LostPost, ...LostPost[]]>();
  for (const one of lost) {
    const others = all.get(one.place);
    if (others === undefined) all.set(one.place, [one]);
    else others.push(one);
  }
  return all;
}

const seconds = (ms: number): string => (Math.max(0, ms) / 1000).toFixed(6);

const postOf = (payload: unknown): string | undefined =>
  typeof payload === 'object' && payload !== null && 'post' in payload && typeof payload.post === 'string'
    ? payload.post
    : undefined;
