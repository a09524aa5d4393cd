import { condition, patched } from '@temporalio/workflow';
import { nextWake, type ApprovalEffect, type ApprovalState } from '../approval/index.ts';
import type { Sealed } from '../engine/types.ts';
import type { CurrentAction } from './current-action.ts';
import type { Outbox } from './outbox.ts';
import { ParkedState } from './parked-state.ts';
import { ParkedSteps } from './parked-steps.ts';

/** A supervised override while it lives. Every method that changes it runs inside the workflow's one-at-a-time queue. */
export interface Parked {
  isOpen(): boolean;
  state(): ApprovalState;
  /** What is announced when it opens. */
  opening(): ApprovalEffect[];
  decide(attestation: string): Promise<void>;
  answer(attestation: string): Promise<void>;
  /** Without an attestation, somebody who may write to the namespace withdrew it, which releases nothing. */
  cancel(attestation: string | null): Promise<void>;
  /** @param attested The attestation of the worker that could not reach them. Without it nobody is asked early. */
  unreachable(people: string[], attested: string | undefined): Promise<void>;
  thaw(): void;
  /** Takes the state from the records, after something was sealed outside the workflow. */
  adopt(sealed: Pick<Sealed, 'action' | 'approval'>): void;
  /** Resolves when the action was released or ended. */
  closed(): Promise<void>;
}

/** Patch: before it, an approval under a freeze could not be withdrawn. */
const WITHDRAWN_WHILE_FROZEN = 'withdrawn-while-frozen';

/** How long the clock waits if the engine says that it is too early, because the two clocks may differ a little. */
const CLOCKS_MS = 1000;

export interface OpenedApproval {
  approval: ApprovalState;
  /** True for a workflow that resumes the action from its records: people were asked before. */
  resumed: boolean;
  /** As {@link Judged}. */
  joined: boolean;
}

export function createParked(
  { approval, resumed, joined }: OpenedApproval,
  current: CurrentAction,
  outbox: Outbox,
): Parked {
  const state = new ParkedState(approval);
  const steps = new ParkedSteps(state, current, outbox, joined);
  return {
    isOpen: () => state.isOpen,
    state: () => state.approval,
    opening: () => (resumed ? [] : [{ type: 'stage-opened', stage: 0 }]),
    adopt(sealed) {
      state.adopt(sealed.approval);
      current.action = sealed.action;
    },
    thaw: () => state.thaw(),

    async decide(attestation) {
      if (joined) return steps.hear(attestation, 'decide');
      const event = await steps.admit(attestation, 'decide');
      if (event === null) return;
      const effects = await steps.accept(event);
      await steps.seal({ attestation, kind: 'decide' }, effects);
      await steps.sealEscalation(effects);
      await steps.release();
    },

    async answer(attestation) {
      if (joined) return steps.hear(attestation, 'answer');
      const event = await steps.admit(attestation, 'answer');
      if (event === null) return;
      await steps.seal({ attestation, kind: 'answer' }, await steps.accept(event));
    },

    async cancel(attestation) {
      if (joined && attestation !== null) return steps.hear(attestation, 'cancel');
      const event =
        attestation === null ? ({ type: 'cancel', by: 'temporal' } as const) : await steps.admit(attestation, 'cancel');
      if (event === null) return;
      // Approved, but a freeze holds it back: there is nothing left to decide, and still something to withdraw.
      const held = state.approval.status === 'approved' && !steps.isOver && patched(WITHDRAWN_WHILE_FROZEN);
      const effects = held ? [] : await steps.accept(event);
      await steps.seal(attestation === null ? { decision: 'cancelled' } : { attestation, kind: 'cancel' }, effects);
    },

    async unreachable(people, attested) {
      if (!state.isOpen) return;
      await steps.proceed(state.advance({ type: 'unreachable', people }, Date.now()), attested);
    },

    async closed() {
      // The release was the next step of the workflow that was lost.
      if (resumed && state.approval.status === 'approved') await current.exclusive(() => steps.release());
      let pauseMs = 1;
      while (!steps.isOver) {
        const seen = state.changes;
        const changed = (): boolean => steps.isOver || state.changes !== seen;
        const wake = wakeOf(state);
        const woken = wake === null || (await condition(changed, Math.max(pauseMs, wake - Date.now())));
        if (wake === null) await condition(changed);
        pauseMs = await current.exclusive(() => wakeUp(state, steps, woken));
      }
    },
  };
}

/** When something is due, in milliseconds since the epoch. One that is approved and frozen has until it would expire. */
const wakeOf = ({ isOpen, approval }: ParkedState): number | null => (isOpen ? nextWake(approval) : approval.expiresAt);

/**
 * Does what is due.
 *
 * @param changed false if time ran out
 * @returns the shortest pause before the next time, in milliseconds
 */
async function wakeUp(state: ParkedState, steps: ParkedSteps, changed: boolean): Promise<number> {
  if (steps.isOver) return 1;
  const isApproved = state.approval.status === 'approved';
  if (state.isOpen && !changed) {
    await steps.tick();
    if (state.isOpen && (nextWake(state.approval) ?? Infinity) <= Date.now()) return CLOCKS_MS;
  } else if (isApproved && !state.frozen) await steps.release();
  // Approved, but frozen until its time ran out: nothing is released after the approvers' deadline.
  else if (isApproved && !changed) await steps.seal({}, []);
  return 1;
}
