import { condition, type ApplicationFailure, type LocalActivityInterfaceFor } from '@temporalio/workflow';
import type { Action } from '../contract/index.ts';
import type { LocalActivities } from '../activities/types.ts';
import type { PublishInput } from '../notify/types.ts';
import type { Refusal } from '../engine/types.ts';

/** How often people are reminded of an overdue review before the workflow lets go of it; it stays listed as overdue. */
const REMINDERS = 12;

export interface ReviewTask {
  isOpen(): boolean;
  /** Seals a reviewer's finding; runs inside the workflow's one-at-a-time queue. */
  close(attestation: string): Promise<void>;
  /** Resolves when it was reviewed, or when the workflow gives up. */
  closed(): Promise<void>;
}

export interface ReviewDeps {
  local: LocalActivityInterfaceFor<LocalActivities>;
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  action(): Action;
  refused(refusal: Refusal): ApplicationFailure;
  became(next: Action): void;
  tell(event: NonNullable<PublishInput['review']>): void;
}

/** The look back at a break-glass release: a reminder half-way, `overdue` when it is due, and reminders after that. */
export function createReview(times: { openedAt: number; dueAt: number }, deps: ReviewDeps): ReviewTask {
  const within = Math.max(1000, times.dueAt - times.openedAt);
  let open = true;
  const reviewed = (ms: number): Promise<boolean> => condition(() => !open, Math.max(1, ms));

  const seal = async (attestation?: string): Promise<void> => {
    const { tenant, id } = deps.action();
    const ref = { action: { tenant, id } };
    const sealed = await deps.local.sealReview(attestation === undefined ? ref : { ...ref, attestation });
    if ('refusal' in sealed) throw deps.refused(sealed.refusal);
    deps.became(sealed);
  };

  return {
    isOpen: () => open,
    async close(attestation) {
      await seal(attestation);
      open = false;
      deps.tell('reviewed');
    },
    async closed() {
      if (await reviewed(times.openedAt + within / 2 - Date.now())) return;
      deps.tell('reminder');
      if (await reviewed(times.dueAt - Date.now())) return;
      await deps.exclusive(async () => {
        if (!open) return;
        await seal();
        deps.tell('review_overdue');
      });
      for (let i = 0; i < REMINDERS && open; i += 1) {
        if (await reviewed(within)) return;
        deps.tell('review_overdue');
      }
    },
  };
}
