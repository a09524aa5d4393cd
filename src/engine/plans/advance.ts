/** Advances a plan: releases the step whose turn it is, and withdraws the rest of a broken plan. */
import { isRefused, type Action } from '../../contract/index.ts';
import type { EngineDeps } from '../deps.ts';
import { stepIdOf } from '../ids.ts';
import { releaseStep } from '../release.ts';
import { isOver, nextMoves } from './moves.ts';
import {
  inLanes,
  isWhole,
  readPlanLives,
  readPlanRows,
  sealedStanding,
  standingsOf,
  type PlanRows,
  type Reviewed,
} from './read.ts';
import { withdrawStep } from './withdraw.ts';

export type AdvanceDeps = Pick<
  EngineDeps,
  'store' | 'register' | 'sequencer' | 'signers' | 'hub' | 'now' | 'bundles' | 'directory' | 'oncall' | 'issuer'
>;

export interface Advanced {
  /** Ids of the changed steps, so that their workflows look. */
  changed: string[];
  /** A freeze held a step back: look again soon. */
  held: boolean;
  /** Nothing more can follow. */
  over: boolean;
}

export interface AdvanceInput {
  tenant: string;
  plan: string;
  /** The plan can no longer be reviewed as a whole, because some steps will never be judged. */
  abandoned?: boolean;
}

/** Rows that never agree with the records were edited. They can only delay a plan. */
const ROUNDS_MAX = 110;

/**
 * Rows say whether there is anything to do, sealed records whether it may be done. It can be repeated, and can run concurrently in several
 * processes, because each release and withdrawal is the next record of its action, which is sealed once.
 */
export async function advancePlan(
  deps: AdvanceDeps,
  { tenant, plan, abandoned = false }: AdvanceInput,
): Promise<Advanced> {
  const changed = new Set<string>();
  const answer = (more: Partial<Advanced> = {}): Advanced => ({
    changed: [...changed],
    held: false,
    over: false,
    ...more,
  });
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const rows = await readPlanRows(deps, tenant, plan);
    if (rows === null) return answer({ over: abandoned });
    const { reviewed, states } = rows;
    const [rules] = reviewed;
    if (rules === undefined) return answer({ over: abandoned });
    const standings = standingsOf(reviewed, states).map((one) => (abandoned && one === 'unjudged' ? 'failed' : one));
    const { release, withdraw, because } = nextMoves(rules, standings);
    const withdrawAll = async (steps: readonly number[], reason: string): Promise<void> => {
      await inLanes(steps, (index) => withdrawStep(deps, tenant, stepIdOf(plan, index), { reason, said: null }));
      for (const index of steps) changed.add(stepIdOf(plan, index));
    };
    if (withdraw.length > 0) {
      await withdrawAll(withdraw, brokenBy(rows, because));
      continue;
    }
    if (release.length === 0) return answer({ over: isOver(standings) });
    const may = await mayRelease(deps, tenant, reviewed, release);
    if (may === 'not-yet') return answer({ held: true });
    if (may === 'differs') {
      await withdrawAll(release, 'its plan is not the one that was reviewed');
      continue;
    }
    const results = await inLanes(release, (index) => releaseStep(deps, tenant, stepIdOf(plan, index)));
    for (const result of results) if ('action' in result) changed.add(result.action.id);
    if (results.some((result) => 'frozen' in result)) return answer({ held: true });
    // Policy may now refuse a step, which can break the plan.
    if (!results.some((result) => 'action' in result && isRefused(result.action.status))) return answer();
  }
  return answer({ held: true });
}

/**
 * Whether the sealed records release these steps, whatever rows say. In a sequence an executed step vouches for the plan of the next one.
 * The first step reads the whole plan, and so does the first of the steps that joined it later.
 */
async function mayRelease(
  deps: AdvanceDeps,
  tenant: string,
  reviewed: Reviewed,
  release: readonly number[],
): Promise<'now' | 'not-yet' | 'differs'> {
  const step = reviewed[release[0] ?? 0];
  if (step === undefined) return 'not-yet';
  const passed = step.onFailure === 'continue' ? ['taken-out', 'failed'] : ['taken-out'];
  if (step.order === 'sequence') {
    if ((await sealedStanding(deps, tenant, step)) !== 'ready') return 'not-yet';
    for (const before of reviewed.slice(0, step.index).toReversed()) {
      const standing = await sealedStanding(deps, tenant, before);
      if (standing === 'executed' && before.whole === step.whole) return 'now';
      if (standing === 'executed') break;
      if (!passed.includes(standing)) return 'not-yet';
    }
  }
  const lives = await readPlanLives(deps, tenant, step.plan);
  if (lives === null) return 'not-yet';
  if (!isWhole(lives)) return 'differs';
  const states = lives.lives.map((life) => life?.state ?? null);
  const { release: sealed } = nextMoves(lives.step, standingsOf(lives.reviewed, states));
  return release.every((index) => sealed.includes(index)) ? 'now' : 'not-yet';
}

/** Why the others are withdrawn, in words. */
function brokenBy({ states }: PlanRows, because: number | null): string {
  if (because === null) return 'its plan does not go on';
  const state = states[because] ?? null;
  const how = state === null ? 'was not judged' : (ENDED[state.action.status] ?? 'is not the one that was reviewed');
  return `step ${because + 1} of its plan ${how}`;
}

const ENDED: Partial<Record<Action['status'], string>> = {
  refused: 'was refused by policy',
  failed: 'failed',
  skipped: 'was skipped',
  unreported: 'was begun and not reported',
  lapsed: 'was not collected in time',
  expired: 'was not approved in time',
  cancelled: 'was withdrawn',
};
