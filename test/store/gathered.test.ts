import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gathered } from '../../src/store/gathered.ts';

/** Asks that are answered when they are told to. */
function byHand() {
  const sent: { questions: readonly number[]; answer(): void; fail(error: Error): void }[] = [];
  const ask = gathered<number, string>(
    (questions) =>
      new Promise((resolve, reject) =>
        sent.push({ questions, answer: () => resolve(questions.map((n) => `answer ${n}`)), fail: reject }),
      ),
  );
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { sent, ask, settled, all: () => sent.map(({ questions }) => questions) };
}

describe('gathered questions', () => {
  it('are sent alone at once, and together behind one that is under way', async () => {
    const { sent, ask, all, settled } = byHand();
    const answers = [1, 2, 3].map(ask);
    expect(all()).toEqual([[1]]);
    sent[0]?.answer();
    await settled();
    expect(all()).toEqual([[1], [2, 3]]);
    answers.push(ask(4));
    sent[1]?.answer();
    await settled();
    sent[2]?.answer();
    expect(await Promise.all(answers)).toEqual(['answer 1', 'answer 2', 'answer 3', 'answer 4']);
    expect(all()).toEqual([[1], [2, 3], [4]]);
  });

  it('that fail together are asked again, each alone, so that one that cannot be answered fails nobody else', async () => {
    const { sent, ask, all, settled } = byHand();
    const answers = [1, 2, 3].map(ask);
    sent[0]?.answer();
    await settled();
    const ended = Promise.allSettled(answers);
    sent[1]?.fail(new Error('2 cannot be asked'));
    await settled();
    expect(all()).toEqual([[1], [2, 3], [2], [3]]);
    sent[2]?.fail(new Error('2 cannot be asked'));
    sent[3]?.answer();
    expect(await ended).toEqual([
      { status: 'fulfilled', value: 'answer 1' },
      { status: 'rejected', reason: new Error('2 cannot be asked') },
      { status: 'fulfilled', value: 'answer 3' },
    ]);
    await settled();
    const next = ask(4);
    sent[4]?.answer();
    expect(await next).toBe('answer 4');
  });

  it('that fail alone are not asked again', async () => {
    const { sent, ask, all } = byHand();
    const answer = ask(1);
    sent[0]?.fail(new Error('no connection'));
    await expect(answer).rejects.toThrow('no connection');
    expect(all()).toEqual([[1]]);
  });

  it('are answered in order by what was sent after they were asked, however many there are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 5 }), async (waves) => {
        let now = 0;
        const ask = gathered<number, { n: number; sentAt: number }>(async (questions) => {
          const sentAt = (now += 1);
          await new Promise((resolve) => setImmediate(resolve));
          expect(questions.length).toBeLessThanOrEqual(64);
          return questions.map((n) => ({ n, sentAt }));
        });
        const answers: Promise<void>[] = [];
        for (const many of waves) {
          for (let n = 0; n < many; n += 1) {
            const askedAt = now;
            const asking = ask(n).then((answer) => {
              expect(answer.n).toBe(n);
              expect(answer.sentAt).toBeGreaterThan(askedAt);
            });
            answers.push(asking);
          }
          await Promise.resolve();
        }
        await Promise.all(answers);
      }),
      { numRuns: 50 },
    );
  });
});
