import {
  ActivityFailure,
  ApplicationFailure,
  allHandlersFinished,
  condition,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Action } from '../contract/index.ts';
import { isSettled } from '../contract/status.ts';
import type { ExecutionActivities, LocalActivities, PlanActivities } from '../activities/types.ts';
import type { ActionRef, Judged, OutcomeReport, Refusal, Resumed, Started } from '../engine/types.ts';
import { openApproval } from '../approval/index.ts';
import { createExclusive } from './exclusive.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { createParked, type Parked } from './parked.ts';
import { createSearchable } from './searchable.ts';
import { createReview, type ReviewTask } from './review.ts';
import {
  actionQuery,
  answerUpdate,
  cancelSignal,
  cancelUpdate,
  decideSignal,
  collectedSignal,
  decideUpdate,
  outcomeUpdate,
  reconcileUpdate,
  reviewUpdate,
  lookSignal,
  thawSignal,
  verdictUpdate,
  wakeUpdate,
  type AttestedMessage,
} from './messages.ts';
import type { EncryptedActionInput, GovernedActionInput, ResumeInput } from '../contract/governed-action.ts';

/** How long the workflow of an unreported action waits for a late report or an owner before it closes. */
const UNSETTLED_MS = 90 * 24 * 3600 * 1000;

const local = proxyLocalActivities<LocalActivities & Pick<PlanActivities, 'resumePlan'>>({
  startToCloseTimeout: '20 seconds',
  // Unlimited retries: if the store or a signer is down, the action waits, and is never decided by that.
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
  localRetryThreshold: '5 seconds',
});

