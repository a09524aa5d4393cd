import { patched } from '@temporalio/workflow';
import type { Action } from '../contract/index.ts';
import { checkEvent, nextWake, type ApprovalEffect, type ApprovalEvent } from '../approval/index.ts';
import type { Refusal, Released, Sealed, SealDecisionInput } from '../engine/types.ts';
import { refOf, type CurrentAction } from './current-action.ts';
import { local } from './local-activities.ts';
import type { Outbox } from './outbox.ts';
import type { ParkedState } from './parked-state.ts';
import { refusalFailure } from './refusal.ts';

/** Patch: before it, an approval waited for its expiry when its freeze was lifted during the release. */
const THAWED_MEANWHILE = 'thawed-meanwhile';

/** What a person may say to it. */
type Kind = 'decide' | 'cancel' | 'answer';
type Said<K extends Kind> = Extract<ApprovalEvent, { type: K }>;

/** What can happen to a supervised override, one step after another. Each seals what follows, then continues from what was sealed. */
export class ParkedSteps {
  readonly #state: ParkedState;
  readonly #current: CurrentAction;
  readonly #outbox: Outbox;
  readonly #joined: boolean;

  constructor(state: ParkedState, current: CurrentAction, outbox: Outbox, joined: boolean) {
    this.#state = state;
    this.#current = current;
    this.#outbox = outbox;
    this.#joined = joined;
  }

  /** Released, or ended. */
  get isOver(): boolean {
    return this.#current.action.status !== 'supervised';
  }

  /** Takes a person's message in one step: checks and seals it, and releases the action if that completes it. */
  async hear(attestation: string, kind: Kind): Promise<void> {
    const before = this.#state.thaws;
    const { sealed, released } = await local.decide({ action: refOf(this.#current), attestation, kind });
    const refusal = this.#take(sealed, attestation, sealed.effects);
    if (released !== null) this.#takeRelease(released, () => this.#state.thaws === before);
    if (refusal !== null) throw refusalFailure(refusal);
  }

  /** Reads a person's message, which is then accepted and sealed in separate steps. Histories that are not `joined` do so. */
  async admit<K extends Kind>(attestation: string, kind: K): Promise<Said<K> | null> {
    const admitted = await local.admit({ action: refOf(this.#current), attestation, kind });
    if ('refusal' in admitted) throw refusalFailure(admitted.refusal);
    if (!('event' in admitted))
      throw refusalFailure({ code: 'invalid-request', message: `this is not a ${kind} message` });
    return isOf(admitted.event, kind) ? admitted.event : null;
  }

  /** Applies a message, after everything that was due before it. */
  async accept(event: ApprovalEvent): Promise<ApprovalEffect[]> {
    const due = nextWake(this.#state.approval);
    if (due !== null && due <= Date.now()) await this.tick();
    const now = Date.now();
    const refusal = checkEvent(this.#state.approval, event, now);
    if (refusal !== null) throw refusalFailure(refusal);
    return this.#state.advance(event, now);
  }

  /**
   * Seals what follows from the records and the message. The workflow's own reduction only sets its clock; the activity returns the state
   * of the action. Older histories hold the action alone, and their workflows keep the state themselves.
   */
  async seal(input: Omit<SealDecisionInput, 'action'>, effects: ApprovalEffect[]): Promise<void> {
    const sealed: Sealed | Action = await local.sealDecision({ ...input, action: refOf(this.#current) });
    if (!('effects' in sealed)) {
      this.#current.action = sealed;
      this.#outbox.changed(effects);
      return;
    }
    const refusal = this.#take(sealed, input.attestation, effects);
    if (refusal !== null) throw refusalFailure(refusal);
  }

  /** Seals who was added to decide, before they are asked. */
  async sealEscalation(effects: ApprovalEffect[], unreachable?: string): Promise<void> {
    const escalation = effects.find((effect) => effect.type === 'escalate');
    if (escalation?.type !== 'escalate') return;
    await this.seal(unreachable === undefined ? {} : { unreachable }, []);
  }

  /** Releases a complete approval immediately, under the bundle of that moment. A freeze only delays it. */
  async release(): Promise<void> {
    if (this.#state.approval.status !== 'approved' || this.isOver) return;
    const before = this.#state.thaws;
    const result = await local.release({ action: refOf(this.#current) });
    // The freeze was lifted while the release was being refused. No further signal will come, so the release is tried again.
    this.#takeRelease(result, () => this.#state.thaws === before || !patched(THAWED_MEANWHILE));
  }

  /** Reminders, escalations and the expiry that are due. */
  tick(): Promise<void> {
    return this.proceed(this.#state.advance({ type: 'tick' }, Date.now()));
  }

  /** Handles events of the clock and of unreachable approvers. */
  async proceed(effects: ApprovalEffect[], unreachable?: string): Promise<void> {
    if (this.#state.approval.status === 'expired') {
      await this.seal({}, effects);
      return;
    }
    await this.sealEscalation(effects, unreachable);
    if (effects.length > 0) this.#outbox.changed(effects);
  }

  /** Continues from what was sealed. Returns why the message does not count, or null. */
  #take(sealed: Sealed, attestation: string | undefined, effects: ApprovalEffect[]): Refusal | null {
    const { action, approval, refusal } = sealed;
    // An earlier attempt of this step sealed the message and died before it could answer. That is not a refusal. Older results do not say
    // so; there, `already-decided` for a new message means the same.
    const before = this.#joined ? sealed.repeated === true : refusal?.code === 'already-decided';
    const isNew = attestation !== undefined && this.#state.handle(attestation);
    const repeated = before && isNew;
    if (approval !== null) this.#state.adopt(approval);
    const grew = action.records.length !== this.#current.action.records.length;
    this.#current.action = action;
    if (refusal === undefined || repeated) this.#outbox.changed(effects);
    else if (grew) this.#outbox.changed(sealed.effects);
    return refusal === undefined || repeated ? null : refusal;
  }

  /** @param holds whether the freeze that it met still holds */
  #takeRelease(result: Released, holds: () => boolean): void {
    if ('frozen' in result) {
      this.#state.met({ holds: holds() });
      this.#outbox.changed();
      return;
    }
    this.#state.met(null);
    if (result.approval !== undefined && result.approval !== null) this.#state.adopt(result.approval);
    this.#current.action = result.action;
    this.#outbox.changed();
  }
}

const isOf = <K extends Kind>(event: ApprovalEvent, kind: K): event is Said<K> => event.type === kind;
