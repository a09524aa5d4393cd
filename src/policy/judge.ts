import type { Basis, TraceEntry, VerdictDecision } from '../contract/index.ts';
import { afterAdvice } from './advice.ts';
import { breakGlass } from './break-glass.ts';
import { readChanges } from './changes.ts';
import type { CompiledPolicy, CompiledRule } from './compiled.ts';
import { draftPlan } from './plan.ts';
import { missingFields, policyFrame, readAmounts, type PolicyFrame } from './policy-frame.ts';
import { afterRefusal } from './refusal.ts';
import type { Trial } from './trial.ts';
import type { Opinion } from './opinion.ts';

const SAYS = {
  approve: 'approves',
  constrain: 'approves with changes',
  supervise: 'asks for approval',
  refuse: 'refuses',
} as const;

/** Judges by one policy, by a human's no to the same effect where one stands, and by what its advisers said. */
export function judgeByPolicy(policy: CompiledPolicy, on: Trial): Opinion {
  const opinion = judgeByRules(policy, on);
  const refusal = (on.facts.refusals ?? []).find((one) => one.policy === policy.name);
  return afterAdvice(refusal === undefined ? opinion : afterRefusal(opinion, refusal, on), on);
}

/** Judges by the rules of one policy. It starts with a refusal, which only a rule that matched without doubt replaces. */
function judgeByRules(policy: CompiledPolicy, on: Trial): Opinion {
  const missing = missingFields(policy, on.request);
  if (missing.length > 0) {
    const fields = missing.map((path) => `\`${path}\``).join(', ');
    return refusal(
      on,
      policy,
      'unclear',
      `the request does not say ${fields}, which policy \`${policy.name}\` requires; send it again with it`,
    );
  }
  const bindings = readAmounts(policy, on);
  if (!bindings.ok) return refusal(on, policy, 'unclear', bindings.error);

  const frame = policyFrame(policy, on, bindings.value);
  for (const [index, rule] of policy.rules.entries()) {
    const answer = rule.when.test(frame);
    if (answer.ok && !answer.value) {
      note(on, policy, rule, 'not_matched', null, null);
      continue;
    }
    const opinion = answer.ok ? follow(policy, rule, frame, on) : broken(policy, rule, frame, answer.error);
    note(on, policy, rule, answer.ok ? 'matched' : 'error', opinion.reason, opinion.decision);
    for (const later of policy.rules.slice(index + 1)) note(on, policy, later, 'skipped', null, null);
    return opinion;
  }
  if (frame.exceeded.size === 0)
    return refusal(on, policy, 'silence', `no rule of policy \`${policy.name}\` speaks about this action`);
  const limits = [...frame.exceeded].map((name) => `\`${name}\``).join(', ');
  return refusal(
    on,
    policy,
    'limit',
    `limit ${limits} of policy \`${policy.name}\` leaves no room for this action; ask for less, or later`,
  );
}

/** A refusal without a rule. */
function refusal(on: Trial, policy: CompiledPolicy, basis: Basis, reason: string): Opinion {
  if (on.trace !== null)
    on.trace.push({ policy: policy.name, rule: null, when: null, result: 'error', detail: reason, decision: 'refuse' });
  return {
    policy,
    decision: 'refuse',
    basis,
    rule: null,
    reason,
    changes: null,
    draft: null,
    review: null,
    reservations: [],
  };
}

/** The refusal because a rule's condition could not be evaluated. */
function broken(policy: CompiledPolicy, rule: CompiledRule, frame: PolicyFrame, error: string): Opinion {
  const why = frame.unclear ?? `its condition could not be evaluated: ${error}`;
  return opinionOf(
    policy,
    rule,
    'refuse',
    frame.unclear === null ? 'error' : 'unclear',
    `${called(policy, rule)}: ${why}`,
  );
}

/** Applies the rule that matched. */
function follow(policy: CompiledPolicy, rule: CompiledRule, frame: PolicyFrame, on: Trial): Opinion {
  const reason = rule.because ?? `${called(policy, rule)} ${SAYS[rule.then]}`;
  if (rule.then === 'refuse') {
    const byLimit = frame.exceeded.size > 0 && rule.when.outline.calls.some((call) => call.name === 'limit');
    return opinionOf(policy, rule, 'refuse', byLimit ? 'limit' : 'rule', reason);
  }
  const opinion = opinionOf(policy, rule, rule.then, 'rule', reason);
  if (rule.then === 'constrain') {
    const changes = readChanges(rule.changes, frame);
    if (!changes.ok) return opinionOf(policy, rule, 'refuse', 'error', `${called(policy, rule)}: ${changes.error}`);
    opinion.changes = changes.value;
  }
  opinion.reservations = [...frame.asked.values()];
  if (rule.approval !== null) {
    const glass = breakGlass(policy, frame, on);
    if (glass === null || 'whole' in glass) {
      opinion.draft = draftPlan(rule.approval, frame, on.facts);
      if (glass !== null) {
        opinion.basis = glass.basis;
        opinion.reason = `${reason.replace(/\.$/, '')}; ${glass.whole}`;
      }
    } else {
      const { by, reason: given } = glass.review;
      const said = given === null ? '' : `: “${given}”`;
      opinion.review = glass.review;
      opinion.decision = 'approve';
      opinion.basis = 'break_glass';
      opinion.reason = `emergency: ${by} broke the glass${said}; ${called(policy, rule)} asks for approval otherwise, and it will be reviewed`;
      opinion.reservations.push(...glass.reservations);
    }
  }
  return opinion;
}

function opinionOf(
  policy: CompiledPolicy,
  rule: CompiledRule,
  decision: VerdictDecision,
  basis: Basis,
  reason: string,
): Opinion {
  return { policy, decision, basis, rule, reason, changes: null, draft: null, review: null, reservations: [] };
}

function called(policy: CompiledPolicy, rule: CompiledRule): string {
  return `rule \`${rule.id}\` of policy \`${policy.name}\``;
}

function note(
  on: Trial,
  policy: CompiledPolicy,
  rule: CompiledRule,
  result: TraceEntry['result'],
  detail: string | null,
  decision: VerdictDecision | null,
): void {
  on.trace?.push({ policy: policy.name, rule: rule.id, when: rule.when.text, result, detail, decision });
}
