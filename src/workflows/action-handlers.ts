/** What the workflow of an action does with each message from outside. */
import { condition, setHandler } from '@temporalio/workflow';
import type { Action } from '../contract/index.ts';
import type { OutcomeReport, Refusal } from '../engine/types.ts';
import { become, type ActionRun } from './action-run.ts';
import { refOf } from './current-action.ts';
import { local } from './local-activities.ts';
import {
  actionQuery,
  answerUpdate,
  cancelSignal,
  cancelUpdate,
  collectedSignal,
  decideSignal,
  decideUpdate,
  lookSignal,
  outcomeUpdate,
  reconcileUpdate,
  reviewUpdate,
  thawSignal,
  verdictUpdate,
  wakeUpdate,
  type AttestedMessage,
} from './messages.ts';
import type { Parked } from './parked.ts';
import { refusalFailure } from './refusal.ts';

const NOT_PARKED: Refusal = { code: 'not-open', message: 'this action is not waiting for a decision' };

const notOpen = (message: string): Error => refusalFailure({ code: 'not-open', message });

/** Messages that came before are taken in this order, which recorded histories depend on. */
export function setActionHandlers(run: ActionRun): void {
  const validator = (message: AttestedMessage): void => checkAttested(run, message);
  setHandler(actionQuery, () => run.action);
  setHandler(wakeUpdate, () => undefined, {
    validator: () => {
      throw notOpen('the workflow is awake');
    },
  });
  setHandler(verdictUpdate, () => verdict(run));
  setHandler(decideUpdate, (message) => decide(run, message), { validator });
  // A signal has no answer, so one that does not count changes nothing.
  setHandler(decideSignal, async (message) => {
    if (typeof message?.attestation === 'string') await decide(run, message).catch(() => undefined);
  });
  setHandler(answerUpdate, (message) => answer(run, message), { validator });
  setHandler(cancelUpdate, (message) => cancel(run, message));
  setHandler(cancelSignal, async (message) => {
    await cancel(run, message ?? {}).catch(() => undefined);
  });
  setHandler(thawSignal, () => run.judged?.parked?.thaw());
  setHandler(lookSignal, async () => {
    await isJudged(run);
    await look(run);
  });
  setHandler(collectedSignal, () => void (run.collected += 1));
  setHandler(outcomeUpdate, (report) => reportOutcome(run, report));
  setHandler(reconcileUpdate, (message) => reconcile(run, message));
  setHandler(reviewUpdate, (message) => review(run, message));
}

/**
 * Refuses a message without an attestation, or for an action that waits for nobody. Synchronous on purpose: a validator that awaits
 * fails the workflow task for ever (docs/architecture.md, "Why it is so").
 */
function checkAttested({ judged }: ActionRun, message: AttestedMessage): void {
  if (typeof message?.attestation !== 'string') {
    throw refusalFailure({
      code: 'unauthenticated',
      message: 'a decision counts only with the attestation of the gateway',
    });
  }
  if (judged !== null && judged.parked?.isOpen() !== true) throw refusalFailure(NOT_PARKED);
}

/** Waits for the verdict. A step of a plan has one while it waits for its turn. */
const isJudged = (run: ActionRun): Promise<void> => condition(() => run.judged !== null);

async function verdict(run: ActionRun): Promise<Action> {
  await isJudged(run);
  return run.action;
}

/** Takes a message to the supervised override, in its turn. */
async function whenParked(run: ActionRun, work: (parked: Parked) => Promise<void>): Promise<Action> {
  await isJudged(run);
  return run.exclusive(async () => {
    const parked = run.judged?.parked ?? null;
    if (parked === null) throw refusalFailure(NOT_PARKED);
    await work(parked);
    return run.action;
  });
}

function decide(run: ActionRun, { attestation }: AttestedMessage): Promise<Action> {
  return whenParked(run, (parked) => parked.decide(attestation));
}

function answer(run: ActionRun, { attestation }: AttestedMessage): Promise<Action> {
  return whenParked(run, (parked) => parked.answer(attestation));
}

async function cancel(run: ActionRun, message: Partial<AttestedMessage>): Promise<Action> {
  await isJudged(run);
  const attestation = message.attestation ?? null;
  if (run.judged?.isWithdrawable === true && run.action.status === 'released') return withdraw(run, attestation);
  return whenParked(run, (parked) => parked.cancel(attestation));
}

/** Withdraws what was approved and not yet redeemed. */
function withdraw(run: ActionRun, attestation: string | null): Promise<Action> {
  return run.exclusive(async () => {
    if (attestation === null) throw refusalFailure(NOT_PARKED);
    const { sealed } = await local.decide({ action: refOf(run), attestation, kind: 'cancel' });
    if (sealed.refusal !== undefined && sealed.action.status !== 'cancelled') throw refusalFailure(sealed.refusal);
    return become(run, sealed.action);
  });
}

/** Goes on from what was sealed outside the workflow: a step's release in its turn, its withdrawal, its redemption. */
export function look(run: ActionRun): Promise<void> {
  return run.exclusive(async () => {
    const sealed = await local.look({ action: refOf(run) });
    const parked = run.judged?.parked ?? null;
    if (parked === null) run.action = sealed.action;
    else parked.adopt(sealed);
    run.judged?.outbox.changed();
  });
}

async function reportOutcome(run: ActionRun, report: OutcomeReport): Promise<Action> {
  if (!run.asked && run.firstReport === null) {
    run.firstReport = report;
    await isJudged(run);
    if (run.firstReportRefusal !== null) throw refusalFailure(run.firstReportRefusal);
    return run.action;
  }
  await isJudged(run);
  return run.exclusive(async () => {
    const sealed = await local.sealOutcome({ action: refOf(run), outcome: report });
    if ('refusal' in sealed) throw refusalFailure(sealed.refusal);
    const isNew = sealed.updatedAt !== run.action.updatedAt;
    run.action = sealed;
    if (isNew) run.judged?.outbox.changed();
    return run.action;
  });
}

async function reconcile(run: ActionRun, { attestation }: AttestedMessage): Promise<Action> {
  return run.exclusive(async () => {
    const admitted = await local.admit({ action: refOf(run), attestation, kind: 'reconcile' });
    if ('refusal' in admitted) throw refusalFailure(admitted.refusal);
    const { status } = run.action;
    if (!('reconcile' in admitted) || status !== 'unreported') {
      throw notOpen(`only an unreported action is reconciled; this one is ${status}`);
    }
    const sealed = await local.reconcile({ action: refOf(run), attestation });
    if ('refusal' in sealed) throw refusalFailure(sealed.refusal);
    return become(run, sealed);
  });
}

async function review(run: ActionRun, { attestation }: AttestedMessage): Promise<Action> {
  await isJudged(run);
  return run.exclusive(async () => {
    const admitted = await local.admit({ action: refOf(run), attestation, kind: 'review' });
    if ('refusal' in admitted) throw refusalFailure(admitted.refusal);
    const task = run.judged?.review;
    if (!('review' in admitted) || task?.isOpen() !== true) throw notOpen('this action has no open review');
    await task.close(attestation);
    return run.action;
  });
}
