import { condition, patched, type ApplicationFailure, type LocalActivityInterfaceFor } from '@temporalio/workflow';
import type { Action, ApprovalPlan } from '../contract/index.ts';
import {
  checkEvent,
  nextWake,
  openApproval,
  reduce,
  type ApprovalEffect,
  type ApprovalEvent,
  type ApprovalState,
} from '../approval/index.ts';
import type { LocalActivities } from '../activities/types.ts';
import type { SealDecisionInput, DecisionEvidence, Refusal } from '../engine/types.ts';
import type { Outbox } from './outbox.ts';

/** A supervised override while it lives. Every method that changes it runs inside the workflow's one-at-a-time queue. */
export interface Parked {
  isOpen(): boolean;
  state(): ApprovalState;
  /** What there is to announce when it opens. */
  opening(): ApprovalEffect[];
  decide(attestation: string): Promise<void>;
  answer(attestation: string): Promise<void>;
  /** With no attestation, whoever may write to the namespace withdrew it: that releases nothing. */
  cancel(attestation: string | null): Promise<void>;
  unreachable(people: string[]): Promise<void>;
  thaw(): void;
  /** Resolves when the action was released or ended. */
  closed(): Promise<void>;
}

export interface ParkedDeps {
  local: LocalActivityInterfaceFor<LocalActivities>;
  outbox: Outbox;
  refused(refusal: Refusal): ApplicationFailure;
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  action(): Action;
  became(next: Action): void;
}

/** Before it, an approval under a freeze could not be withdrawn. */
const WITHDRAWN_WHILE_FROZEN = 'withdrawn-while-frozen';

/** Before it, an approval waited for its expiry when the freeze that it met was lifted at that moment. */
const THAWED_MEANWHILE = 'thawed-meanwhile';

const NO_EVIDENCE: DecisionEvidence = {
  slack: null,
  shown: null,
  responsibility: null,
  assurance: null,
  attestation: null,
};

