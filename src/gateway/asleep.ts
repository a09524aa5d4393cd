/** Workflows whose first task is delayed: which of them may sleep on, and how one is woken. */
import type { Client } from '@temporalio/client';
import { BoundedMap } from '../canonical/index.ts';
import { workflowIdOf } from '../engine/ids.ts';
import { wakeUpdate } from '../workflows/messages.ts';

/** Most workflows that are remembered. One that is forgotten is told what it would find by itself. */
const REMEMBERED = 50_000;

/** Workflows that this process started and left asleep, because nobody is notified of a release or of its reported outcome. */
export interface Asleep {
  /** @param until milliseconds since the epoch, not after its first task begins */
  leave(tenant: string, id: string, until: number): void;
  /** True only before its first task: whatever is sealed by now, that task finds. */
  sleeps(tenant: string, id: string): boolean;
}

export function createAsleep(now: () => Date): Asleep {
  const sleepers = new BoundedMap<string, number>(REMEMBERED);
  const keyOf = (tenant: string, id: string): string => `${tenant}\n${id}`;
  return {
    leave: (tenant, id, until) => sleepers.set(keyOf(tenant, id), until),
    sleeps: (tenant, id) => now().getTime() < (sleepers.get(keyOf(tenant, id)) ?? 0),
  };
}

/** Gives a workflow its first task now. The update is refused by its validator, so that it leaves no event. Never rejects. */
export async function wake(client: Client, tenant: string, id: string): Promise<void> {
  await client.workflow
    .getHandle(workflowIdOf(tenant, id))
    .executeUpdate(wakeUpdate)
    .catch(() => undefined);
}
