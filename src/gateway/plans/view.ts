/** A plan as its callers see it: its status, policy's verdict on the whole, and each step. */
import { addDecimals, formatDecimal, parseSum, type Decimal } from '../../canonical/index.ts';
import { EFFECT_KINDS, VERDICT_DECISIONS, type Action, type EffectKind, type Status } from '../../contract/index.ts';
import type { PlanStatus, PlanView } from '../../contract/views/index.ts';
import { isOver } from '../../engine/plans/moves.ts';
import { standingsOf, type PlanLives } from '../../engine/plans/read.ts';
import type { Life } from '../../engine/life.ts';
import type { LimitShare } from '../../register/index.ts';

/** The status of a plan in which nothing was executed: the first of these that any step has. */
const ENDINGS: readonly Status[] = ['failed', 'unreported', 'refused', 'skipped', 'lapsed', 'expired', 'cancelled'];

/** The status of a plan, from the statuses of its steps. */
export function planStatus(plan: PlanLives): PlanStatus {
  const states = plan.lives.map((life) => life?.state ?? null);
  const standings = standingsOf(plan.reviewed, states);
  const statuses = states.flatMap((state) => state?.action.status ?? []);
  if (standings.includes('open')) return 'supervised';
  if (!isOver(standings))
    return plan.lives.some((life) => life !== null && life.release !== null) ? 'released' : 'evaluating';
  if (statuses.every((status) => status === 'executed')) return 'executed';
  if (statuses.includes('executed')) return 'partial';
  return ENDINGS.find((status) => statuses.includes(status)) ?? 'refused';
}

/** @param shares what a step takes of limits, by its sealed verdict */
export function planView(
  plan: PlanLives,
  seen: (life: Life) => Action,
  shares: (life: Life) => readonly LimitShare[],
): PlanView {
  const { id, tenant, step } = plan;
  const lives = plan.lives.flatMap((life) => life ?? []);
  const { title, order, onFailure, whole, of } = step;
  return {
    id,
    tenant,
    status: planStatus(plan),
    title,
    order,
    onFailure,
    open: step.open === true,
    whole,
    verdict: lives.length === of ? verdictOf(lives, shares) : null,
    steps: lives.map((life) => ({
      ...seen(life),
      index: life.verdict.step?.index ?? 0,
      surface: life.state.surface,
      action: life.state.verb,
      effect: life.state.effect ?? null,
      asked: life.verdict.verdict.decision,
    })),
    of,
    createdAt: lives[0]?.state.action.createdAt ?? '',
    updatedAt: lives.map(({ state }) => state.action.updatedAt).reduce((a, b) => (a > b ? a : b), ''),
  };
}

function verdictOf(
  lives: readonly Life[],
  shares: (life: Life) => readonly LimitShare[],
): NonNullable<PlanView['verdict']> {
  const verdicts = lives.map(({ verdict }) => verdict.verdict);
  const strict = VERDICT_DECISIONS.findLast((one) => verdicts.some(({ decision }) => decision === one)) ?? 'refuse';
  const first = verdicts.find(({ decision }) => decision === strict);
  const count = (decision: string): number => verdicts.filter((one) => one.decision === decision).length;
  const reasons = verdicts.flatMap((one, index) =>
    one.decision === strict && strict !== 'approve' ? one.reasons.map((reason) => `step ${index + 1}: ${reason}`) : [],
  );
  return {
    decision: strict,
    basis: first?.basis ?? 'error',
    effect: worstEffect(lives),
    approve: count('approve') + count('constrain'),
    supervise: count('supervise'),
    refuse: count('refuse'),
    limits: sums(lives, shares),
    reasons,
  };
}

function worstEffect(lives: readonly Life[]): EffectKind | null {
  const kinds = lives.map(({ state }) => state.effect ?? null);
  return EFFECT_KINDS.findLast((kind) => kinds.includes(kind)) ?? null;
}

/** What all steps take of each limit together, and what was left of it after the last of them. */
function sums(
  lives: readonly Life[],
  shares: (life: Life) => readonly LimitShare[],
): NonNullable<PlanView['verdict']>['limits'] {
  const bySlot = new Map<string, { limit: string; sum: Decimal; left: string; max: string }>();
  for (const life of lives) {
    const taken = shares(life);
    for (const [i, { label, left, max }] of life.state.limits.entries()) {
      const share = taken[i];
      if (share === undefined) continue;
      const before = bySlot.get(share.slot)?.sum ?? parseSum('0');
      bySlot.set(share.slot, { limit: label, sum: addDecimals(before, parseSum(share.amount)), left, max });
    }
  }
  return [...bySlot.values()].map(({ sum, ...rest }) => ({ ...rest, sum: formatDecimal(sum) }));
}