export function createParked(plan: ApprovalPlan, openedAt: number, deps: ParkedDeps): Parked {
  let state = openApproval(plan, openedAt);
  /** Grows with every change of the state or of a freeze, so that the clock is set anew. */
  let turns = 0;
  let frozen = false;
  /** Freezes that were lifted since it opened. */
  let thaws = 0;

  const isOpen = (): boolean => state.status === 'open';
  const released = (): boolean => deps.action().status !== 'supervised';

  /** Takes a message, after everything that was due before it. */
  const accept = async (event: ApprovalEvent): Promise<ApprovalEffect[]> => {
    const due = nextWake(state);
    if (due !== null && due <= Date.now()) await tick();
    const now = Date.now();
    const refusal = checkEvent(state, event, now);
    if (refusal !== null) throw deps.refused(refusal);
    return advance(event, now);
  };
  const advance = (event: ApprovalEvent, now: number): ApprovalEffect[] => {
    const next = reduce(state, event, now);
    state = next.state;
    turns += 1;
    return next.effects;
  };
  const seal = async (
    input: Pick<SealDecisionInput, 'decision' | 'by' | 'via' | 'stage'> & Partial<SealDecisionInput>,
    effects: ApprovalEffect[],
  ): Promise<void> => {
    deps.became(
      await deps.local.sealDecision({
        delegation: null,
        reason: null,
        evidence: NO_EVIDENCE,
        changes: null,
        until: null,
        added: null,
        ...input,
        action: deps.action(),
        approval: state,
      }),
    );
    deps.outbox.changed(effects);
  };
  /** An approval that is complete is released at once, under the bundle then in force; a freeze only delays it. */
  const release = async (): Promise<void> => {
    if (state.status !== 'approved' || released()) return;
    const before = thaws;
    const result = await deps.local.release({
      action: deps.action(),
      basis: 'override',
      changes: state.changes,
      approval: state,
    });
    turns += 1;
    if ('frozen' in result) {
      // Lifted while the release was being refused: nobody will say so again, so it is tried again.
      frozen = thaws === before || !patched(THAWED_MEANWHILE);
      deps.outbox.changed();
      return;
    }
    frozen = false;
    deps.became(result.action);
    deps.outbox.changed();
  };
  const admit = async (attestation: string, kind: 'decide' | 'cancel' | 'answer') => {
    const admitted = await deps.local.admit({ action: deps.action(), attestation, kind });
    if ('refusal' in admitted) throw deps.refused(admitted.refusal);
    if (!('event' in admitted))
      throw deps.refused({ code: 'invalid-request', message: `this is not a ${kind} message` });
    return admitted;
  };
  /** Who was added to decide is sealed before they are asked. */
  const sealEscalation = async (effects: ApprovalEffect[]): Promise<void> => {
    const escalation = effects.find((effect) => effect.type === 'escalate');
    if (escalation?.type !== 'escalate') return;
    await seal(
      {
        decision: 'escalated',
        by: 'countersign',
        via: 'engine',
        stage: escalation.stage,
        reason: escalation.because,
        added: escalation.people,
      },
      [],
    );
  };
  /** What the clock or an unreachable approver brought about. */
  const proceed = async (effects: ApprovalEffect[]): Promise<void> => {
    if (state.status === 'expired') {
      await seal({ decision: 'expired', by: 'countersign', via: 'engine', stage: state.stage }, effects);
      return;
    }
    await sealEscalation(effects);
    if (effects.length > 0) deps.outbox.changed(effects);
  };
  const tick = (): Promise<void> => proceed(advance({ type: 'tick' }, Date.now()));

  return {
    isOpen,
    state: () => state,
    opening: () => [{ type: 'stage-opened', stage: 0 }],
    thaw() {
      thaws += 1;
      if (frozen) turns += 1;
      frozen = false;
    },

    async decide(attestation) {
      const { event, evidence } = await admit(attestation, 'decide');
      if (event.type !== 'decide') return;
      const stage = state.stage;
      const effects = await accept(event);
      await seal(
        {
          decision: event.decision,
          by: event.by,
          via: event.via,
          stage,
          delegation: event.delegation,
          reason: event.reason,
          changes: event.changes,
          until: event.until,
          evidence,
        },
        effects,
      );
      await sealEscalation(effects);
      await release();
    },

    async answer(attestation) {
      const { event, evidence } = await admit(attestation, 'answer');
      if (event.type !== 'answer') return;
      const effects = await accept(event);
      await seal(
        { decision: 'answered', by: event.by, via: 'api', stage: state.stage, reason: event.text, evidence },
        effects,
      );
    },

    async cancel(attestation) {
      const admitted =
        attestation === null
          ? { event: { type: 'cancel', by: 'temporal' } as const, evidence: NO_EVIDENCE }
          : await admit(attestation, 'cancel');
      if (admitted.event.type !== 'cancel') return;
      // Approved, but a freeze holds it back: there is nothing left to decide, and still something to withdraw.
      const held = state.status === 'approved' && !released() && patched(WITHDRAWN_WHILE_FROZEN);
      const effects = held ? [] : await accept(admitted.event);
      await seal(
        {
          decision: 'cancelled',
          by: admitted.event.by,
          via: 'engine',
          stage: state.stage,
          evidence: admitted.evidence,
        },
        effects,
      );
    },

    async unreachable(people) {
      if (!isOpen()) return;
      await proceed(advance({ type: 'unreachable', people }, Date.now()));
    },

    async closed() {
      while (!released()) {
        const seen = turns;
        const changed = (): boolean => released() || turns !== seen;
        const wake = isOpen() ? nextWake(state) : state.expiresAt;
        const woken = wake === null || (await condition(changed, Math.max(1, wake - Date.now())));
        if (wake === null) await condition(changed);
        await deps.exclusive(async () => {
          if (released()) return;
          if (isOpen() && !woken) await tick();
          else if (state.status === 'approved' && !frozen) await release();
          else if (state.status === 'approved' && !woken) {
            // Approved, but frozen until its time ran out: nothing is released after the approvers' deadline.
            await seal({ decision: 'expired', by: 'countersign', via: 'engine', stage: state.stage }, []);
          }
        });
      }
    },
  };
}
