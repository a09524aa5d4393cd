/** What an approver changed in a card, as the engine takes it. */
import type { JsonObject } from '../contract/index.ts';
import type { ApprovalMessage } from '../notify/approval-message.ts';
import { changedValue } from '../slack/changes.ts';
import { inputOf, type Execute } from './activity.ts';
import { CARD_INPUTS, CARD_CHANGES_MAX } from './card/index.ts';

/**
 * The values that changed; undefined when there are none.
 *
 * @throws CountersignError `invalid-request` for text that is not a number
 */
export function cardChangesOf(message: ApprovalMessage, execute: Execute): JsonObject | undefined {
  const changes: JsonObject = {};
  message.controls.mayChange.slice(0, CARD_CHANGES_MAX).forEach((changeable, index) => {
    const field = CARD_INPUTS.change(index);
    const value = changedValue(changeable, inputOf(execute, field) ?? '', field);
    if (value !== undefined) changes[changeable.path] = value;
  });
  return Object.keys(changes).length === 0 ? undefined : changes;
}
