/** However many wait for one action: one announcement, one look. */
import { describe, expect, it } from 'vitest';
import { createStopping } from '../../src/availability/index.ts';
import { createHub } from '../../src/engine/hub.ts';
import type { KnownAction } from '../../src/gateway/stored-action.ts';
import { createWatches } from '../../src/gateway/watches.ts';

const ID = 'act_1';
const announced = (id: string): KnownAction['action'] => ({
  id,
  tenant: 'default',
  status: 'released',
  requestHash: null,
  verdict: null,
  approval: null,
  permit: null,
  records: [],
  createdAt: '',
  updatedAt: '',
});

function world() {
  const hub = createHub();
  let looks = 0;
  const watches = createWatches(hub, (_tenant, id) => {
    looks += 1;
    return Promise.resolve({ action: announced(id) } as KnownAction);
  });
  return { hub, watches, looks: () => looks };
}

describe('waiting for one action', () => {
  it('thousands are answered by one look', async () => {
    const { hub, watches, looks } = world();
    const waiting = Array.from({ length: 5000 }, () => watches.next('default', ID, 60_000));
    hub.emit(announced(ID));
    const found = await Promise.all(waiting.map(async ({ done }) => (await (await done)?.look)?.action.id));
    expect(new Set(found)).toEqual(new Set([ID]));
    expect(looks()).toBe(1);
  });

  it.each<[what: string, tenant: string, id: string]>([
    ['another action', 'default', 'act_2'],
    ['another tenant', 'acme', ID],
  ])('news of %s wake nobody', async (_what, tenant, id) => {
    const { hub, watches, looks } = world();
    const waiting = watches.next(tenant, id, 20);
    hub.emit(announced(ID));
    expect(await waiting.done).toBeNull();
    expect(looks()).toBe(0);
  });

  it('who gives up is not waited for, and who waits on is woken', async () => {
    const { hub, watches, looks } = world();
    const first = watches.next('default', ID, 60_000);
    const second = watches.next('default', ID, 60_000);
    first.cancel();
    expect(await first.done).toBeNull();
    hub.emit(announced(ID));
    await (
      await second.done
    )?.look;
    expect(looks()).toBe(1);
  });

  it('each announcement is a look of its own, begun after it', async () => {
    const { hub, watches, looks } = world();
    for (const count of [1, 2, 3]) {
      const waiting = watches.next('default', ID, 60_000);
      hub.emit(announced(ID));
      await (
        await waiting.done
      )?.look;
      expect(looks()).toBe(count);
    }
  });
});

it('when the process stops, whoever waits is told that the time is over, and nobody waits any more', async () => {
  const stopping = createStopping();
  const watches = createWatches(createHub(), () => Promise.reject(new Error('nobody looks')), stopping);
  const waiting = [watches.next('default', ID, 60_000), watches.next('acme', 'act_2', 60_000)];
  expect(watches.over).toBe(false);
  stopping.stop();
  expect(await Promise.all(waiting.map(({ done }) => done))).toEqual([null, null]);
  expect(watches.over).toBe(true);
});
