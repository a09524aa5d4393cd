/**
 * Rules that ask many people. Records name a long list by its number and a hash, so a reader of a single record does not see who was asked;
 * and a request whose record does not fit is refused, so lint warns about both.
 */
import { DISCLOSED_MAX_BYTES, ENVELOPE_MAX_BYTES, type Actor } from '../contract/index.ts';
import { PEOPLE_LEAST, PEOPLE_MAX } from '../sealing/index.ts';
import type { CompiledPolicy, CompiledRef } from './compiled.ts';
import type { Resolve } from './cases.ts';
import type { LintFinding } from './lint-finding.ts';

/** An envelope holds its record in base64. */
const RECORD_MAX_BYTES = Math.floor(ENVELOPE_MAX_BYTES / 4) * 3;
/** Bytes that are left for people where policy discloses as much as it may. */
const PEOPLE_MAX_BYTES = RECORD_MAX_BYTES - DISCLOSED_MAX_BYTES;
/** Quotes and a comma. */
const AROUND = 3;
/** What stands for a list in a record. */
const ENTRY_BYTES = 90;

/** @param anybody the actor by whom references are resolved */
export function crowds(policy: CompiledPolicy, resolve: Resolve, anybody: Actor): LintFinding[] {
  return policy.rules.flatMap((rule, index): LintFinding[] => {
    const stages = (rule.approval?.stages ?? []).flatMap((stage) => [stage.approvers, stage.escalate?.to ?? []]);
    const named = (ref: CompiledRef): string[] => (ref.expression === null ? resolve(ref.text, anybody) : []);
    // A record lists the people of each reference, and those of each stage.
    const references = new Map(stages.flat().map((ref) => [ref.text, named(ref)]));
    const asked = stages.map((refs) => [...new Set(refs.flatMap(named))]);
    const lists = [...references.values(), ...asked];
    const people = new Set(asked.flat()).size;
    const finding = (message: string): LintFinding => ({
      severity: 'warning',
      policy: policy.name,
      place: ['rules', index, 'approval'],
      message: `rule \`${rule.id}\` asks ${people} people${message}`,
      suggestion: 'ask a smaller group, or a role that fewer people have',
    });
    const least = lists.reduce((sum, list) => sum + bytesOf(list), 0);
    if (least > PEOPLE_MAX_BYTES)
      return [
        finding(
          `, whose lists take ${kib(least)} of the ${kib(RECORD_MAX_BYTES)} that a record holds; what does not fit is refused`,
        ),
      ];
    if (lists.every((list) => list.length <= PEOPLE_MAX)) return [];
    return [
      finding(`: records name more than ${PEOPLE_MAX} by their number and a hash, and the list is kept beside them`),
    ];
  });
}

/** Bytes of a list in a record that is nearly full. */
const bytesOf = (people: readonly string[]): number =>
  people.length > PEOPLE_LEAST ? ENTRY_BYTES : people.reduce((sum, id) => sum + id.length + AROUND, 0);

const kib = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;
