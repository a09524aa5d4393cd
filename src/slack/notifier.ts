/** Tells people in Slack: one message in each channel of the policy, a direct message to each person asked by name, edited for life. */
import type { WebClient } from '@slack/web-api';
import {
  NotifierUnavailable,
  type Notifier,
  type PostedMessage,
  type PostKeeper,
  type ThreadEvent,
  type Announced,
  type Unreachable,
} from '../notify/notifier.ts';
import {
  type ApprovalMessage,
  renderApprovalMessage,
  renderNotice,
  renderPlanMessage,
  type Rendered,
  renderThreadEvent,
  shownHash,
} from './blocks/index.ts';
import { createOnce } from '../notify/once.ts';
import type { PlanMessage } from '../notify/plan-message.ts';
import { showDigest } from './digests.ts';
import { dressed, type Dressing } from './dress.ts';
import { createPlaces, type SlackPeople } from './places.ts';
import type { SlackLog } from './log.ts';
import { carrying, createSearch } from './lost.ts';
import { inWords, troubleOf, wasRefused, type Trouble } from './web.ts';

export interface NotifierDeps {
  client: WebClient;
  people: SlackPeople;
  log: SlackLog;
}

/** Messages that can no longer be edited: deleted, or too old for the workspace's rules. */
const GONE = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

/** A message that was posted or edited; where it was posted, with the id that it carries. */
interface Placed {
  message: PostedMessage;
  id?: string | undefined;
}

/** A message, whatever it is about. */
interface Subject extends Pick<ApprovalMessage, 'ask' | 'revision' | 'audience'> {
  /** Id of the action or plan. */
  about: string;
  /** The rendering for one person or channel. */
  render(person: string | null): (plain: boolean) => Rendered;
}

const ofAction = (message: ApprovalMessage): Subject => ({
  ...message,
  about: message.action,
  render: (person) => (plain) => renderApprovalMessage(message, { person, plain }),
});

const ofPlan = (message: PlanMessage): Subject => ({
  ...message,
  about: message.plan,
  render: () => (plain) => renderPlanMessage(message, { plain }),
});

