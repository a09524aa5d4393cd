import {
  NotifierUnavailable,
  type Announced,
  type Notifier,
  type PostedMessage,
  type Unreachable,
} from './notifier.ts';

/** One channel to people, and the messages that it posted. */
export interface Way {
  notifier: Notifier;
  owns(message: PostedMessage): boolean;
}

/**
 * Tells people over several channels. Each is tried even if another one is unavailable. The first unavailability is thrown at the end, and
 * the repetition finds what the others have done. A person is out of reach if every channel says so.
 */
export function tellTogether(ways: readonly [Way, ...Way[]]): Notifier {
  const each = async <T>(work: (way: Way) => Promise<T>): Promise<T[]> => {
    const results = await Promise.allSettled(ways.map((way) => work(way)));
    const away = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    if (away.length > 0) throw away.find((error) => !(error instanceof NotifierUnavailable)) ?? away[0];
    return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  };
  const finding = ways.some(({ notifier }) => notifier.find !== undefined);
  const gathering = ways.find(({ notifier }) => notifier.digests !== undefined);
  const digests = gathering?.notifier.digests;
  return {
    ...(gathering === undefined || digests === undefined ? {} : { digests: { ...digests, owns: gathering.owns } }),
    ...(finding
      ? {
          async find(lost) {
            const places = await each(async ({ notifier }) => (await notifier.find?.(lost)) ?? []);
            return new Map(places.flatMap((one) => [...one]));
          },
        }
      : {}),
    async post(message, posted, keeper, gathered) {
      return together(
        await each(({ notifier, owns }) =>
          notifier.post(
            message,
            posted.filter((one) => owns(one)),
            keeper,
            gathered,
          ),
        ),
      );
    },
    async postPlan(message, posted, keeper) {
      return together(
        await each(({ notifier, owns }) =>
          notifier.postPlan(
            message,
            posted.filter((one) => owns(one)),
            keeper,
          ),
        ),
      );
    },
    async thread(posted, event) {
      await each(({ notifier, owns }) =>
        notifier.thread(
          posted.filter((one) => owns(one)),
          event,
        ),
      );
    },
    async tell(person, notice) {
      const answers = await each(({ notifier }) => notifier.tell(person, notice));
      return answers.includes(null) ? null : (answers[0] ?? null);
    },
  };
}

const together = (announced: readonly Announced[]): Announced => ({
  posted: announced.flatMap((one) => one.posted),
  unreachable: inEvery(announced.map(({ unreachable }) => unreachable)),
});

/** A place belongs to one of them only, so its answer alone counts. */
function inEvery([first = [], ...others]: Unreachable[][]): Unreachable[] {
  const isChannel = ({ person }: Unreachable): boolean => !/^(user|group|role|oncall):/.test(person);
  return first.filter(
    (one) => isChannel(one) || others.every((list) => list.some(({ person }) => person === one.person)),
  );
}
