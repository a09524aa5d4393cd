/** The activities, as workflows see them. Workflows import these as types only. */
import type { Action, NexusAnswer, NexusAskInput } from '../contract/index.ts';
import type {
  ActionRef,
  AdmitInput,
  Admitted,
  DecideInput,
  Decided,
  Judged,
  JudgeAndReportInput,
  JudgedAndReported,
  NotDue,
  ReconcileInput,
  Refusal,
  Released,
  ReleaseInput,
  ResumeActionInput,
  Resumed,
  SealDecisionInput,
  Sealed,
  SealOutcomeInput,
  SealReviewInput,
  StartedInput,
} from '../engine/types.ts';
import type { PlanInput } from '../contract/governed-action.ts';
import type { Advanced, AdvanceInput } from '../engine/plans/advance.ts';
import type { Swept } from '../engine/resume.ts';
import type { TellPlanInput } from '../notify/tell-plan.ts';
import type { CallbackInput, TellResult, TellInput, WebhookInput } from '../notify/types.ts';

/** Short local activities. They run inside the workflow task, so their results reach the history with it. */
export interface LocalActivities {
  judge(input: StartedInput): Promise<Judged>;
  /** Judges and seals the report in one step, when the report is what woke the workflow. */
  judgeAndReport(input: JudgeAndReportInput): Promise<JudgedAndReported>;
  resume(input: ResumeActionInput): Promise<Resumed>;
  admit(input: AdmitInput): Promise<Admitted>;
  sealDecision(input: SealDecisionInput): Promise<Sealed>;
  decide(input: DecideInput): Promise<Decided>;
  release(input: ReleaseInput): Promise<Released>;
  sealOutcome(input: SealOutcomeInput): Promise<Action | { refusal: Refusal } | NotDue>;
  reconcile(input: ReconcileInput): Promise<Action | { refusal: Refusal }>;
  sealReview(input: SealReviewInput): Promise<Action | { refusal: Refusal }>;
  publishPolicy(input: { action: ActionRef }): Promise<Action>;
  /** The state of the action by its records. */
  look(input: { action: ActionRef }): Promise<Sealed>;
  /** One short try of {@link RemoteActivities.publish}; null where that is to go on with it. */
  publishNow(input: TellInput): Promise<TellResult | null>;
}

/** Activities that call other people's servers. They are retried for a long time. */
export interface RemoteActivities {
  publish(input: TellInput): Promise<TellResult>;
  callback(input: CallbackInput): Promise<void>;
  webhook(input: WebhookInput): Promise<void>;
}

/** Tells people about a plan. */
export interface PlanTelling {
  publishPlan(input: TellPlanInput): Promise<void>;
}

/** Activities of a plan's workflow. Those that seal are local: they run inside a workflow task of the same worker. */
export interface PlanActivities {
  /** Every step started and judged. */
  beginPlan(input: PlanInput): Promise<void>;
  advancePlan(input: AdvanceInput): Promise<Advanced>;
  /** Asked by a step whose plan has no workflow: it is restarted from the records of its steps. */
  resumePlan(input: { action: ActionRef }): Promise<void>;
}

/** Executes through a connector. Anybody who may write to the namespace can schedule it, so it takes an id and no more. */
export interface ExecutionActivities {
  execute(input: { action: ActionRef }): Promise<void>;
}

/** What the `sweep` workflow asks for. */
export interface SweepActivities {
  resumeLost(input: { after: { tenant: string; id: string } | null; limit: number }): Promise<Swept>;
}

/** What the `retention` workflow asks for. */
export interface RetentionActivities {
  eraseDue(input: { limit: number }): Promise<{ found: number; erased: number }>;
}

/** What the `nexusAsk` workflow asks for. Both are retried until there is an answer. */
export interface NexusActivities {
  /** The judged action, for callers that may ask for it. */
  nexusAnswer(input: NexusAskInput): Promise<NexusAnswer>;
  /** The state once it waits for nobody. */
  nexusDecided(input: { action: ActionRef }): Promise<NexusAnswer>;
}
