/** Questions that are asked while another one is under way are asked together. */

/** The most questions that are asked as one. */
const TOGETHER_MAX = 64;

/**
 * Returns what asks one question. Alone it is sent immediately. While one is under way, those that follow wait for its end and are then sent
 * together, so that each is answered by what was sent after it was asked. Where they fail together, each is asked once more alone: the one that
 * the database cannot take must not fail the others.
 *
 * @param ask answers in the order of the questions. It is asked a second time, so it changes nothing that a second time would change again
 */
export function gathered<Q, A>(ask: (questions: readonly Q[]) => Promise<readonly A[]>): (question: Q) => Promise<A> {
  interface Waiting {
    question: Q;
    resolve(answer: A): void;
    reject(error: unknown): void;
  }
  let waiting: Waiting[] = [];
  let asking = false;

  const askAlone = async ({ question, resolve, reject }: Waiting): Promise<void> => {
    try {
      const [answer] = await ask([question]);
      resolve(answer as A);
    } catch (error) {
      reject(error);
    }
  };
  const askAll = async (): Promise<void> => {
    asking = true;
    while (waiting.length > 0) {
      const together = waiting.slice(0, TOGETHER_MAX);
      waiting = waiting.slice(TOGETHER_MAX);
      try {
        const answers = await ask(together.map(({ question }) => question));
        for (const [i, { resolve }] of together.entries()) resolve(answers[i] as A);
      } catch (error) {
        const [only, ...others] = together;
        if (others.length === 0) only?.reject(error);
        else await Promise.all(together.map(askAlone));
      }
    }
    asking = false;
  };
  return (question) =>
    new Promise((resolve, reject) => {
      waiting.push({ question, resolve, reject });
      if (!asking) void askAll();
    });
}
