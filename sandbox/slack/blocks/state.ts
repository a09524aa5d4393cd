import { SandboxControlError } from '../errors.ts';
import { asObjects, isObject } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import type { StateValues } from '../types.ts';
import { elementsOf } from './blocks.ts';

/** What a person may type or choose for one element: text, an option's value, a list of values, a date, a user id. */
export type InputValue = string | number | null | string[];

/** Values of several elements: by block or action id, or by both. */
export type InputValues = Record<string, InputValue | Record<string, InputValue>>;

/** Which key of `state.values` an element's value stands under; buttons and overflow menus have no state. */
const KEYS: Record<string, string> = {
  plain_text_input: 'value',
  number_input: 'value',
  email_text_input: 'value',
  url_text_input: 'value',
  static_select: 'selected_option',
  radio_buttons: 'selected_option',
  overflow: 'selected_option',
  multi_static_select: 'selected_options',
  checkboxes: 'selected_options',
  datepicker: 'selected_date',
  timepicker: 'selected_time',
  datetimepicker: 'selected_date_time',
  users_select: 'selected_user',
  multi_users_select: 'selected_users',
  conversations_select: 'selected_conversation',
  channels_select: 'selected_channel',
};

const INITIAL: Record<string, string> = {
  value: 'initial_value',
  selected_option: 'initial_option',
  selected_options: 'initial_options',
  selected_date: 'initial_date',
  selected_time: 'initial_time',
  selected_date_time: 'initial_date_time',
  selected_user: 'initial_user',
  selected_users: 'initial_users',
  selected_conversation: 'initial_conversation',
  selected_channel: 'initial_channel',
};

function keyOf(element: JsonObject): string | undefined {
  return KEYS[String(element['type'])];
}

/** All options of a menu, groups flattened. */
export function optionsOf(element: JsonObject): JsonObject[] {
  const groups = asObjects(element['option_groups']);
  return groups.length > 0 ? groups.flatMap((group) => asObjects(group['options'])) : asObjects(element['options']);
}

/**
 * The state of an element after a person chose `input`.
 * @throws SandboxControlError `option_not_found` for a choice that is not offered, `invalid_value` for another shape.
 */
export function chosen(element: JsonObject, input: InputValue): JsonObject {
  const type = String(element['type']);
  const key = keyOf(element);
  if (!key) throw new SandboxControlError('invalid_value', `a ${type} takes no value`);
  if (key === 'selected_option') return { type, [key]: input === null ? null : pick(element, String(input)) };
  if (key === 'selected_options') return { type, [key]: asList(input).map((value) => pick(element, value)) };
  if (key === 'selected_users') return { type, [key]: asList(input) };
  if (key === 'selected_date_time') return { type, [key]: input === null ? null : Number(input) };
  if (Array.isArray(input)) throw new SandboxControlError('invalid_value', `a ${type} takes one value, not a list`);
  return { type, [key]: input === null || input === '' ? null : String(input) };
}

function asList(input: InputValue): string[] {
  if (input === null) return [];
  return Array.isArray(input) ? input : [String(input)];
}

function pick(element: JsonObject, value: string): JsonObject {
  const option = optionsOf(element).find((entry) => entry['value'] === value);
  if (option) return option;
  throw new SandboxControlError(
    'option_not_found',
    `\`${value}\` is not offered by \`${String(element['action_id'])}\``,
  );
}

/** An element's state before anybody touched it. */
export function untouched(element: JsonObject): JsonObject | undefined {
  const key = keyOf(element);
  if (!key || element['type'] === 'overflow') return undefined;
  const initial = element[INITIAL[key] ?? ''];
  const empty: Json = key.endsWith('s') ? [] : null;
  return { type: String(element['type']), [key]: initial ?? empty };
}

/** `state.values` of `blocks`: what is in `current` for elements that are still there, else their initial values. */
export function stateOf(blocks: JsonObject[], current: StateValues): StateValues {
  const values: StateValues = {};
  for (const block of blocks) {
    for (const element of elementsOf(block)) {
      const blockId = String(block['block_id']);
      const actionId = String(element['action_id']);
      const before = current[blockId]?.[actionId];
      const state = before?.['type'] === element['type'] ? before : untouched(element);
      if (state) (values[blockId] ??= {})[actionId] = state;
    }
  }
  return values;
}

/** Whether a state holds nothing: what an input that is not optional may not be submitted with. */
export function isEmpty(state: JsonObject | undefined): boolean {
  if (!state) return true;
  return Object.entries(state).every(
    ([key, value]) => key === 'type' || value === null || value === '' || (Array.isArray(value) && value.length === 0),
  );
}

/** The element with `actionId` (in `blockId`, if given), and its block. */
export function findElement(
  blocks: JsonObject[],
  actionId: string,
  blockId?: string,
): { block: JsonObject; element: JsonObject } | undefined {
  for (const block of blocks) {
    if (blockId !== undefined && block['block_id'] !== blockId) continue;
    const element = elementsOf(block).find((entry) => isObject(entry) && entry['action_id'] === actionId);
    if (element) return { block, element };
  }
  return undefined;
}
