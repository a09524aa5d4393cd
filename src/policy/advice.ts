/** Applies the advice of the owner's own reviewers: another stage, or a refusal; never a release. */
import type { ActionRequest, AdviceFact } from '../contract/index.ts';
import type { CompiledBundle } from './compiled.ts';
import type { Opinion } from './opinion.ts';
import { ASKED_BESIDE, draftStage } from './plan.ts';
import { policyFrame } from './policy-frame.ts';
import type { Trial } from './trial.ts';

/** Whom the policies that cover a request ask for advice, by policy. */
export const advisersOf = (bundle: CompiledBundle, { surface }: Pick<ActionRequest, 'surface'>) =>
  bundle.surfaces.covering(surface).flatMap(({ name, advice }) => advice.map(({ ask }) => ({ policy: name, ask })));

/**
 * The opinion after its advice. A refusal by policy keeps its own reason, and a broken glass is answered for in a review. Missing advice
 * changes nothing.
 */
export function afterAdvice(opinion: Opinion, on: Trial): Opinion {
  const { policy } = opinion;
  const given = (on.facts.advice ?? []).filter((one) => one.policy === policy.name);
  if (given.length === 0 || opinion.decision === 'refuse' || opinion.review !== null) return opinion;
  const no = given.find(({ answer }) => answer === 'refuse');
  if (no !== undefined) return against(opinion, no);
  const wanted = given.filter(({ answer }) => answer === 'stage');
  const frame = policyFrame(policy, on, on.bindings);
  const stages = policy.advice
    .filter(({ ask }) => wanted.some((one) => one.ask === ask))
    .flatMap(({ stage }) => (stage === null ? [] : [draftStage(stage, frame, on.facts)]));
  if (stages.length === 0) return opinion;
  const { draft } = opinion;
  const said = wanted.map(({ ask, reason }) => `the adviser \`${ask}\` wants it looked at${quoted(reason)}`).join('; ');
  return {
    ...opinion,
    decision: 'supervise',
    reason: `${opinion.reason.replace(/\.$/, '')}; ${said}`,
    draft: { approval: draft?.approval ?? ASKED_BESIDE, stages: [...(draft?.stages ?? []), ...stages] },
    advised: true,
  };
}

function against({ policy, rule }: Opinion, { ask, reason }: AdviceFact): Opinion {
  return {
    policy,
    rule,
    decision: 'refuse',
    basis: 'rule',
    reason: `the adviser \`${ask}\` advises against it${quoted(reason)}`,
    changes: null,
    draft: null,
    review: null,
    reservations: [],
  };
}

const quoted = (reason: string | null): string => (reason === null ? '' : `: “${reason}”`);
