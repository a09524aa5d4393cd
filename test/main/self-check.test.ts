/** A start asks something forbidden before anything works or serves: of a refusal alone it goes on. */
import { expect, it } from 'vitest';
import { CountersignError, type Action } from '../../src/contract/index.ts';
import type { Actions } from '../../src/gateway/types.ts';
import { refuseKnownForbidden } from '../../src/main/bootstrap.ts';

type Answer = Awaited<ReturnType<Actions['request']>>;
const answered = (status: Action['status'], receipt: string | null = 'sha256:00'): Answer =>
  ({ action: { status }, receipt }) as Answer;
const fault = (code: 'unavailable' | 'invalid-request') => new CountersignError(code, 'not now');

/** Asks an engine that answers so, one after the other. @returns how often it was asked, and with which keys */
async function check(answers: (Answer | Error)[]): Promise<{ keys: Set<string>; asked: number; said: string[] }> {
  const keys: string[] = [];
  const said: string[] = [];
  const request: Actions['request'] = async (_caller, _body, key) => {
    keys.push(key ?? '');
    const answer = answers[keys.length - 1];
    if (answer === undefined || answer instanceof Error) throw answer ?? new Error('asked too often');
    return answer;
  };
  await refuseKnownForbidden({ request }, 'one', { say: (line) => said.push(line), pauseMs: 0 });
  return { keys: new Set(keys), asked: keys.length, said };
}

it('asks once where it is refused at once', async () => {
  expect(await check([answered('refused')])).toMatchObject({ asked: 1, said: [] });
});

it('asks again, with the same key, as long as nobody answers, and says so once', async () => {
  const late = [
    fault('unavailable'),
    answered('evaluating', null),
    answered('refused', null),
    ...Array.from({ length: 50 }, () => fault('unavailable')),
    answered('refused'),
  ];
  const { asked, keys, said } = await check(late);
  expect([asked, keys.size, said.length]).toEqual([54, 1, 1]);
});

it.each(['released', 'supervised', 'executed'] as const)('an answer of %s ends the start', async (status) => {
  await expect(check([fault('unavailable'), answered(status)])).rejects.toMatchObject({ code: 'internal' });
});

it('a failure that will not pass ends it too', async () => {
  await expect(check([fault('invalid-request')])).rejects.toMatchObject({ code: 'invalid-request' });
});
