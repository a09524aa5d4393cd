/** Between Slack's acceptance of a message and our row about it, anything may end: the message is found again, and edited as any other. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keptPosts, showCurrent, type KeptPosts } from '../../src/notify/kept-posts.ts';
import { LANDS_MS, type ApprovalMessage, type PostedMessage } from '../../src/notify/notifier.ts';
import type { SlackMessage, SlackPost, Store } from '../../src/store/index.ts';
import { DEFAULT_SCOPES } from '../../sandbox/slack/index.ts';
import { openBench, type Bench } from '../slack/bench.ts';
import { WAITING } from '../slack/messages.ts';

const CFO = 'user:cfo@acme.test';
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The two tables, in memory. */
class Rows {
  readonly messages: SlackMessage[] = [];
  readonly posts: SlackPost[] = [];
  /** Rejects what is to be written about messages. */
  away = false;
  /** What the row of the action says; null where it has none. */
  records: number | null = null;
  /** How often the action was read again. */
  reads = 0;

  get store(): Pick<Store, 'slackMessages' | 'slackPosts'> {
    const { messages, posts } = this;
    return {
      slackMessages: {
        put: (message, post) => {
          if (this.away) return Promise.reject(new Error('the process died'));
          const at = messages.findIndex(({ channel, ts }) => channel === message.channel && ts === message.ts);
          if (at < 0) messages.push(message);
          else if ((messages[at]?.revision ?? 0) <= message.revision) messages[at] = message;
          const begun = posts.findIndex(({ id }) => id === post);
          if (begun >= 0 && this.records !== null && this.records * 100 <= message.revision) posts.splice(begun, 1);
          return Promise.resolve(this.records);
        },
        list: () => Promise.resolve([...messages]),
        find: () => Promise.resolve(null),
      },
      slackPosts: {
        begin: (post) => {
          posts.push({ ...post, id: randomUUID(), at: Date.now(), ageMs: 0 });
          return Promise.resolve(posts.at(-1)?.id ?? '');
        },
        of: () => Promise.resolve([...posts]),
        end: (ids) =>
          Promise.resolve(void posts.splice(0, posts.length, ...posts.filter(({ id }) => !ids.includes(id)))),
        left: () => Promise.resolve([]),
      },
    };
  }
}

let bench: Bench;
let rows: Rows;
let action: string;
let asking: ApprovalMessage;
beforeAll(async () => {
  bench = await openBench('http');
});
afterAll(() => bench.stop());
beforeEach(() => {
  rows = new Rows();
  action = `act_${randomUUID()}`;
  asking = { ...WAITING, action, audience: { channels: ['#finance-approvals'], people: [CFO] } };
});

/** @param now what the action's records say once it is shown */
const published = async (message: ApprovalMessage, now: ApprovalMessage | null = null): Promise<KeptPosts> => {
  const posts = keptPosts({ store: rows.store, log }, bench.notifier, message.tenant, action);
  await showCurrent(posts, await posts.known(), message, {
    show: (one, all) => bench.notifier.post(one, all, posts),
    newer(shown) {
      rows.reads += 1;
      return Promise.resolve(shown === now ? null : now);
    },
  });
  return posts;
};
const lost = (work: Promise<unknown>): Promise<'lost' | 'done'> =>
  work.then(
    () => 'done' as const,
    () => 'lost' as const,
  );
/** In the channel and to the person: how many messages are about the action, and how many of them ask. */
const standing = (): number[][] =>
  ['#finance-approvals', bench.control.im('U0CFO').id].map((place) => {
    const about = bench.control.messages(place).map(({ blocks }) => JSON.stringify(blocks));
    const ours = about.filter((text) => text.includes(action));
    return [ours.length, ours.filter((text) => text.includes('"button"')).length];
  });
const over = (): ApprovalMessage => ({ ...asking, revision: 900, ask: null, state: 'refused' });

