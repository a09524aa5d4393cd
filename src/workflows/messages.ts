/**
 * The messages that `governedAction` takes from outside (contract section 4). Every message is one object, so that fields can be
 * added without breaking recorded histories.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Action, OutcomeInput } from '../contract/index.ts';

/** A human's message. Only the gateway's signed attestation counts, and it holds everything that was said. */
export interface AttestedMessage {
  attestation: string;
}

export const actionQuery = defineQuery<Action>('action');
/** Gives a workflow whose first task is delayed that task now. Always refused by its validator: it leaves no event. */
export const wakeUpdate = defineUpdate('wake');
export const verdictUpdate = defineUpdate<Action>('verdict');
export const decideUpdate = defineUpdate<Action, [AttestedMessage]>('decide');
export const decideSignal = defineSignal<[AttestedMessage]>('decide');
/** Withdrawing never releases anything, so the signal needs no attestation; with one, the record names who withdrew. */
export const cancelUpdate = defineUpdate<Action, [Partial<AttestedMessage>]>('cancel');
export const cancelSignal = defineSignal<[Partial<AttestedMessage>?]>('cancel');
/** The permit is the authority; the attestation, when there is one, says which caller reported. */
export const outcomeUpdate = defineUpdate<Action, [OutcomeInput & Partial<AttestedMessage>]>('outcome');
export const reconcileUpdate = defineUpdate<Action, [AttestedMessage]>('reconcile');
/** The requester's answer to a `return`. */
export const answerUpdate = defineUpdate<Action, [AttestedMessage]>('answer');
/** What a reviewer found of a break-glass release. */
export const reviewUpdate = defineUpdate<Action, [AttestedMessage]>('review');
/** A fresh permit was given: its time runs from now. Carries no authority. */
export const collectedSignal = defineSignal('collected');
/** Something was sealed about the action outside its workflow, which then reads it. Carries no authority. */
export const lookSignal = defineSignal('look');
/** A step of the plan changed, so the plan looks whose turn it is. Carries no authority. */
export const steppedSignal = defineSignal('stepped');
/** A freeze was lifted: try the release again. Carries no authority. */
export const thawSignal = defineSignal('thaw');
