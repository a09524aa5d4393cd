import type { Facts } from '../contract/index.ts';
import type { CompiledPolicy, CompiledRef } from './compiled.ts';
import type { Frame } from './conditions/index.ts';
import { REFERENCE_PATTERN } from './schema.ts';

/** The most references one expression may yield. */
const REFERENCES_MAX = 32;

/** Plain references: as written, or as an expression yields them for the request. A sentence if it yields none. */
export function plainReferences(ref: CompiledRef, frame: Frame): string[] | { error: string } {
  if (ref.expression === null) return [ref.text];
  const answer = ref.expression.read(frame);
  if (!answer.ok) return { error: answer.error };
  const list = Array.isArray(answer.value) ? answer.value : [answer.value];
  const plain = list.filter(
    (item) => typeof item === 'string' && !item.startsWith('=') && REFERENCE_PATTERN.test(item),
  );
  if (plain.length !== list.length || list.length === 0 || list.length > REFERENCES_MAX) {
    return { error: 'it does not yield references such as `role:duty-manager`' };
  }
  return plain as string[];
}

/** All references of a policy that could be asked for. */
export function policyReferences(policy: CompiledPolicy): CompiledRef[] {
  const refs = policy.rules.flatMap((rule) =>
    (rule.approval?.stages ?? []).flatMap((stage) => [...stage.approvers, ...(stage.escalate?.to ?? [])]),
  );
  refs.push(...policy.advice.flatMap(({ stage }) => [...(stage?.approvers ?? []), ...(stage?.escalate?.to ?? [])]));
  return policy.breakGlass === null ? refs : [...refs, ...policy.breakGlass.allow, ...policy.breakGlass.review];
}

/** People that references resolved to, sorted, each once; references that expressions yielded are in `refs`. */
export interface Resolved {
  refs: string[];
  people: string[];
  /** References that resolve to nobody, and expressions that failed. */
  nobody: string[];
}

/** Resolves references by the facts. A person who is not in the facts does not exist. */
export function resolve(refs: readonly CompiledRef[], frame: Frame, facts: Facts): Resolved {
  const plain: string[] = [];
  const nobody: string[] = [];
  for (const ref of refs) {
    const plainPeople = plainReferences(ref, frame);
    if (Array.isArray(plainPeople)) plain.push(...plainPeople);
    else nobody.push(`${ref.text} (${plainPeople.error})`);
  }
  const people = new Set<string>();
  for (const ref of plain) {
    const members = Object.hasOwn(facts.people, ref) ? (facts.people[ref] ?? []) : [];
    if (members.length === 0) nobody.push(ref);
    for (const person of members) people.add(person);
  }
  return { refs: plain, people: [...people].sort(), nobody };
}
