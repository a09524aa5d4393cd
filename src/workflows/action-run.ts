import { workflowInfo } from '@temporalio/workflow';
import type { Action } from '../contract/index.ts';
import type { EncryptedActionInput, GovernedActionInput, ResumeInput } from '../contract/governed-action.ts';
import { isSettled } from '../contract/status.ts';
import type { OutcomeReport, Refusal } from '../engine/types.ts';
import type { CurrentAction } from './current-action.ts';
import { createExclusive } from './exclusive.ts';
import type { Outbox } from './outbox.ts';
import type { Parked } from './parked.ts';
import type { ReviewTask } from './review.ts';

export type WorkflowInput = GovernedActionInput | EncryptedActionInput | ResumeInput;

/** What the workflow of one action knows while it runs. The workflow and its handlers share this object, and nothing else. */
export interface ActionRun extends CurrentAction {
  /** Null until the verdict is known. */
  judged: JudgedRun | null;
  /** True from the moment that the verdict was asked for. */
  asked: boolean;
  /** A report that came with the first task. The local activity that finds the verdict seals what follows from it. */
  firstReport: OutcomeReport | null;
  /** Why that report does not count. */
  firstReportRefusal: Refusal | null;
  /** How many fresh permits were given. */
  collected: number;
}

/** What there is from the verdict on. */
export interface JudgedRun {
  readonly outbox: Outbox;
  /** The supervised override, where a human must decide. */
  readonly parked: Parked | null;
  /** The look back at a break-glass release. */
  readonly review: ReviewTask | null;
  /** Whether an approved action can be withdrawn until its permit is redeemed. */
  readonly isWithdrawable: boolean;
}

export function createActionRun(input: WorkflowInput): ActionRun {
  const { workflowId, startTime } = workflowInfo();
  const createdAt = startTime.toISOString();
  return {
    action: {
      id: `act_${workflowId.slice(workflowId.lastIndexOf('/') + 1)}`,
      // The tenant of an encrypted input is known by the workflow's name alone; the engine compares the two.
      tenant: 'tenant' in input ? input.tenant : (workflowId.split('/')[1] ?? ''),
      status: 'evaluating',
      requestHash: null,
      verdict: null,
      approval: null,
      permit: null,
      records: [],
      createdAt,
      updatedAt: createdAt,
    },
    exclusive: createExclusive(),
    judged: null,
    asked: false,
    firstReport: null,
    firstReportRefusal: null,
    collected: 0,
  };
}

/** Whether nothing more can become of the action: it has an outcome, or was withdrawn after its release. */
export function isEnded({ action, judged }: ActionRun): boolean {
  return isSettled(action.status) || (judged?.isWithdrawable === true && action.status === 'cancelled');
}

/** Takes a new state of the action, and has it told. */
export function become(run: ActionRun, action: Action): Action {
  run.action = action;
  run.judged?.outbox.changed();
  return action;
}
