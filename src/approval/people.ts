/** Who has decided, who still can, and whether they are enough. */
import { includesId, sameId } from '../contract/identifiers.ts';
import type { ApprovalStagePlan } from '../contract/index.ts';
import type { ApprovalDecision, ApprovalState, StageState } from './types.ts';

/** The stage that is open, or was last, beside its plan. */
export function current(state: ApprovalState): { index: number; stage: StageState; plan: ApprovalStagePlan } {
  return at(state, state.stage);
}

export function at(state: ApprovalState, index: number): { index: number; stage: StageState; plan: ApprovalStagePlan } {
  const stage = state.stages[index];
  const plan = state.plan.stages[index];
  // INVARIANT: `stages` mirrors `plan.stages`, and `stage` points into both.
  if (stage === undefined || plan === undefined) throw new Error('an approval names a stage that its plan lacks');
  return { index, stage, plan };
}

export function withStage(state: ApprovalState, index: number, patch: Partial<StageState>): ApprovalState {
  return { ...state, stages: state.stages.map((stage, i) => (i === index ? { ...stage, ...patch } : stage)) };
}

/** Approving and refusing use up a person's only decision. Asking and extending do not. */
const isWord = ({ decision }: ApprovalDecision): boolean => decision === 'approve' || decision === 'refuse';

export const countOf = (stage: StageState, decision: 'approve' | 'refuse'): number =>
  stage.decisions.filter((made) => made.decision === decision).length;

/**
 * The decision that uses up this person for a stage, or null: their own, one they made for somebody, or one made for them. Under four eyes
 * a person decides once in the whole plan, otherwise once in each stage.
 */
export function wordOf(state: ApprovalState, index: number, person: string): ApprovalDecision | null {
  const stages = state.plan.fourEyes ? state.stages : [at(state, index).stage];
  const said = ({ by, delegation }: ApprovalDecision): boolean =>
    sameId(by, person) || (delegation !== null && sameId(delegation.from, person));
  return stages.flatMap(({ decisions }) => decisions).find((made) => isWord(made) && said(made)) ?? null;
}

/** Approvers of a stage who have not decided. */
export const stillAble = (state: ApprovalState, index: number): string[] =>
  at(state, index).stage.approvers.filter((person) => wordOf(state, index, person) === null);

/** Those of them who can be told. */
export const askable = (state: ApprovalState, index: number): string[] =>
  stillAble(state, index).filter((person) => !state.unreachable.includes(person));

/** How many people are missing for the quorum of a stage; 0 when it can be reached. */
export function missing(state: ApprovalState, index: number): number {
  const { stage, plan } = at(state, index);
  return Math.max(0, plan.quorum - countOf(stage, 'approve') - stillAble(state, index).length);
}

/** The requester and those they ask for, in any spelling. */
export const isExcluded = (state: ApprovalState, person: string): boolean => includesId(state.plan.excluded, person);
