import { condition } from '@temporalio/workflow';
import type { TellInput } from '../notify/types.ts';
import { refOf, type CurrentAction } from './current-action.ts';
import { local } from './local-activities.ts';
import type { Outbox } from './outbox.ts';
import { refusalFailure } from './refusal.ts';

/** How often people are reminded of an overdue review before the workflow lets go of it; it stays listed as overdue. */
const REMINDERS = 12;

export interface ReviewTask {
  isOpen(): boolean;
  /** Seals a reviewer's finding; runs inside the workflow's one-at-a-time queue. */
  close(attestation: string): Promise<void>;
  /** Resolves when it was reviewed, or when the workflow gives up. */
  closed(): Promise<void>;
}

/** The look back at a break-glass release: a reminder half-way, `overdue` when it is due, and reminders after that. */
export function createReview(
  times: { openedAt: number; dueAt: number },
  current: CurrentAction,
  outbox: Outbox,
): ReviewTask {
  const within = Math.max(1000, times.dueAt - times.openedAt);
  let open = true;
  const reviewed = (ms: number): Promise<boolean> => condition(() => !open, Math.max(1, ms));

  const tell = (event: NonNullable<TellInput['review']>): void => outbox.changed([], event);

  const seal = async (attestation?: string): Promise<void> => {
    const action = refOf(current);
    const sealed = await local.sealReview(attestation === undefined ? { action } : { action, attestation });
    if ('refusal' in sealed) throw refusalFailure(sealed.refusal);
    current.action = sealed;
  };

  return {
    isOpen: () => open,
    async close(attestation) {
      await seal(attestation);
      open = false;
      tell('reviewed');
    },
    async closed() {
      if (await reviewed(times.openedAt + within / 2 - Date.now())) return;
      tell('reminder');
      if (await reviewed(times.dueAt - Date.now())) return;
      await current.exclusive(async () => {
        if (!open) return;
        await seal();
        tell('review_overdue');
      });
      for (let i = 0; i < REMINDERS && open; i += 1) {
        if (await reviewed(within)) return;
        tell('review_overdue');
      }
    },
  };
}
