import { condition, patched } from '@temporalio/workflow';
import type { Action } from '../contract/index.ts';
import {
  checkEvent,
  nextWake,
  reduce,
  type ApprovalEffect,
  type ApprovalEvent,
  type ApprovalState,
} from '../approval/index.ts';
import type { DecideInput, Refusal, Released, Sealed, SealDecisionInput } from '../engine/types.ts';
import { refOf, type CurrentAction } from './current-action.ts';
import { local } from './local-activities.ts';
import type { Outbox } from './outbox.ts';
import { refusalFailure } from './refusal.ts';

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

/** Patch: before it, an approval waited for its expiry when its freeze was lifted during the release. */
const THAWED_MEANWHILE = 'thawed-meanwhile';

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
  { approval: opened, resumed, joined }: OpenedApproval,
  current: CurrentAction,
  outbox: Outbox,
): Parked {
  let state = opened;
  /** Grows with every change of the state or of a freeze, so that the clock is set anew. */
  let turns = 0;
  let frozen = false;
  /** Freezes that were lifted since it opened. */
  let thaws = 0;
  /** Attestations that were handled. One that is sent again after it was sealed is refused. */
  const heard = new Set<string>();

  const isOpen = (): boolean => state.status === 'open';
  const released = (): boolean => current.action.status !== 'supervised';

  /** Applies a message, after everything that was due before it. */
  const accept = async (event: ApprovalEvent): Promise<ApprovalEffect[]> => {
    const due = nextWake(state);
    if (due !== null && due <= Date.now()) await tick();
    const now = Date.now();
    const refusal = checkEvent(state, event, now);
    if (refusal !== null) throw refusalFailure(refusal);
    return advance(event, now);
  };
  const advance = (event: ApprovalEvent, now: number): ApprovalEffect[] => {
    const next = reduce(state, event, now);
    state = next.state;
    turns += 1;
    return next.effects;
  };
  /**
   * Seals what follows from the records and the message. The workflow's own reduction only sets its clock; the activity returns the state
   * of the action. Older histories hold the action alone, and their workflows keep the state themselves.
   */
  const seal = async (input: Omit<SealDecisionInput, 'action'>, effects: ApprovalEffect[]): Promise<void> => {
    const sealed: Sealed | Action = await local.sealDecision({ ...input, action: refOf(current) });
    if (!('effects' in sealed)) {
      current.action = sealed;
      outbox.changed(effects);
      return;
    }
    const refusal = take(sealed, input.attestation, effects);
    if (refusal !== null) throw refusalFailure(refusal);
  };
  /** Continues from what was sealed. Returns why the message does not count, or null. */
  const take = (sealed: Sealed, attestation: string | undefined, effects: ApprovalEffect[]): Refusal | null => {
    const { action, approval, refusal } = sealed;
    // An earlier attempt of this step sealed the message and died before it could answer. That is not a refusal. Older results do not say
    // so; there, `already-decided` for a new message means the same.
    const before = joined ? sealed.repeated === true : refusal?.code === 'already-decided';
    const repeated = attestation !== undefined && before && !heard.has(attestation);
    if (attestation !== undefined) heard.add(attestation);
    if (approval !== null) adopt(approval);
    const grew = action.records.length !== current.action.records.length;
    current.action = action;
    if (refusal === undefined || repeated) outbox.changed(effects);
    else if (grew) outbox.changed(sealed.effects);
    return refusal === undefined || repeated ? null : refusal;
  };
  const adopt = (approval: ApprovalState): void => {
    state = approval;
    turns += 1;
  };
  /** Releases a complete approval immediately, under the bundle of that moment. A freeze only delays it. */
  const release = async (): Promise<void> => {
    if (state.status !== 'approved' || released()) return;
    const before = thaws;
    const result = await local.release({ action: refOf(current) });
    // The freeze was lifted while the release was being refused. No further signal will come, so the release is tried again.
    takeRelease(result, () => thaws === before || !patched(THAWED_MEANWHILE));
  };
  /** @param held whether the freeze that it met still holds */
  const takeRelease = (result: Released, held: () => boolean): void => {
    turns += 1;
    if ('frozen' in result) {
      frozen = held();
      outbox.changed();
      return;
    }
    frozen = false;
    if (result.approval !== undefined && result.approval !== null) adopt(result.approval);
    current.action = result.action;
    outbox.changed();
  };
  /** Takes a person's message in one step: checks and seals it, and releases the action if that completes it. */
  const hear = async (attestation: string, kind: DecideInput['kind']): Promise<void> => {
    const before = thaws;
    const { sealed, released: result } = await local.decide({ action: refOf(current), attestation, kind });
    const refusal = take(sealed, attestation, sealed.effects);
    if (result !== null) takeRelease(result, () => thaws === before);
    if (refusal !== null) throw refusalFailure(refusal);
  };
  const admit = async (attestation: string, kind: 'decide' | 'cancel' | 'answer') => {
    const admitted = await local.admit({ action: refOf(current), attestation, kind });
    if ('refusal' in admitted) throw refusalFailure(admitted.refusal);
    if (!('event' in admitted))
      throw refusalFailure({ code: 'invalid-request', message: `this is not a ${kind} message` });
    return admitted;
  };
  /** Seals who was added to decide, before they are asked. */
  const sealEscalation = async (effects: ApprovalEffect[], unreachable?: string): Promise<void> => {
    const escalation = effects.find((effect) => effect.type === 'escalate');
    if (escalation?.type !== 'escalate') return;
    await seal(unreachable === undefined ? {} : { unreachable }, []);
  };
  /** Handles events of the clock and of unreachable approvers. */
  const proceed = async (effects: ApprovalEffect[], unreachable?: string): Promise<void> => {
    if (state.status === 'expired') {
      await seal({}, effects);
      return;
    }
    await sealEscalation(effects, unreachable);
    if (effects.length > 0) outbox.changed(effects);
  };
  const tick = (): Promise<void> => proceed(advance({ type: 'tick' }, Date.now()));

  return {
    isOpen,
    state: () => state,
    opening: () => (resumed ? [] : [{ type: 'stage-opened', stage: 0 }]),
    adopt(sealed) {
      if (sealed.approval !== null) adopt(sealed.approval);
      turns += 1;
      current.action = sealed.action;
    },
    thaw() {
      thaws += 1;
      if (frozen) turns += 1;
      frozen = false;
    },

    async decide(attestation) {
      if (joined) return hear(attestation, 'decide');
      const { event } = await admit(attestation, 'decide');
      if (event.type !== 'decide') return;
      const effects = await accept(event);
      await seal({ attestation, kind: 'decide' }, effects);
      await sealEscalation(effects);
      await release();
    },

    async answer(attestation) {
      if (joined) return hear(attestation, 'answer');
      const { event } = await admit(attestation, 'answer');
      if (event.type !== 'answer') return;
      await seal({ attestation, kind: 'answer' }, await accept(event));
    },

    async cancel(attestation) {
      if (joined && attestation !== null) return hear(attestation, 'cancel');
      const admitted =
        attestation === null
          ? { event: { type: 'cancel', by: 'temporal' } as const }
          : await admit(attestation, 'cancel');
      if (admitted.event.type !== 'cancel') return;
      // Approved, but a freeze holds it back: there is nothing left to decide, and still something to withdraw.
      const held = state.status === 'approved' && !released() && patched(WITHDRAWN_WHILE_FROZEN);
      const effects = held ? [] : await accept(admitted.event);
      await seal(attestation === null ? { decision: 'cancelled' } : { attestation, kind: 'cancel' }, effects);
    },

    async unreachable(people, attested) {
      if (!isOpen()) return;
      await proceed(advance({ type: 'unreachable', people }, Date.now()), attested);
    },

    async closed() {
      // The release was the next step of the workflow that was lost.
      if (resumed && state.status === 'approved') await current.exclusive(release);
      let pause = 1;
      while (!released()) {
        const seen = turns;
        const changed = (): boolean => released() || turns !== seen;
        const wake = isOpen() ? nextWake(state) : state.expiresAt;
        const woken = wake === null || (await condition(changed, Math.max(pause, wake - Date.now())));
        pause = 1;
        if (wake === null) await condition(changed);
        await current.exclusive(async () => {
          if (released()) return;
          if (isOpen() && !woken) {
            await tick();
            if (isOpen() && (nextWake(state) ?? Infinity) <= Date.now()) pause = CLOCKS_MS;
          } else if (state.status === 'approved' && !frozen) await release();
          else if (state.status === 'approved' && !woken) {
            // Approved, but frozen until its time ran out: nothing is released after the approvers' deadline.
            await seal({}, []);
          }
        });
      }
    },
  };
}