export function createSlackNotifier({ client, people, log }: NotifierDeps): Notifier {
  const places = createPlaces(client, people);
  const dressing: Dressing = { plain: false };
  const once = createOnce();
  const search = createSearch({ client, places, log });

  const show = async (message: Subject, before: PostedMessage): Promise<Placed> => {
    const { channel, ts } = before;
    const { rendered } = await dressed(dressing, message.render(before.person), (made) =>
      client.chat.update({ channel, ts, ...forSlack(made) }),
    );
    return { message: { ...before, revision: message.revision, shownHash: shownHash(rendered) } };
  };
  const post = async (
    message: Subject,
    { channel: place, kind, person }: { channel: string; kind: PostedMessage['kind']; person: string | null },
    keeper: PostKeeper | undefined,
  ): Promise<Placed> => {
    const workspace = await places.workspace();
    const id = await keeper?.begin({ place, kind, person });
    const { rendered, answer } = await dressed(dressing, message.render(person), (made) =>
      client.chat.postMessage({
        channel: place,
        unfurl_links: false,
        unfurl_media: false,
        ...carrying(id),
        ...forSlack(made),
      }),
    ).catch(async (error: unknown) => {
      if (id !== undefined && wasRefused(error)) await keeper?.refused(id);
      throw error;
    });
    const { revision } = message;
    const [channel, ts] = [String(answer.channel), String(answer.ts)];
    return { message: { workspace, channel, ts, kind, person, revision, shownHash: shownHash(rendered) }, id };
  };

  const postAll = async (
    message: Subject,
    posted: readonly PostedMessage[],
    keeper?: PostKeeper,
  ): Promise<Announced> => {
    const all = new Map(posted.map((one) => [`${one.channel}/${one.ts}`, one]));
    const unreachable: Unreachable[] = [];
    const done = async ({ message: one, id }: Placed): Promise<void> => {
      all.set(`${one.channel}/${one.ts}`, one);
      await keeper?.done(one, id);
    };
    /** A failure for one target is reported and skipped. An outage of Slack ends the attempt. */
    const attempt = async (who: string | null, work: () => Promise<Placed | null>): Promise<void> => {
      try {
        const result = await work();
        if (result !== null) await done(result);
      } catch (error) {
        const trouble = troubleOrThrow(error, [...all.values()]);
        if (who !== null) unreachable.push({ person: who, why: inWords(trouble.code) });
        log.warn({ about: message.about, who, code: trouble.code }, 'Slack could not show a message');
      }
    };

    const open = message.ask !== null;
    for (const before of posted) {
      if (before.revision >= message.revision) continue;
      await attempt(before.person, async () => {
        try {
          return await show(message, before);
        } catch (error) {
          if (!GONE.has(codeOf(error))) throw error;
          all.delete(`${before.channel}/${before.ts}`);
          return open ? post(message, before, keeper) : null;
        }
      });
    }
    // People who were never asked do not hear of the end. Channels do, so that it is on record there.
    if (open || posted.length === 0) {
      for (const name of new Set(message.audience.channels)) {
        await attempt(name, async () => {
          const known = [...all.values()].filter(({ kind }) => kind === 'channel').map(({ channel }) => channel);
          if (await places.isAmong(name, known)) return null;
          const result = await places.joined(name, (channel) =>
            post(message, { channel, kind: 'channel', person: null }, keeper),
          );
          places.learn(name, result.message.channel);
          return result;
        });
      }
    }
    if (open) {
      for (const person of new Set(message.audience.people)) {
        if ([...all.values()].some((one) => one.kind === 'dm' && one.person === person)) continue;
        await attempt(person, async () => {
          const place = await places.directMessage(person);
          if ('why' in place) {
            unreachable.push({ person, why: place.why });
            return null;
          }
          return post(message, { channel: place.channel, kind: 'dm', person }, keeper);
        });
      }
    }
    // A channel tells nobody individually, so the workflow would wait in vain for an approver who is not in it.
    if (message.ask === 'decision') {
      for (const person of new Set(message.audience.asked)) {
        if (unreachable.some((known) => known.person === person)) continue;
        await attempt(person, async () => {
          const why = await places.absence(person);
          if (why !== null) unreachable.push({ person, why });
          return null;
        });
      }
    }
    return { posted: [...all.values()], unreachable };
  };

  return {
    post: (message, posted, keeper, gathered) =>
      gathered === undefined
        ? postAll(ofAction(message), posted, keeper)
        : Promise.resolve({ posted: [...posted], unreachable: gathered }),
    postPlan: (message, posted, keeper) => postAll(ofPlan(message), posted, keeper),

    async find(lost) {
      try {
        return await search(lost);
      } catch (error) {
        troubleOrThrow(error, []);
        throw error;
      }
    },

    digests: {
      async show(message, place) {
        try {
          return await showDigest({ client, places, forSlack }, message, place);
        } catch (error) {
          const { code } = troubleOrThrow(error, []);
          log.warn({ target: place.target, code }, 'Slack could not show a message about several actions');
          // A message that is gone or too old to be edited still counts as the announcement of its actions.
          return place.posted ?? { why: inWords(code) };
        }
      },
      absence: (person) => places.absence(person).catch((error: unknown) => inWords(troubleOrThrow(error, []).code)),
      owns: () => true,
    },

    async thread(posted, event: ThreadEvent) {
      const asked = event.people ?? [];
      for (const { channel, ts, workspace, person } of posted) {
        // A direct message needs no mention.
        const mentions = asked
          .filter((id) => person === null || id === person)
          .map((id) => people.slackOf(id))
          .flatMap((slack) => (slack?.workspace === workspace ? [slack.user] : []));
        const rendered = forSlack(renderThreadEvent(event, mentions));
        try {
          await once(`${channel}/${ts}/${event.id}`, () =>
            client.chat.postMessage({ channel, thread_ts: ts, unfurl_links: false, unfurl_media: false, ...rendered }),
          );
        } catch (error) {
          const { code } = troubleOrThrow(error, posted);
          log.warn({ channel, ts, code }, 'Slack could not take a line of a thread');
        }
      }
    },

    async tell(person, notice) {
      try {
        const place = await places.directMessage(person);
        if ('why' in place) return { person, why: place.why };
        await once(`${person}/${notice.action}/${notice.id}`, () =>
          client.chat.postMessage({
            channel: place.channel,
            unfurl_links: false,
            unfurl_media: false,
            ...forSlack(renderNotice(notice)),
          }),
        );
        return null;
      } catch (error) {
        return { person, why: inWords(troubleOrThrow(error, []).code) };
      }
    },
  };
}

/** The trouble with one target. @throws NotifierUnavailable when it is Slack's own. */
function troubleOrThrow(error: unknown, posted: readonly PostedMessage[]): Extract<Trouble, { kind: 'target' }> {
  const trouble = troubleOf(error);
  if (trouble.kind === 'target') return trouble;
  const { retryAfterMs, configuration, code } = trouble;
  const what = configuration ? 'Slack does not take the token as it is' : 'Slack cannot be used now';
  throw new NotifierUnavailable(`${what} (${code}); it is tried again`, {
    retryAfterMs,
    configuration,
    doubtful: !wasRefused(error),
    posted,
    cause: error,
  });
}

function codeOf(error: unknown): string {
  const trouble = troubleOf(error);
  return trouble.kind === 'target' ? trouble.code : '';
}

/** Our blocks are plain JSON of the right shape (golden files and the sandbox's checks); the SDK's unions cannot say so. */
export function forSlack({ text, blocks }: { text: string; blocks: object[] }): { text: string; blocks: never[] } {
  return { text, blocks: blocks as never[] };
}
