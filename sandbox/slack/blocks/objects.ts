import { isObject } from '../json.ts';
import { all, boolean, list, matching, object, oneOf, optional, required, text, typed, url } from './check.ts';
import type { Check, Field } from './check.ts';

/** Composition objects, with the limits of docs.slack.dev/reference/block-kit/composition-objects. */

/** `plain_text` of at most `max` characters. */
export function plainText(max: number, min = 1): Check {
  return typed({
    plain_text: object({
      type: required(oneOf('plain_text')),
      text: required(text(max, min)),
      emoji: optional(boolean),
    }),
  });
}

/** `plain_text` or `mrkdwn` of at most `max` characters. */
export function anyText(max: number): Check {
  return typed({
    plain_text: plainText(max),
    mrkdwn: object({ type: required(oneOf('mrkdwn')), text: required(text(max)), verbatim: optional(boolean) }),
  });
}

export const actionId: Field = optional(text(255));
export const blockId: Field = optional(text(255));
export const placeholder: Field = optional(plainText(150));

export const confirm: Field = optional(
  object({
    title: required(plainText(100)),
    text: required(anyText(300)),
    confirm: required(plainText(30)),
    deny: required(plainText(30)),
    style: optional(oneOf('primary', 'danger')),
  }),
);

/** An option of a menu (plain text) or of checkboxes and radio buttons (`markdown`). */
export function option({ markdown = false, link = false } = {}): Check {
  return object({
    text: required(markdown ? anyText(75) : plainText(75)),
    value: required(text(150)),
    description: optional(markdown ? anyText(75) : plainText(75)),
    ...(link ? { url: optional(url) } : {}),
  });
}

export const optionGroup: Check = object({ label: required(plainText(75)), options: required(list(option(), 100)) });

/** Exactly one of two fields must be there. */
export function either(one: string, other: string): Check {
  return (value, path, issues) => {
    if (!isObject(value)) return;
    if (value[one] === undefined && value[other] === undefined) {
      issues.add(`must define either \`${one}\` or \`${other}\``, path);
    }
  };
}

/** No two options may carry the same value; `initial_option(s)` must be among the options. */
export const optionsAgree: Check = (value, path, issues) => {
  if (!isObject(value)) return;
  const groups = Array.isArray(value['option_groups']) ? value['option_groups'].filter(isObject) : [value];
  const values = groups.flatMap((group) =>
    Array.isArray(group['options']) ? group['options'].filter(isObject).map((entry) => entry['value']) : [],
  );
  const initial = value['initial_option'] !== undefined ? [value['initial_option']] : value['initial_options'];
  for (const entry of Array.isArray(initial) ? initial : []) {
    if (isObject(entry) && !values.includes(entry['value'])) {
      issues.add('initial option must exactly match one of the provided options', path);
    }
  }
};

export const dispatchConfig: Field = optional(
  object({
    trigger_actions_on: optional(list(oneOf('on_enter_pressed', 'on_character_entered'), 2)),
  }),
);

export const date: Check = matching(/^\d{4}-\d\d-\d\d$/, 'must be a date formatted as YYYY-MM-DD');
export const time: Check = matching(/^\d\d:\d\d$/, 'must be a time formatted as HH:mm');

/** An image that is shown: where it is and what it says. */
export const imageFields: Record<string, Field> = {
  image_url: required(all(text(3000), url)),
  alt_text: required(text(2000)),
};
