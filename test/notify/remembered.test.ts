import { describe, expect, it } from 'vitest';
import { CountersignError } from '../../src/contract/index.ts';
import { remembered } from '../../src/notify/remembered.ts';

describe('remembering where something was posted', () => {
  const failing = (times: number, error: Error): { put(): Promise<void>; tries(): number } => {
    let tries = 0;
    return {
      tries: () => tries,
      put() {
        tries += 1;
        return tries <= times ? Promise.reject(error) : Promise.resolve();
      },
    };
  };
  const away = new CountersignError('unavailable', 'the database is away');

  it('insists while the database is away', async () => {
    const { put, tries } = failing(5, away);
    await remembered(put, 0);
    expect(tries()).toBe(6);
  });

  it('gives up before the activity is over', async () => {
    const { put, tries } = failing(Infinity, away);
    await expect(remembered(put, 0)).rejects.toBe(away);
    expect(tries()).toBe(40);
  });

  it('does not repeat what is wrong in itself', async () => {
    const wrong = new Error('wrong');
    const { put, tries } = failing(Infinity, wrong);
    await expect(remembered(put, 0)).rejects.toBe(wrong);
    expect(tries()).toBe(1);
  });
});
