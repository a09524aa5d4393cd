/** A change of policy in words, for its approvers. */
import { canonicalize } from '../canonical/index.ts';
import type { CompiledBundle } from './compiled.ts';
import { describeDuration, parseDuration } from './duration.ts';
import type { Policy, PolicyRule } from './schema.ts';

/** The tier of a rule: what it does with a match. */
export function tierInWords(rule: PolicyRule): string {
  switch (rule.then) {
    case 'approve':
      return 'released at once';
    case 'constrain':
      return `released with ${Object.keys(rule.changes).join(', ')} changed`;
    case 'refuse':
      return 'refused';
    case 'supervise': {
      const stages = rule.approval.stages.map(
        ({ quorum, approvers, assurance }) =>
          `${quorum} of ${approvers.join(', ')}${assurance === undefined ? '' : ' with a passkey'}`,
      );
      return `a yes of ${stages.join(', then ')} within ${durationText(rule.approval.expires)}`;
    }
  }
}

const durationText = (text: string): string => {
  const ms = parseDuration(text);
  return ms === null ? text : describeDuration(ms);
};

/** One line for each rule that is new, removed or changed, and for each policy that differs elsewhere. */
export function changesInWords(before: CompiledBundle, after: CompiledBundle): string[] {
  const sources = ({ policies }: CompiledBundle): Map<string, Policy> =>
    new Map(policies.map(({ name, source }) => [name, source]));
  const [old, now] = [sources(before), sources(after)];
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  return names.flatMap((name) => policyInWords(name, old.get(name), now.get(name)));
}

function policyInWords(name: string, old: Policy | undefined, now: Policy | undefined): string[] {
  if (old === undefined && now === undefined) return [];
  if (canonicalize(old ?? null) === canonicalize(now ?? null)) return [];
  const rules = (policy: Policy | undefined): Map<string, PolicyRule> =>
    new Map(policy?.rules.map((rule) => [rule.id, rule]));
  const [was, is] = [rules(old), rules(now)];
  const lines = [...new Set([...was.keys(), ...is.keys()])].flatMap((id) => {
    const text = ruleInWords(was.get(id), is.get(id));
    return text === null ? [] : [`${name} / ${id}: ${text}`];
  });
  if (old !== undefined && now !== undefined) {
    const others = othersOf(old, now);
    if (others.length > 0) lines.push(`${name}: ${others.join(', ')} differ`);
    if (lines.length === 0) lines.push(`${name}: its rules stand in another order`);
  }
  return lines;
}

function ruleInWords(old: PolicyRule | undefined, now: PolicyRule | undefined): string | null {
  if (old === undefined) return now === undefined ? null : `new: ${tierInWords(now)}, when ${now.when}`;
  if (now === undefined) return `gone: it was ${tierInWords(old)}, when ${old.when}`;
  const [before, after] = [tierInWords(old), tierInWords(now)];
  const parts = [
    ...(before === after ? [] : [`${before} → ${after}`]),
    ...(old.when === now.when ? [] : [`when ${old.when} → when ${now.when}`]),
  ];
  if (parts.length > 0) return parts.join('; ');
  return canonicalize(old) === canonicalize(now) ? null : `${before}, in other details`;
}

/** Every changed part of a policy except its rules. */
function othersOf(old: Policy, now: Policy): string[] {
  const keys = new Set([...Object.keys(old), ...Object.keys(now)]) as Set<keyof Policy>;
  keys.delete('rules');
  return [...keys].filter((key) => canonicalize(old[key] ?? null) !== canonicalize(now[key] ?? null)).sort();
}
