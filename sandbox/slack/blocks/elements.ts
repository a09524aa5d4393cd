import { all, boolean, integer, list, object, oneOf, optional, required, text, typed, url } from './check.ts';
import type { Check, Field } from './check.ts';
import {
  actionId,
  confirm,
  date,
  dispatchConfig,
  either,
  imageFields,
  option,
  optionGroup,
  optionsAgree,
  placeholder,
  plainText,
  time,
} from './objects.ts';

/** Block elements, with the limits of docs.slack.dev/reference/block-kit/block-elements. */

const focus = optional(boolean);

function element(type: string, fields: Record<string, Field>): Check {
  return object({ type: required(oneOf(type)), action_id: actionId, ...fields });
}

function menu(type: string, fields: Record<string, Field>): Check {
  const many: Record<string, Field> = type.startsWith('multi_')
    ? { max_selected_items: optional(integer(1, 100)) }
    : {};
  return element(type, { placeholder, confirm, focus_on_load: focus, ...many, ...fields });
}

function choice(type: string, initial: Record<string, Field>): Check {
  return all(
    element(type, {
      options: required(list(option({ markdown: true }), 10)),
      confirm,
      focus_on_load: focus,
      ...initial,
    }),
    optionsAgree,
  );
}

function staticMenu(type: string, initial: Record<string, Field>): Check {
  return all(
    menu(type, { options: optional(list(option(), 100)), option_groups: optional(list(optionGroup, 100)), ...initial }),
    either('options', 'option_groups'),
    optionsAgree,
  );
}

function input(type: string, fields: Record<string, Field>): Check {
  return element(type, { placeholder, dispatch_action_config: dispatchConfig, focus_on_load: focus, ...fields });
}

const ids = list(text(20), 100, 0);
const conversationFilter = optional(
  object({
    include: optional(list(oneOf('im', 'mpim', 'private', 'public'), 4)),
    exclude_external_shared_channels: optional(boolean),
    exclude_bot_users: optional(boolean),
  }),
);

const button = element('button', {
  text: required(plainText(75)),
  url: optional(url),
  value: optional(text(2000, 0)),
  style: optional(oneOf('primary', 'danger')),
  confirm,
  accessibility_label: optional(text(75)),
});

const pickers: Record<string, Check> = {
  datepicker: element('datepicker', { placeholder, confirm, focus_on_load: focus, initial_date: optional(date) }),
  timepicker: element('timepicker', {
    placeholder,
    confirm,
    focus_on_load: focus,
    initial_time: optional(time),
    timezone: optional(text(100)),
  }),
  datetimepicker: element('datetimepicker', {
    confirm,
    focus_on_load: focus,
    initial_date_time: optional(integer(1_000_000_000, 9_999_999_999)),
  }),
};

const menus: Record<string, Check> = {
  static_select: staticMenu('static_select', { initial_option: optional(option()) }),
  multi_static_select: staticMenu('multi_static_select', { initial_options: optional(list(option(), 100)) }),
  users_select: menu('users_select', { initial_user: optional(text(20)) }),
  multi_users_select: menu('multi_users_select', { initial_users: optional(ids) }),
  conversations_select: menu('conversations_select', {
    initial_conversation: optional(text(20)),
    default_to_current_conversation: optional(boolean),
    response_url_enabled: optional(boolean),
    filter: conversationFilter,
  }),
  channels_select: menu('channels_select', {
    initial_channel: optional(text(20)),
    response_url_enabled: optional(boolean),
  }),
  overflow: element('overflow', { options: required(list(option({ link: true }), 5)), confirm }),
};

const choices: Record<string, Check> = {
  checkboxes: choice('checkboxes', { initial_options: optional(list(option({ markdown: true }), 10)) }),
  radio_buttons: choice('radio_buttons', { initial_option: optional(option({ markdown: true })) }),
};

const inputs: Record<string, Check> = {
  plain_text_input: input('plain_text_input', {
    initial_value: optional(text(3000, 0)),
    multiline: optional(boolean),
    min_length: optional(integer(0, 3000)),
    max_length: optional(integer(1, 3000)),
  }),
  number_input: input('number_input', {
    is_decimal_allowed: required(boolean),
    initial_value: optional(text(100)),
    min_value: optional(text(100)),
    max_value: optional(text(100)),
  }),
  email_text_input: input('email_text_input', { initial_value: optional(text(3000)) }),
  url_text_input: input('url_text_input', { initial_value: optional(text(3000)) }),
};

/** What an `actions` block may hold. */
export const actionsElement: Check = typed({ button, ...pickers, ...menus, ...choices });

/** What may stand beside a `section`'s text. */
export const accessory: Check = typed({
  button,
  ...pickers,
  ...menus,
  ...choices,
  image: object({ type: required(oneOf('image')), ...imageFields }),
});

const { overflow: _notAnInput, ...inputMenus } = menus;

/** What an `input` block may hold. */
export const inputElement: Check = typed({ ...inputs, ...pickers, ...inputMenus, ...choices });