describe('a message whose place was lost', () => {
  it.each([
    ['in the channel, its answer', () => bench.control.inject({ api: 'chat.postMessage', connection: 'lost' })],
    ['in the channel, its process', () => void (rows.away = true)],
  ])('%s: the next attempt finds it, and one message asks at each place', async (_what, happens) => {
    happens();
    expect(await lost(published(asking))).toBe('lost');
    rows.away = false;
    expect([standing()[0], rows.messages.length]).toEqual([[1, 1], 0]);
    await published(asking);
    expect([standing(), rows.posts]).toEqual([
      [
        [1, 1],
        [1, 1],
      ],
      [],
    ]);
    await published(over());
    expect(standing().map(([, asks]) => asks)).toEqual([0, 0]);
  });

  it('is found when it is over as well, and nothing is posted for it', async () => {
    rows.away = true;
    await lost(published(asking));
    rows.away = false;
    await published(over());
    expect([standing()[0], rows.messages.length, rows.posts]).toEqual([[0, 0], 1, []]);
  });

  it('is found behind other messages, a page at a time', async () => {
    rows.away = true;
    await lost(published(asking));
    rows.away = false;
    const channel = bench.control.messages('#finance-approvals')[0]?.channel ?? '';
    const more = Array.from({ length: 110 }, () => bench.app.client.chat.postMessage({ channel, text: 'other' }));
    await Promise.all(more);
    await published(asking);
    expect(standing()[0]).toEqual([1, 1]);
  });

  it('is posted again where it never came, and looked for until it cannot come any more', async () => {
    bench.control.inject({ api: 'chat.postMessage', connection: 'drop' });
    expect(await lost(published(asking))).toBe('lost');
    await published(asking);
    expect([standing()[0], rows.posts.length]).toEqual([[1, 1], 1]);
    for (const post of rows.posts) post.ageMs = LANDS_MS + 1;
    await published(asking);
    expect(rows.posts).toEqual([]);
  });

  it('is not looked for where Slack refused it', async () => {
    bench.control.inject({ api: 'chat.postMessage', answer: 429 });
    expect(await lost(published(asking))).toBe('lost');
    expect(rows.posts).toEqual([]);
  });

  it('stays lost without the scope to read the channel, which is said once', async () => {
    bench.control.setScopes(DEFAULT_SCOPES.filter((scope) => scope !== 'channels:history'));
    rows.away = true;
    await lost(published(asking));
    rows.away = false;
    const before = bench.lines.length;
    await published(asking);
    await published({ ...asking, revision: 2 });
    bench.control.setScopes(DEFAULT_SCOPES);
    expect(bench.lines.slice(before).filter((line) => line.includes('missing_scope'))).toHaveLength(1);
    expect(standing()[0]).toEqual([2, 2]);
  });
});

describe('a message whose place is known', () => {
  it('ends its row with it, where the action has no newer record', async () => {
    rows.records = 0;
    await published(asking);
    expect([rows.messages.length, rows.posts, rows.reads]).toEqual([2, [], 0]);
  });

  it('keeps its row until what is newer was shown over it', async () => {
    rows.records = 9;
    await published(asking, { ...over(), ask: 'decision', state: 'waiting' });
    expect([rows.posts, rows.messages.map(({ revision }) => revision)]).toEqual([[], [900, 900]]);
    expect(standing()).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(rows.reads).toBe(2);
  });
});

describe('a digest whose answer was lost', () => {
  it.each([
    ['in a channel', '#finance-approvals', null],
    ['to a person', CFO, CFO],
  ])('%s is found by its own id', async (_where, target, person) => {
    const id = randomUUID();
    bench.control.inject({ api: 'chat.postMessage', connection: 'lost' });
    const show = bench.notifier.digests?.show({ items: [asking], consoleUrl: null }, { target, id });
    await expect(show).rejects.toMatchObject({ name: 'NotifierUnavailable', doubtful: true });
    const kind = person === null ? 'channel' : 'dm';
    const lostPost = { id, place: target, kind, person, at: Date.now() } as const;
    const places = await bench.notifier.find?.([lostPost, { ...lostPost, id: randomUUID() }]);
    const [last] = bench.control.messages(person === null ? target : bench.control.im('U0CFO').id).slice(-1);
    expect([...(places ?? [])].map(([post, { ts }]) => [post, ts])).toEqual([[id, last?.ts]]);
  });
});

describe('what changed while an older state was shown', () => {
  it('is shown after it, over what is posted by then', async () => {
    const shown: [number, number][] = [];
    const none: PostedMessage[] = [];
    const newer = new Map([
      [1, 2],
      [2, 5],
    ]);
    const { current: last } = await showCurrent({ doubted: () => true, settle: () => Promise.resolve() }, none, 1, {
      show: (message, posted) => {
        shown.push([message, posted.length]);
        return Promise.resolve({ posted: [{} as PostedMessage], unreachable: [] });
      },
      newer: (message) => Promise.resolve(newer.get(message) ?? null),
    });
    expect([shown, last]).toEqual([
      [
        [1, 0],
        [2, 1],
        [5, 1],
      ],
      5,
    ]);
  });
});
