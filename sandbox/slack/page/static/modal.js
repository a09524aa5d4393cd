import { blockNodes } from './blocks.js';
import { act, byId, el } from './dom.js';
import { plain, textNodes } from './mrkdwn.js';

let shown = null;

/** `{ blockId: { actionId: value } }` of everything that has a value. */
export function collect(fields) {
  const values = {};
  for (const { blockId, actionId, read } of fields) {
    const value = read();
    if (value !== undefined) (values[blockId] ??= {})[actionId] = value;
  }
  return values;
}

/** Opens, changes or closes the modal, as the sandbox says. */
export function showModal(world) {
  const dialog = byId('modal');
  const view = world.modal;
  if (!view) {
    if (dialog.open) dialog.close();
    shown = null;
    return;
  }
  if (shown?.id === view.id && shown.hash === view.hash && shown.user === world.user.id) {
    showErrors(dialog, view.errors);
    return;
  }
  const typed = shown?.id === view.id ? shown.fields : [];
  render(dialog, view, world, typed);
  if (!dialog.open) dialog.showModal();
  dialog.querySelector('.modal-body input, .modal-body textarea, .modal-body select')?.focus();
}

function showErrors(dialog, errors) {
  for (const box of dialog.querySelectorAll('[data-block]')) {
    const text = errors[box.dataset.block] ?? '';
    box.classList.toggle('wrong', text !== '');
    box.querySelector('.error').textContent = text;
    const control = box.querySelector('input,select,textarea');
    if (text) control?.setAttribute('aria-invalid', 'true');
    else control?.removeAttribute('aria-invalid');
  }
  dialog.querySelector('.wrong input, .wrong select, .wrong textarea')?.focus();
}

function render(dialog, view, world, typed) {
  const fields = [];
  const user = world.user.id;
  const close = (all) => act('close', { user, viewId: view.id, all });
  const body = blockNodes(
    view.blocks,
    {
      world,
      values: view.values,
      errors: view.errors,
      dispatch: (block, element, value, node) =>
        confirmed(element, world, node, () =>
          act('view-click', {
            user,
            viewId: view.id,
            actionId: element.action_id,
            blockId: block.block_id,
            ...(value === undefined ? {} : { value }),
            values: collect(fields),
          }),
        ),
    },
    fields,
  );
  // The Slack client keeps what was typed when an app updates the view under the person's fingers.
  keepTyped(typed, fields, body);
  const submit = view.submit ? el('button', { class: 'button primary', type: 'submit' }, plain(view.submit)) : null;
  const form = el(
    'form',
    {
      class: 'modal-form',
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        submit?.setAttribute('aria-busy', 'true');
        await act('submit', { user, viewId: view.id, values: collect(fields) });
        submit?.removeAttribute('aria-busy');
      },
    },
    el(
      'header',
      { class: 'modal-head' },
      view.depth > 1
        ? el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Back', onclick: () => close(false) }, '←')
        : null,
      el('h2', { id: 'modal-title' }, plain(view.title)),
      el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', onclick: () => close(true) }, '✕'),
    ),
    el('div', { class: 'modal-body' }, body),
    el(
      'footer',
      { class: 'modal-foot' },
      el(
        'button',
        { type: 'button', class: 'button', onclick: () => close(false) },
        view.close ? plain(view.close) : view.depth > 1 ? 'Back' : 'Cancel',
      ),
      submit,
    ),
  );
  dialog.replaceChildren(form);
  dialog.oncancel = (event) => {
    event.preventDefault();
    void close(false);
  };
  shown = { id: view.id, hash: view.hash, user, fields };
}

function keepTyped(typed, fields, body) {
  for (const field of fields) {
    const before = typed.find((entry) => entry.blockId === field.blockId && entry.actionId === field.actionId);
    const value = before?.read();
    const box = body.find((node) => node.dataset.block === field.blockId);
    const control = box?.querySelector('input[type=text], textarea');
    if (control && typeof value === 'string') control.value = value;
  }
}

/** Asks first where the element has a `confirm` dialog; marks the element busy while the app is being told. */
export async function confirmed(element, world, node, run) {
  if (element.confirm && !(await ask(element.confirm, world))) return;
  node?.setAttribute('aria-busy', 'true');
  try {
    await run();
  } finally {
    node?.removeAttribute('aria-busy');
  }
}

function ask(confirm, world) {
  const dialog = byId('confirm');
  return new Promise((resolve) => {
    const answer = (yes) => {
      dialog.close();
      resolve(yes);
    };
    dialog.replaceChildren(
      el('header', { class: 'modal-head' }, el('h2', { id: 'confirm-title' }, plain(confirm.title))),
      el('div', { class: 'modal-body prose' }, textNodes(confirm.text, world)),
      el(
        'footer',
        { class: 'modal-foot' },
        el('button', { type: 'button', class: 'button', onclick: () => answer(false) }, plain(confirm.deny)),
        el(
          'button',
          { type: 'button', class: `button ${confirm.style ?? 'primary'}`, onclick: () => answer(true) },
          plain(confirm.confirm),
        ),
      ),
    );
    dialog.oncancel = () => resolve(false);
    dialog.showModal();
  });
}
