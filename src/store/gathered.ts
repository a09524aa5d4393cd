/** Questions that are asked while another one is under way are asked together. */

/** The most questions that are asked as one. */
const TOGETHER_MAX = 64;

/**
 * Returns what asks one question. Alone it is sent immediately. While one is under way, those that follow wait for its end and are then sent
 * together, so that each is answered by what was sent after it was asked.
 *
 * @param ask answers in the order of the questions
 */
export function gathered<Q, A>(ask: (questions: readonly Q[]) => Promise<readonly A[]>): (question: Q) => Promise<A> {
  let waiting: { question: Q; resolve(answer: A): void; reject(error: unknown): void }[] = [];
  let asking = false;

  const askAll = async (): Promise<void> => {
    asking = true;
    while (waiting.length > 0) {
      const together = waiting.slice(0, TOGETHER_MAX);
      waiting = waiting.slice(TOGETHER_MAX);
      try {
        const answers = await ask(together.map(({ question }) => question));
        for (const [i, { resolve }] of together.entries()) resolve(answers[i] as A);
      } catch (error) {
        for (const { reject } of together) reject(error);
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
