import { el, freshId } from './dom.js';
import { plain, textNodes } from './mrkdwn.js';

/**
 * Interactive elements. Each maker takes the element, a context `{ world, name, state, dispatch }` and gives
 * `{ node, read }`: `read` is the value to submit, `dispatch(value)` says that a choice was made (absent inside inputs).
 */

const nothing = { read: () => undefined };

function button(element, { dispatch, world }) {
  const kind = element.style ? ` ${element.style}` : '';
  const label = element.accessibility_label;
  const make = (tag, props) =>
    el(tag, { class: `button${kind}`, 'aria-label': label, ...props }, textNodes(element.text, world));
  if (element.url) {
    const href = /^(https?|mailto|tel):/i.test(element.url) ? element.url : undefined;
    return {
      ...nothing,
      node: make('a', { href, target: '_blank', rel: 'noopener noreferrer', onclick: () => dispatch?.() }),
    };
  }
  return {
    ...nothing,
    node: make('button', { type: 'button', onclick: (event) => dispatch?.(undefined, event.currentTarget) }),
  };
}

function menuOf(options, current, { name, dispatch, placeholder, describedBy }) {
  const select = el('select', {
    'aria-label': name,
    'aria-describedby': describedBy,
    onchange: () => dispatch?.(select.value === '' ? null : select.value, select),
  });
  select.append(el('option', { value: '' }, placeholder || 'Select an item'));
  for (const entry of options) {
    const target = entry.options ? el('optgroup', { label: entry.label }) : null;
    for (const option of entry.options ?? [entry]) {
      (target ?? select).append(
        el('option', { value: option.value, selected: option.value === current }, option.label),
      );
    }
    if (target) select.append(target);
  }
  return { node: select, read: () => (select.value === '' ? null : select.value) };
}

function manyOf(options, current, { name, dispatch }) {
  const read = () => [...select.selectedOptions].map((option) => option.value);
  const select = el('select', { multiple: true, 'aria-label': name, onchange: () => dispatch?.(read(), select) });
  for (const option of options.flatMap((entry) => entry.options ?? [entry])) {
    select.append(el('option', { value: option.value, selected: current.includes(option.value) }, option.label));
  }
  return { node: select, read };
}

const toOption = (option) => ({ value: option.value, label: plain(option.text) });

function staticOptions(element) {
  if (!element.option_groups) return element.options.map(toOption);
  return element.option_groups.map((group) => ({ label: plain(group.label), options: group.options.map(toOption) }));
}

const people = (world) =>
  world.users.filter((user) => !user.isBot && !user.deleted).map((user) => ({ value: user.id, label: user.realName }));
const rooms = (world) =>
  world.channels.filter((entry) => !entry.isIm).map((entry) => ({ value: entry.id, label: `#${entry.name}` }));

function choices(type, element, context, current) {
  const group = freshId();
  const read = () => [...box.querySelectorAll('input:checked')].map((input) => input.value);
  const changed = () => context.dispatch?.(type === 'radio' ? (read()[0] ?? null) : read(), box);
  const box = el(
    'div',
    { class: 'choices', role: type === 'radio' ? 'radiogroup' : 'group', 'aria-label': context.name },
    element.options.map((option) =>
      el(
        'label',
        { class: 'choice' },
        el('input', {
          type,
          name: group,
          value: option.value,
          checked: current.includes(option.value),
          onchange: changed,
        }),
        el(
          'span',
          {},
          textNodes(option.text, context.world),
          option.description ? el('small', {}, textNodes(option.description, context.world)) : null,
        ),
      ),
    ),
  );
  return { node: box, read: type === 'radio' ? () => read()[0] ?? null : read };
}

function field(tag, props, element, context) {
  const input = el(tag, {
    placeholder: plain(element.placeholder) || undefined,
    'aria-label': context.labelled ? undefined : context.name,
    onchange: context.dispatch && !context.labelled ? () => context.dispatch(input.value, input) : undefined,
    ...props,
  });
  input.value = props.value ?? '';
  return { node: input, read: () => (input.value === '' ? null : input.value) };
}

