/** `countersign start --auto`: other people's tests, without a human. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { startTestEngine } from '../../src/client/testing.ts';
import { Countersign } from '../../src/client/index.ts';
import { loadConfig } from '../../src/main/config.ts';
import { refuseAutoAmongPeople } from '../../src/main/auto-approver.ts';
import { refund, startTestStack } from '../support/stack.ts';

describe('an engine that answers for the approvers', () => {
  it.each([
    ['approve', 'released'],
    ['refuse', 'refused'],
  ] as const)(
    '%s',
    async (auto, status) => {
      const stack = await startTestStack({}, undefined, auto);
      const { body } = await stack.ask(refund(420.5));
      const settled = await stack.call('GET', `/v1/actions/${(body.action ?? body).id}?wait=30`);
      expect(settled.body.status).toBe(status);
      expect(settled.body.approval.stages[0].decisions).toEqual([
        expect.objectContaining({ decision: auto, reason: 'answered by `countersign start --auto`', via: 'cli' }),
      ]);
      await stack.stop();
    },
    300_000,
  );

  it('is refused where people are really asked', () => {
    const real = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_SIGNING_SECRET: 's' };
    expect(() => refuseAutoAmongPeople(loadConfig(real), 'approve')).toThrow(
      expect.objectContaining({ code: 'configuration' }),
    );
    expect(() => refuseAutoAmongPeople(loadConfig({ COUNTERSIGN_HOST: '0.0.0.0' }), 'refuse')).toThrow(
      expect.objectContaining({ code: 'configuration' }),
    );
    expect(() => refuseAutoAmongPeople(loadConfig(real), 'ask')).not.toThrow();
  });

  it('is started and stopped by the client’s test helper', async () => {
    const command = [process.execPath, fileURLToPath(new URL('../../bin/countersign.js', import.meta.url))];
    const engine = await startTestEngine({ command });
    const client = new Countersign(engine);
    const { id } = await client.request(
      {
        surface: 'payments.refund',
        action: 'refund.create',
        actor: { id: 'agent:a', type: 'agent' },
        params: { amount: 420.5 },
      },
      { idempotencyKey: 'k1' },
    );
    expect((await client.wait(id, { timeout: 30_000 })).status).toBe('released');
    await engine.stop();
    await expect(fetch(engine.url)).rejects.toThrow('fetch failed');
  }, 300_000);
});
