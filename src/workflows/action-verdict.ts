/** The verdict of one action: asked for once, and what its workflow consists of from then on. */
import { workflowInfo } from '@temporalio/workflow';
import { openApproval } from '../approval/index.ts';
import type { LocalActivities } from '../activities/types.ts';
import type { Judged, Resumed } from '../engine/types.ts';
import type { ActionRun, JudgedRun, WorkflowInput } from './action-run.ts';
import { refOf } from './current-action.ts';
import { local } from './local-activities.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { createParked, type Parked } from './parked.ts';
import { createReview } from './review.ts';

export interface FirstAnswer {
  judged: Judged;
  reported: Awaited<ReturnType<LocalActivities['sealOutcome']>> | null;
  /** The state by the records, where the action was resumed from them. */
  resumed: Resumed | null;
}

/** Asks for the verdict, and for what follows from a report that came with the first task. */
export async function askForVerdict(input: WorkflowInput, run: ActionRun): Promise<FirstAnswer> {
  run.asked = true;
  const { workflowId } = workflowInfo();
  const { firstReport: report } = run;
  if ('resume' in input) {
    const resumed = await local.resume({ action: refOf(run), workflowId });
    const reported = report === null ? null : await local.sealOutcome({ action: refOf(run), outcome: report });
    return { judged: resumed, reported, resumed };
  }
  const question = { ...input, id: run.action.id, createdAt: run.action.createdAt, workflowId };
  if (report === null) return { judged: await local.judge(question), reported: null, resumed: null };
  return { ...(await local.judgeAndReport({ ...question, outcome: report })), resumed: null };
}

/** Goes on from the verdict: people are told, an override opens, a review begins. */
export function takeVerdict(input: WorkflowInput, run: ActionRun, answer: FirstAnswer): JudgedRun {
  const { judged, reported } = answer;
  const outbox = outboxOf(input, run, judged);
  const parked = parkedOf(run, outbox, answer);
  run.action = judged.action;
  const review = judged.review === null ? null : createReview(judged.review, run, outbox);
  run.judged = { outbox, parked, review, isWithdrawable: judged.held === true };

  const resumePlan = (): Promise<void> => local.resumePlan({ action: refOf(run) });
  if (judged.planWorkflow !== undefined) {
    outbox.stepOf(judged.planWorkflow, judged.tellsInTurn === true ? () => run.exclusive(resumePlan) : resumePlan);
  }
  outbox.changed(parked?.opening() ?? []);
  if (reported !== null && 'refusal' in reported) run.firstReportRefusal = reported.refusal;
  else if (reported !== null) {
    run.action = reported;
    outbox.changed();
  }
  return run.judged;
}

function outboxOf(input: WorkflowInput, run: ActionRun, judged: Judged): Outbox {
  const parked = (): Parked | null => run.judged?.parked ?? null;
  return createOutbox(
    {
      action: () => run.action,
      approval: () => parked()?.state() ?? null,
      unreachable: (people, attested) => void run.exclusive(async () => parked()?.unreachable(people, attested)),
    },
    {
      people: judged.announced,
      quiet: judged.quiet === true,
      callback: judged.callback ?? ('request' in input && typeof input.request?.callback === 'string'),
      endpoints: judged.hooks,
      joined: judged.joined === true,
      inTurn: judged.tellsInTurn === true ? run.exclusive : undefined,
    },
  );
}

function parkedOf(run: ActionRun, outbox: Outbox, { judged, resumed }: FirstAnswer): Parked | null {
  if (judged.plan === null) return null;
  const approval = resumed?.approval ?? openApproval(judged.plan, judged.openedAt);
  return createParked({ approval, resumed: resumed !== null, joined: judged.joined === true }, run, outbox);
}