/** Not local: it may take as long as somebody else's system does. It ends by itself when the action is settled, lapsed or unreported. */
const { execute } = proxyActivities<ExecutionActivities>({
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

/** How long a step that waits for its turn believes that nothing was sealed of it. */
const LOST_MS = 3600_000;

/** The engine's clock and Temporal's may differ, so a check is not repeated immediately. */
const LOOK_MIN_MS = 1000;

/** A refusal as the sender of an update sees it; its `type` is the contract's error code. */
function refused(refusal: Refusal): ApplicationFailure {
  return ApplicationFailure.nonRetryable(refusal.message, refusal.code);
}

const NO_INPUT: Refusal = {
  code: 'invalid-request',
  message: 'the workflow was started without its input `{ request, tenant, idempotencyKey, token }`',
};

/** A non-retryable refusal of an activity becomes the workflow's refusal with the same code. Other errors stay unchanged. */
function asRefusal(error: unknown): never {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (cause instanceof ApplicationFailure && cause.nonRetryable === true) {
    throw refused({ code: cause.type ?? 'invalid-request', message: cause.message });
  }
  throw error;
}

const NOT_PARKED: Refusal = { code: 'not-open', message: 'this action is not waiting for a decision' };

type WorkflowInput = GovernedActionInput | EncryptedActionInput | ResumeInput;

interface FirstAnswer {
  judged: Judged;
  reported: Awaited<ReturnType<LocalActivities['sealOutcome']>> | null;
  /** How it stood, where it was taken up from its records. */
  resumed: Resumed | null;
}

/** The verdict, and what became of a report that came with the first task. */
async function firstAnswer(
  input: WorkflowInput,
  names: Started & { workflowId: string },
  report: OutcomeReport | null,
): Promise<FirstAnswer> {
  if ('resume' in input) {
    const action: ActionRef = { tenant: input.tenant, id: names.id };
    const resumed = await local.resume({ action, workflowId: names.workflowId });
    const reported = report === null ? null : await local.sealOutcome({ action, outcome: report });
    return { judged: resumed, reported, resumed };
  }
  const question = { ...input, ...names };
  if (report === null) return { judged: await local.judge(question), reported: null, resumed: null };
  return { ...(await local.judgeAndReport({ ...question, outcome: report })), resumed: null };
}

/**
 * One request to do one thing on one surface, from the request to its sealed outcome.
 *
 * Judge (policy, facts, limits; sealed) → released, refused, or parked until a named human decides → outcome, or `unreported`.
 * Everything that decides is sealed by a local activity before it is answered; a fault anywhere leaves no permit.
 */
export async function governedAction(input: WorkflowInput): Promise<Action> {
  const info = workflowInfo();
  // Whatever its type says: any program can start the workflow.
  if (typeof input !== 'object' || input === null) throw refused(NO_INPUT);
  const createdAt = info.startTime.toISOString();
  const id = `act_${info.workflowId.slice(info.workflowId.lastIndexOf('/') + 1)}`;

  let action: Action = {
    id,
    // Of an encrypted input only the workflow's own name says so; the engine compares the two.
    tenant: 'tenant' in input ? input.tenant : (info.workflowId.split('/')[1] ?? ''),
    status: 'evaluating',
    requestHash: null,
    verdict: null,
    approval: null,
    permit: null,
    records: [],
    createdAt,
    updatedAt: createdAt,
  };
  let parked: Parked | null = null;
  let outbox: Outbox | null = null;
  let review: ReviewTask | null = null;
  const exclusive = createExclusive();
  const searchable = createSearchable();
  /** A step of a plan is judged, and waits for its turn. */
  const judgedYet = (): boolean => action.status !== 'evaluating' || action.verdict !== null;
  /** What is approved can be withdrawn until it is redeemed. */
  let held = false;
  const withdrawn = (): boolean => held && action.status === 'cancelled';
  const settled = (): boolean => isSettled(action.status) || withdrawn();
  const ref = (): ActionRef => ({ tenant: action.tenant, id: action.id });
  /** Whether the verdict has been asked for. */
  let asked = false;
  /** A report that came with the first task: what follows from it is sealed by the same local activity that finds the verdict. */
  let early: OutcomeReport | null = null;
  let earlyRefusal: Refusal | null = null;
  /** Fresh permits that were given. */
  let collected = 0;

  const whenParked = async (work: (open: Parked) => Promise<void>): Promise<Action> => {
    await condition(judgedYet);
    return exclusive(async () => {
      if (parked === null) throw refused(NOT_PARKED);
      await work(parked);
      return action;
    });
  };
  const decide = (message: AttestedMessage): Promise<Action> => whenParked((open) => open.decide(message.attestation));
  const cancel = async (message: Partial<AttestedMessage>): Promise<Action> => {
    await condition(judgedYet);
    if (held && action.status === 'released') return withdraw(message.attestation ?? null);
    return whenParked((open) => open.cancel(message.attestation ?? null));
  };
  const withdraw = (attestation: string | null): Promise<Action> =>
    exclusive(async () => {
      if (attestation === null) throw refused(NOT_PARKED);
      const { sealed } = await local.decide({ action: ref(), attestation, kind: 'cancel' });
      if (sealed.refusal !== undefined && sealed.action.status !== 'cancelled') throw refused(sealed.refusal);
      action = sealed.action;
      outbox?.changed();
      return action;
    });

  // Synchronous on purpose: a validator that awaits fails the workflow task for ever (docs/architecture.md, "Why it is so").
  const attested = (message: AttestedMessage): void => {
    if (typeof message?.attestation !== 'string') {
      throw refused({ code: 'unauthenticated', message: 'a decision counts only with the attestation of the gateway' });
    }
    if (judgedYet() && !parked?.isOpen()) throw refused(NOT_PARKED);
  };

  setHandler(actionQuery, () => action);
  setHandler(wakeUpdate, () => undefined, {
    validator: () => {
      throw refused({ code: 'not-open', message: 'the workflow is awake' });
    },
  });
  setHandler(verdictUpdate, async () => {
    await condition(judgedYet);
    return action;
  });
  setHandler(decideUpdate, decide, { validator: attested });
  setHandler(decideSignal, async (message) => {
    // A signal has no answer, so one that does not count changes nothing.
    if (typeof message?.attestation === 'string') await decide(message).catch(() => undefined);
  });
  setHandler(answerUpdate, (message) => whenParked((open) => open.answer(message.attestation)), {
    validator: attested,
  });
  setHandler(cancelUpdate, cancel);
  setHandler(cancelSignal, async (message) => {
    await cancel(message ?? {}).catch(() => undefined);
  });
  setHandler(thawSignal, () => parked?.thaw());
  /** Goes on from what was sealed outside: a step's release in its turn, its withdrawal, its redemption. */
  const look = (): Promise<void> =>
    exclusive(async () => {
      const sealed = await local.look({ action: ref() });
      if (parked === null) action = sealed.action;
      else parked.adopt(sealed);
      outbox?.changed();
    });
  setHandler(lookSignal, async () => {
    await condition(judgedYet);
    await look();
  });
  setHandler(collectedSignal, () => void (collected += 1));
  setHandler(outcomeUpdate, async (report) => {
    if (!asked && early === null) {
      early = report;
      await condition(judgedYet);
      if (earlyRefusal !== null) throw refused(earlyRefusal);
      return action;
    }
    await condition(judgedYet);
    return exclusive(async () => {
      const sealed = await local.sealOutcome({ action: ref(), outcome: report });
      if ('refusal' in sealed) throw refused(sealed.refusal);
      const changed = sealed.updatedAt !== action.updatedAt;
      action = sealed;
      if (changed) outbox?.changed();
      return action;
    });
  });
  setHandler(reconcileUpdate, async (message) =>
    exclusive(async () => {
      const { attestation } = message;
      const admitted = await local.admit({ action: ref(), attestation, kind: 'reconcile' });
      if ('refusal' in admitted) throw refused(admitted.refusal);
      if (!('reconcile' in admitted) || action.status !== 'unreported') {
        throw refused({
          code: 'not-open',
          message: `only an unreported action is reconciled; this one is ${action.status}`,
        });
      }
      const sealed = await local.reconcile({ action: ref(), attestation });
      if ('refusal' in sealed) throw refused(sealed.refusal);
      action = sealed;
      outbox?.changed();
      return action;
    }),
  );

  setHandler(reviewUpdate, async (message) => {
    await condition(judgedYet);
    return exclusive(async () => {
      const admitted = await local.admit({ action: ref(), attestation: message.attestation, kind: 'review' });
      if ('refusal' in admitted) throw refused(admitted.refusal);
      if (!('review' in admitted) || review?.isOpen() !== true) {
        throw refused({ code: 'not-open', message: 'this action has no open review' });
      }
      await review.close(message.attestation);
      return action;
    });
  });

  /** Looks whether anybody collected and reported, first when the permit has run out; the records say when to look again. */
  const silence = async (firstMs: number): Promise<void> => {
    for (let wait: number | null = firstMs; wait !== null && !settled();) {
      const seen = collected;
      await condition(() => settled() || collected !== seen, wait);
      if (settled()) return;
      wait = collected === seen ? await exclusive(quiet) : firstMs;
    }
  };
  /** Seals what the silence means; milliseconds to the next look, where it is not time, or null. */
  const quiet = async (): Promise<number | null> => {
    if (settled()) return null;
    const sealed = await local.sealOutcome({ action: ref(), outcome: null });
    if ('wakeAt' in sealed) return Math.max(LOOK_MIN_MS, sealed.wakeAt - Date.now());
    if ('refusal' in sealed) return null;
    action = sealed;
    outbox?.changed();
    return null;
  };

  /** Has it executed, and looks what that led to. */
  const carriedOut = async (): Promise<void> => {
    await execute({ action: ref() }).catch(() => undefined);
    await exclusive(quiet);
  };

  asked = true;
  const names = { id, createdAt, workflowId: info.workflowId };
  const { judged, reported, resumed } = await firstAnswer(input, names, early).catch(asRefusal);
  outbox = createOutbox(
    {
      action: () => action,
      approval: () => parked?.state() ?? null,
      unreachable: (people, attested) => void exclusive(async () => parked?.unreachable(people, attested)),
    },
    {
      people: judged.announced,
      quiet: judged.quiet === true,
      callback: judged.callback ?? ('request' in input && typeof input.request?.callback === 'string'),
      hooks: judged.hooks,
      joined: judged.joined === true,
      inTurn: judged.tellsInTurn === true ? exclusive : undefined,
    },
  );
  if (judged.plan !== null) {
    const approval = resumed?.approval ?? openApproval(judged.plan, judged.openedAt);
    parked = createParked(
      { approval, resumed: resumed !== null, joined: judged.joined === true },
      {
        local,
        outbox,
        refused,
        exclusive,
        action: () => action,
        became: (next) => (action = next),
      },
    );
  }
  action = judged.action;
  held = judged.held === true;
  const resumePlan = (): Promise<void> => local.resumePlan({ action: ref() });
  if (judged.planWorkflow !== undefined) {
    outbox.stepOf(judged.planWorkflow, judged.tellsInTurn === true ? () => exclusive(resumePlan) : resumePlan);
  }
  outbox.changed(parked?.opening() ?? []);
  if (reported !== null && 'refusal' in reported) earlyRefusal = reported.refusal;
  else if (reported !== null) {
    action = reported;
    outbox.changed();
  }

  if (judged.review !== null) {
    review = createReview(judged.review, {
      local,
      exclusive,
      refused,
      action: () => action,
      became: (next) => (action = next),
      tell: (event) => outbox?.changed([], event),
    });
  }
  searchable(action.status);
  const reviewed = review?.closed();

  if (parked !== null) await parked.closed();
  const hasTurn = (): boolean => action.status !== 'evaluating';
  while (judged.planWorkflow !== undefined && !hasTurn()) {
    if (!(await condition(hasTurn, LOST_MS))) await look();
  }

  searchable(action.status);
  if (action.status === 'released' && judged.activates) {
    await exclusive(async () => {
      action = await local.publishPolicy({ action: ref() });
      outbox?.changed();
    });
  }
  const executed = action.status === 'released' && judged.executes === true ? carriedOut() : undefined;
  if (action.status === 'released') {
    await silence(Math.min(judged.permitMs ?? judged.outcomeWithinMs, judged.outcomeWithinMs));
    searchable(action.status);
    if (!settled()) await condition(settled, UNSETTLED_MS);
  } else if (resumed !== null && action.status === 'unreported') {
    await condition(settled, UNSETTLED_MS);
  }
  await executed;
  await reviewed;
  await outbox.drained();
  await condition(allHandlersFinished);
  searchable(action.status);
  return action;
}