function overflow(element, { dispatch, name }) {
  const list = el('div', { class: 'overflow-menu', role: 'menu', hidden: true });
  const close = () => {
    list.hidden = true;
    toggle.setAttribute('aria-expanded', 'false');
  };
  const toggle = el(
    'button',
    {
      type: 'button',
      class: 'button overflow-button',
      'aria-haspopup': 'menu',
      'aria-expanded': 'false',
      'aria-label': name || 'More actions',
      onclick: () => {
        list.hidden = !list.hidden;
        toggle.setAttribute('aria-expanded', String(!list.hidden));
        if (!list.hidden) list.firstElementChild?.focus();
      },
    },
    el('span', { 'aria-hidden': 'true' }, '⋯'),
  );
  for (const option of element.options) {
    const pick = () => {
      close();
      toggle.focus();
      if (option.url) window.open(option.url, '_blank', 'noopener');
      dispatch?.(option.value, toggle);
    };
    list.append(el('button', { type: 'button', role: 'menuitem', tabindex: '-1', onclick: pick }, plain(option.text)));
  }
  list.addEventListener('keydown', (event) => {
    const items = [...list.children];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
    if (event.key === 'Escape') {
      event.stopPropagation();
      close();
      toggle.focus();
    }
    if (step || event.key === 'Escape') event.preventDefault();
  });
  const wrap = el('div', { class: 'overflow' }, toggle, list);
  wrap.addEventListener('focusout', (event) => {
    if (!wrap.contains(event.relatedTarget)) close();
  });
  return { ...nothing, node: wrap };
}

const MAKERS = {
  button,
  overflow,
  static_select: (e, c) =>
    menuOf(staticOptions(e), c.state?.selected_option?.value, { ...c, placeholder: plain(e.placeholder) }),
  users_select: (e, c) => menuOf(people(c.world), c.state?.selected_user, { ...c, placeholder: plain(e.placeholder) }),
  channels_select: (e, c) =>
    menuOf(rooms(c.world), c.state?.selected_channel, { ...c, placeholder: plain(e.placeholder) }),
  conversations_select: (e, c) =>
    menuOf(rooms(c.world), c.state?.selected_conversation, { ...c, placeholder: plain(e.placeholder) }),
  multi_static_select: (e, c) =>
    manyOf(
      staticOptions(e),
      (c.state?.selected_options ?? []).map((o) => o.value),
      c,
    ),
  multi_users_select: (e, c) => manyOf(people(c.world), c.state?.selected_users ?? [], c),
  checkboxes: (e, c) =>
    choices(
      'checkbox',
      e,
      c,
      (c.state?.selected_options ?? []).map((o) => o.value),
    ),
  radio_buttons: (e, c) => choices('radio', e, c, c.state?.selected_option ? [c.state.selected_option.value] : []),
  datepicker: (e, c) => field('input', { type: 'date', value: c.state?.selected_date }, e, c),
  timepicker: (e, c) => field('input', { type: 'time', value: c.state?.selected_time }, e, c),
  datetimepicker: (e, c) => dateTime(e, c),
  plain_text_input: (e, c) =>
    e.multiline
      ? field('textarea', { rows: '4', value: c.state?.value, maxlength: e.max_length }, e, c)
      : field('input', { type: 'text', value: c.state?.value, maxlength: e.max_length, autocomplete: 'off' }, e, c),
  number_input: (e, c) =>
    field('input', { type: 'text', inputmode: 'decimal', value: c.state?.value, autocomplete: 'off' }, e, c),
  email_text_input: (e, c) =>
    field('input', { type: 'text', inputmode: 'email', value: c.state?.value, autocomplete: 'off' }, e, c),
  url_text_input: (e, c) =>
    field('input', { type: 'text', inputmode: 'url', value: c.state?.value, autocomplete: 'off' }, e, c),
};

/** Date and time in the viewer's browser; the value is in seconds since the epoch. */
function dateTime(element, context) {
  const seconds = context.state?.selected_date_time;
  const local = (date) => new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  const value = seconds ? local(new Date(seconds * 1000)) : '';
  const made = field('input', { type: 'datetime-local', value }, element, { ...context, dispatch: undefined });
  const read = () => (made.node.value === '' ? null : Math.floor(new Date(made.node.value).getTime() / 1000));
  if (context.dispatch) made.node.addEventListener('change', () => context.dispatch(read(), made.node));
  return { node: made.node, read };
}

/** Makes an element; one the page does not know says so. */
export function makeElement(element, context) {
  const maker = MAKERS[element.type];
  return maker ? maker(element, context) : { ...nothing, node: el('em', {}, `[${element.type}]`) };
}
