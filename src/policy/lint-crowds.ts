/** Rules that ask more people than a record may be able to name: what cannot be sealed is refused, so it is better known before. */
import { DISCLOSED_MAX_BYTES, ENVELOPE_MAX_BYTES, type Actor } from '../contract/index.ts';
import type { CompiledPolicy, CompiledRef } from './compiled.ts';
import type { Resolve } from './cases.ts';
import type { LintFinding } from './lint-finding.ts';

/** An envelope holds its record in base64. */
const RECORD_MAX_BYTES = Math.floor(ENVELOPE_MAX_BYTES / 4) * 3;
/** Bytes that are left for people where policy discloses as much as it may. */
const PEOPLE_MAX_BYTES = RECORD_MAX_BYTES - DISCLOSED_MAX_BYTES;
/** Quotes and a comma. */
const AROUND = 3;

/** @param anybody the actor by whom references are resolved */
export function crowds(policy: CompiledPolicy, resolve: Resolve, anybody: Actor): LintFinding[] {
  return policy.rules.flatMap((rule, index): LintFinding[] => {
    const lists = (rule.approval?.stages ?? []).flatMap((stage) => [stage.approvers, stage.escalate?.to ?? []]);
    const named = (ref: CompiledRef): string[] => (ref.expression === null ? resolve(ref.text, anybody) : []);
    // A record has who each reference means, and who is asked by each stage.
    const references = new Map(lists.flat().map((ref) => [ref.text, named(ref)]));
    const asked = lists.map((refs) => [...new Set(refs.flatMap(named))]);
    const bytes = [...references.values(), ...asked].flat().reduce((sum, id) => sum + id.length + AROUND, 0);
    if (bytes <= PEOPLE_MAX_BYTES) return [];
    const people = new Set(asked.flat()).size;
    return [
      {
        severity: 'warning',
        policy: policy.name,
        place: ['rules', index, 'approval'],
        message: `rule \`${rule.id}\` asks ${people} people, whose ids take ${kib(bytes)} of the ${kib(RECORD_MAX_BYTES)} that a record holds; what does not fit is refused`,
        suggestion: 'ask a smaller group, or a role that fewer people have',
      },
    ];
  });
}

const kib = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;
