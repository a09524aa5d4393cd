/** Reads a plan from its steps. A plan has no row: its id leads to its steps. */
import type { PlanStep } from '../../contract/index.ts';
import type { ActionState } from '../../store/action-state.ts';
import type { EngineDeps } from '../deps.ts';
import { stepIdOf } from '../ids.ts';
import { readLife, readWholeLife, type Life } from '../life.ts';
import { readActionState } from '../seal.ts';
import type { StepStanding } from './moves.ts';
import { wholeOf } from './step.ts';

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

export interface PlanRows {
  step: PlanStep;
  /** In their order; null where there is none. */
  states: (ActionState | null)[];
}

/** The steps' rows. Rows are caches: they can show that nothing is to do, never that something may be done. */
export async function readPlanRows(
  deps: Pick<EngineDeps, 'store'>,
  tenant: string,
  id: string,
): Promise<PlanRows | null> {
  const step = (await readActionState(deps, tenant, stepIdOf(id, 0)))?.state.step;
  if (step === undefined) return null;
  const ids = Array.from({ length: step.of }, (_, index) => stepIdOf(id, index));
  const rows = new Map((await deps.store.actions.some(tenant, ids)).map((row) => [row.id, row.view]));
  return { step, states: ids.map((one) => rows.get(one) ?? null) };
}

export interface PlanLives {
  id: string;
  tenant: string;
  /** As the first step says it. */
  step: PlanStep;
  /** In their order; null where no verdict is sealed. */
  lives: (Life | null)[];
}

/** Null when its first step is not judged. @throws CountersignError `invalid-evidence` */
export async function readPlanLives(
  deps: Pick<EngineDeps, 'store' | 'signers'>,
  tenant: string,
  id: string,
): Promise<PlanLives | null> {
  const first = await readWholeLife(deps, tenant, stepIdOf(id, 0));
  const step = first?.verdict.step;
  if (first === null || step === undefined) return null;
  const rest = Array.from({ length: step.of - 1 }, (_, at) => at + 1);
  const lives = await inLanes(rest, (index) => readWholeLife(deps, tenant, stepIdOf(id, index)));
  return { id, tenant, step, lives: [first, ...lives] };
}

type StepState = Pick<ActionState, 'action' | 'approval' | 'step'>;

/** The status of a step. An action that is no step of this plan counts as failed, so that nothing follows from it. */
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

export const standingsOf = ({ step, states }: PlanRows): StepStanding[] =>
  states.map((state, index) => stepStanding(state, { ...step, index }));

/** Whether these are the steps that were reviewed: the hash over the whole plan fits every request. */
export function isWhole({ tenant, id, step, lives }: PlanLives): boolean {
  const hashes = lives.flatMap((life) => life?.verdict.requestHash ?? []);
  return hashes.length === step.of && wholeOf(tenant, id, step, hashes) === step.whole;
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
