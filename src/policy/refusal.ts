/** Applies a human's refusal of the same effect to another request for it. */
import type { RefusalFact } from '../contract/index.ts';
import type { Opinion } from './opinion.ts';
import { resolve } from './people.ts';
import { ASKED_BESIDE, type PlanDraft } from './plan.ts';
import { policyFrame } from './policy-frame.ts';
import type { Trial } from './trial.ts';

/**
 * The opinion while the refusal stands. A refusal by policy keeps its own reason, and a broken glass is answered for in a review.
 */
export function afterRefusal(opinion: Opinion, refusal: RefusalFact, on: Trial): Opinion {
  if (opinion.decision === 'refuse' || opinion.review !== null) return opinion;
  const { by, at, record, until } = refusal;
  const said = `${by} refused the same on ${at} (record ${record})${quoted(refusal.reason)}`;
  if (refusal.ask === undefined) {
    return {
      policy: opinion.policy,
      rule: opinion.rule,
      decision: 'refuse',
      basis: 'refused_before',
      reason: `${said}; asking again in other words does not help before ${until}`,
      changes: null,
      draft: null,
      review: null,
      reservations: [],
    };
  }
  return {
    ...opinion,
    decision: 'supervise',
    reason: askedAgain(opinion.reason, said, refusal.differs),
    draft: askAgain(opinion, refusal.ask, on),
  };
}

/** The refusal and the differences come first, because approvers look at them. Older facts hold no differences. */
function askedAgain(reason: string, said: string, differs: RefusalFact['differs']): string {
  if (differs === undefined) return `${reason.replace(/\.$/, '')}; ${said}, so the same people look first`;
  const changed = differs.map(({ label, was, now }) => `${label} ${now} instead of ${was}`).join(', ');
  return `${said}, so the same people look first (now ${changed || 'as it was then, in all that policy discloses'}); ${reason}`;
}

const quoted = (reason: string | null): string => (reason === null ? '' : `: “${reason}”`);

/** The plan in which one of the people who were asked then is asked first. */
function askAgain({ policy, draft }: Opinion, people: readonly string[], on: Trial): PlanDraft {
  if (draft?.stages[0]?.approvers.some((person) => people.includes(person)) === true) return draft;
  const refs = people.map((person) => ({ text: person, expression: null }));
  const again = resolve(refs, policyFrame(policy, on, on.bindings), on.facts);
  const stage: PlanDraft['stages'][number] = {
    name: 'asked again',
    quorum: 1,
    refusals: 1,
    refs: again.refs,
    approvers: again.people,
    remindMs: null,
    escalate: null,
    assurance: null,
    nobody: again.nobody,
  };
  return draft === null
    ? { approval: ASKED_BESIDE, stages: [stage] }
    : { approval: draft.approval, stages: [stage, ...draft.stages] };
}
