/** The message about a plan, from the states of its steps. */
import { EFFECT_KINDS, RESPONSIBILITY } from '../contract/index.ts';
import { stepStanding, type PlanLives } from '../engine/plans/read.ts';
import { inClear } from '../store/action-state.ts';
import type { PlanMessage, PlanMessageStep } from './plan-message.ts';
import { showStep, type ShowDeps } from './show.ts';

/** Null until every step is judged, because nobody is asked before. */
export async function showPlan(
  deps: ShowDeps,
  { id, tenant, step, reviewed, lives }: PlanLives,
): Promise<PlanMessage | null> {
  const steps: PlanMessageStep[] = [];
  for (const one of reviewed) {
    const { index } = one;
    const life = lives[index] ?? null;
    if (life === null) return null;
    const standing = stepStanding(life.state, one);
    if (standing === 'unjudged') return null;
    steps.push({ index, standing, message: await showStep(deps, inClear(life.state)) });
  }
  const open = steps.filter(({ standing }) => standing === 'open').map(({ message }) => message);
  const all = (of: (message: PlanMessageStep['message']) => readonly string[]): string[] => [
    ...new Set((open.length > 0 ? open : steps.map(({ message }) => message)).flatMap((message) => [...of(message)])),
  ];
  const effects = steps.map(({ message }) => message.effect);
  return {
    tenant,
    plan: id,
    revision: steps.reduce((sum, { message }) => sum + message.revision, 0),
    title: step.title,
    order: step.order,
    onFailure: step.onFailure,
    effect: EFFECT_KINDS.findLast((kind) => effects.includes(kind)) ?? null,
    steps,
    ask: open.length > 0 ? 'decision' : null,
    expiresAt: open.reduce<number | null>(
      (first, { expiresAt }) => (expiresAt === null ? first : Math.min(first ?? expiresAt, expiresAt)),
      null,
    ),
    responsibility: RESPONSIBILITY,
    consoleUrl: steps[0]?.message.consoleUrl ?? null,
    audience: {
      channels: all(({ audience }) => audience.channels),
      people: all(({ audience }) => audience.people),
      asked: all(({ audience }) => audience.asked ?? []),
    },
  };
}
