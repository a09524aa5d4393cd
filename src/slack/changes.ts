/** What an approver changed in a form, as the engine takes it. */
import { CountersignError, type JsonObject } from '../contract/index.ts';
import { INPUTS, MAX_CHANGES, type ApprovalMessage, type MessageChangeable } from './blocks/index.ts';
import type { Submission } from './origin.ts';

/** An amount has at most this many significant digits (contract section 2): more would not survive being a number. */
const DIGITS = 15;

/**
 * The fields that have a new value; undefined when there are none.
 *
 * @throws CountersignError `invalid-request` for text that is not a number; `extensions.field` names the input.
 */
export function changesOf(message: ApprovalMessage, { fields }: Submission): JsonObject | undefined {
  const changes: JsonObject = {};
  message.controls.mayChange.slice(0, MAX_CHANGES).forEach((changeable, index) => {
    const field = INPUTS.change(index);
    const value = changedValue(changeable, fields[field]?.value?.trim() ?? '', field);
    if (value !== undefined) changes[changeable.path] = value;
  });
  return Object.keys(changes).length === 0 ? undefined : changes;
}

/** The typed value, if it differs from the old one; otherwise undefined. @throws as {@link changesOf} */
export function changedValue(changeable: MessageChangeable, typed: string, field: string): string | number | undefined {
  if (typed === '' || typed === changeable.value) return undefined;
  const value = valueOf(changeable, typed, field);
  return String(value) === changeable.value ? undefined : value;
}

function valueOf({ kind }: MessageChangeable, typed: string, field: string): string | number {
  if (kind === 'text') return typed;
  const number = /^-?\d+(\.\d+)?$/.test(typed);
  const digits = typed.replace(/^-?0*|\./g, '').length;
  if (!number || digits > DIGITS) {
    throw new CountersignError('invalid-request', `give a number of at most ${DIGITS} digits, such as 300.50`, {
      extensions: { field },
    });
  }
  return kind === 'decimal' ? typed : Number(typed);
}
