/** Reads a plan from its steps. A plan has no row: its id leads to its steps. */
import { hashOf } from '../../canonical/index.ts';
import { PLAN_STEPS_MAX, type PlanStep } from '../../contract/index.ts';
import type { ActionState } from '../../store/action-state.ts';
import type { EngineDeps } from '../deps.ts';
import { stepIdOf } from '../ids.ts';
import { readLife, readWholeLife, type Life } from '../life.ts';
import { readActionState } from '../seal.ts';
import type { StepStanding } from './moves.ts';
import { rulesIn, wholeOf } from './step.ts';

/** Steps that are read concurrently. */
const LANES = 8;

/** Works on all `items`, a few concurrently. Results keep the order. */
export async function inLanes<T, R>(items: readonly T[], work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const open = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of open) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return results;
}

/** What each step of a plan records of it, by its number, if no row was inserted or changed. */
export type Reviewed = readonly PlanStep[];

/**
 * Steps that were added together record the same. In an open plan, more follow where a step has the next number.
 *
 * @param stepAt what is known of the step with this number
 */
async function reviewedIn(
  first: PlanStep,
  stepAt: (index: number) => Promise<PlanStep | undefined>,
): Promise<PlanStep[]> {
  const reviewed: PlanStep[] = [];
  for (let next: PlanStep | undefined = first; next !== undefined;) {
    const { plan, of }: PlanStep = next;
    if (plan !== first.plan || of > PLAN_STEPS_MAX || of <= reviewed.length) break;
    for (let index = reviewed.length; index < of; index += 1) reviewed.push({ ...next, index });
    next = first.open === true && of < PLAN_STEPS_MAX ? await stepAt(of) : undefined;
  }
  return reviewed;
}

export interface PlanRows {
  reviewed: Reviewed;
  /** In their order; null where there is none. */
  states: (ActionState | null)[];
}

/** The steps' rows. Rows are caches: they can show that nothing is to do, never that something may be done. */
export async function readPlanRows(
  deps: Pick<EngineDeps, 'store'>,
  tenant: string,
  id: string,
): Promise<PlanRows | null> {
  const stepAt = async (index: number): Promise<PlanStep | undefined> =>
    (await readActionState(deps, tenant, stepIdOf(id, index)))?.state.step;
  const first = await stepAt(0);
  if (first === undefined) return null;
  const reviewed = await reviewedIn(first, stepAt);
  const ids = reviewed.map(({ index }) => stepIdOf(id, index));
  const rows = new Map((await deps.store.actions.some(tenant, ids)).map((row) => [row.id, row.view]));
  return { reviewed, states: ids.map((one) => rows.get(one) ?? null) };
}

export interface PlanLives {
  id: string;
  tenant: string;
  /** As the steps that were added last record it. */
  step: PlanStep;
  reviewed: Reviewed;
  /** In their order; null where no verdict is sealed. */
  lives: (Life | null)[];
}

/** Null when its first step is not judged. @throws CountersignError `invalid-evidence` */
export async function readPlanLives(
  deps: Pick<EngineDeps, 'store' | 'signers'>,
  tenant: string,
  id: string,
): Promise<PlanLives | null> {
  const read = new Map<number, Life | null>();
  const lifeAt = async (index: number): Promise<Life | null> => {
    const life = await readWholeLife(deps, tenant, stepIdOf(id, index));
    read.set(index, life);
    return life;
  };
  const stepAt = async (index: number): Promise<PlanStep | undefined> => (await lifeAt(index))?.verdict.step;
  const first = await stepAt(0);
  if (first === undefined) return null;
  const reviewed = await reviewedIn(first, stepAt);
  const lives = await inLanes(reviewed, async ({ index }) => read.get(index) ?? lifeAt(index));
  return { id, tenant, step: reviewed.at(-1) ?? first, reviewed, lives };
}

type StepState = Pick<ActionState, 'action' | 'approval' | 'step'>;

/** The status of a step. An action that is not a step of this plan counts as failed, so that nothing follows from it. */
export function stepStanding(state: StepState | null, { plan, index, of, whole }: PlanStep): StepStanding {
  if (state === null) return 'unjudged';
  const { step, action, approval } = state;
  if (step?.plan !== plan || step.index !== index || step.of !== of || step.whole !== whole) return 'failed';
  switch (action.status) {
    case 'evaluating':
      return 'ready';
    case 'supervised':
      return approval?.status === 'approved' ? 'ready' : 'open';
    case 'released':
      return action.redeemedAt == null ? 'released' : 'begun';
    case 'executed':
      return 'executed';
    case 'refused':
      return action.verdict?.decision === 'supervise' ? 'taken-out' : 'failed';
    default:
      return 'failed';
  }
}

/** @param states of the steps in their order */
export const standingsOf = (reviewed: Reviewed, states: readonly (StepState | null)[]): StepStanding[] =>
  reviewed.map((step, index) => stepStanding(states[index] ?? null, step));

/**
 * Whether these are the steps that were reviewed: the hash over the whole plan fits every request, as it was when each step came, and all have the same rules.
 */
export function isWhole({ tenant, id, reviewed, lives }: PlanLives): boolean {
  const hashes = lives.flatMap((life) => life?.verdict.requestHash ?? []);
  const [first] = reviewed;
  if (first === undefined || hashes.length !== reviewed.length) return false;
  const wholes = new Map<number, string>();
  const wholeUpTo = (of: number): string => {
    const known = wholes.get(of) ?? wholeOf(tenant, id, first, hashes.slice(0, of));
    wholes.set(of, known);
    return known;
  };
  const rules = hashOf(rulesIn(first));
  return reviewed.every((step) => hashOf(rulesIn(step)) === rules && step.whole === wholeUpTo(step.of));
}

/** The status of one step, by its sealed records. */
export async function sealedStanding(
  deps: Pick<EngineDeps, 'store' | 'signers'>,
  tenant: string,
  step: PlanStep,
): Promise<StepStanding> {
  const life = await readLife(deps, tenant, stepIdOf(step.plan, step.index));
  return stepStanding(life?.state ?? null, step);
}
