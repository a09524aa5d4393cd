/**
 * What is posted about one action or plan, and where. Before anything is posted, a row says so, and the message carries its id. Where the
 * process dies or the answer is lost between the two, the next publication finds the message by that id, and edits it as any other.
 */
import type { EngineLog } from '../engine/deps.ts';
import type { SlackMessage, Store } from '../store/index.ts';
import { LANDS_MS, type Announced, type Notifier, type PostedMessage, type PostKeeper } from './notifier.ts';
import { revisionWith } from './message.ts';
import { remembered } from './remembered.ts';

export interface KeptPosts extends PostKeeper {
  /** Everything that is posted. What was lost is looked for first. @throws NotifierUnavailable */
  known(): Promise<PostedMessage[]>;
  /** Whether something was posted or edited here over which there may be something newer. */
  doubted(): boolean;
  /** Everything that is posted is up to date: what was about to be posted is no longer looked for. */
  settle(): Promise<void>;
}

/** @param about id of the action or plan */
export function keptPosts(
  { store, log }: { store: Pick<Store, 'slackMessages' | 'slackPosts'>; log: EngineLog },
  { find }: Pick<Notifier, 'find'>,
  tenant: string,
  about: string,
): KeptPosts {
  const over = new Set<string>();
  let doubted = false;
  const put = (message: PostedMessage, id?: string): Promise<number | null> =>
    store.slackMessages.put({ tenant, action: about, ...message }, id);
  const list = async (): Promise<PostedMessage[]> =>
    (await store.slackMessages.list(tenant, about)) as (PostedMessage & SlackMessage)[];
  return {
    async begin(post) {
      const id = await store.slackPosts.begin({ tenant, action: about, ...post });
      over.add(id);
      return id;
    },
    // A row that stays is only looked for in vain.
    refused: (id) =>
      store.slackPosts.end([id]).catch((error: unknown) => log.warn({ err: error, about }, 'a refused post is kept')),
    async done(message, id) {
      const records = await remembered(() => put(message, id));
      if (records === null || revisionWith(records) > message.revision) doubted = true;
      else if (id !== undefined) over.delete(id);
    },
    async known() {
      const [posted, begun] = await Promise.all([list(), store.slackPosts.of(tenant, about)]);
      if (begun.length === 0) return posted;
      const lost = begun.map((post) => ({ ...post, kind: post.kind as PostedMessage['kind'] }));
      const places = (await find?.(lost)) ?? new Map<string, never>();
      for (const { id, kind, person, ageMs } of lost) {
        const place = places.get(id);
        if (place === undefined && ageMs <= LANDS_MS) continue;
        if (place !== undefined) {
          // Older than any revision, so that it is edited.
          await put({ ...place, kind, person, revision: 0, shownHash: '' });
        }
        over.add(id);
      }
      if (places.size > 0) log.info({ about, messages: places.size }, 'messages whose place was lost are found again');
      return list();
    },
    doubted: () => doubted,
    async settle() {
      await store.slackPosts.end([...over]);
      over.clear();
    },
  };
}

/**
 * Shows `message`, and whatever is newer by the time it is shown: a process that was stopped meanwhile may have shown the older state last.
 *
 * @param newer What is to be shown instead; null where the message is current.
 * @returns What was announced first, everything that is posted, and the message that it shows.
 * @throws what `show` throws
 */
export async function showCurrent<M>(
  posts: Pick<KeptPosts, 'doubted' | 'settle'>,
  known: PostedMessage[],
  message: M,
  {
    show,
    newer,
  }: { show(message: M, posted: PostedMessage[]): Promise<Announced>; newer(before: M): Promise<M | null> },
): Promise<Announced & { current: M }> {
  const { posted: first, unreachable } = await show(message, known);
  let [posted, current] = [first, message];
  for (let next = posts.doubted() ? await newer(current) : null; next !== null; next = await newer(current)) {
    ({ posted } = await show(next, posted));
    current = next;
  }
  await posts.settle();
  return { posted, unreachable, current };
}
