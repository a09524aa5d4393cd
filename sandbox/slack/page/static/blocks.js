import { el, freshId } from './dom.js';
import { makeElement } from './elements.js';
import { mrkdwn, plain, textNodes } from './mrkdwn.js';
import { richText } from './rich-text.js';

/**
 * Blocks as nodes. `context`: `{ world, values, errors, dispatch(block, element, value, node) }`; `fields` collects
 * `{ blockId, actionId, read }` of everything that has a value.
 */
export function blockNodes(blocks, context, fields = []) {
  return blocks.map((block) => (BLOCKS[block.type] ?? unknown)(block, context, fields));
}

function interactive(block, element, context, fields, more = {}) {
  const name = plain(element.placeholder) || plain(block.label) || element.action_id;
  const made = makeElement(element, {
    world: context.world,
    name,
    state: context.values?.[block.block_id]?.[element.action_id],
    dispatch: (value, node) => context.dispatch(block, element, value, node),
    ...more,
  });
  fields.push({ blockId: block.block_id, actionId: element.action_id, read: made.read });
  return made.node;
}

function section(block, context, fields) {
  const { accessory } = block;
  const aside =
    accessory?.type === 'image'
      ? el('img', { class: 'accessory', src: accessory.image_url, alt: accessory.alt_text })
      : accessory && el('div', { class: 'accessory' }, interactive(block, accessory, context, fields));
  return el(
    'div',
    { class: 'block section' },
    el(
      'div',
      { class: 'section-text' },
      block.text ? el('div', { class: 'prose' }, textNodes(block.text, context.world)) : null,
      block.fields
        ? el(
            'div',
            { class: 'fields' },
            block.fields.map((field) => el('div', { class: 'prose' }, textNodes(field, context.world))),
          )
        : null,
    ),
    aside,
  );
}

function contextBlock(block, { world }) {
  const parts = block.elements.map((element) =>
    element.type === 'image'
      ? el('img', { class: 'context-image', src: element.image_url, alt: element.alt_text })
      : el('span', { class: 'prose' }, textNodes(element, world)),
  );
  return el('div', { class: 'block context' }, parts);
}

function input(block, context, fields) {
  const id = freshId();
  const error = context.errors?.[block.block_id];
  const group = ['checkboxes', 'radio_buttons'].includes(block.element.type);
  const node = interactive(block, block.element, context, fields, {
    name: plain(block.label),
    labelled: !group,
    dispatch: block.dispatch_action ? (value, at) => context.dispatch(block, block.element, value, at) : undefined,
  });
  const control = group
    ? node
    : node.matches('input,select,textarea')
      ? node
      : node.querySelector('input,select,textarea');
  control?.setAttribute('id', id);
  if (!group) control?.removeAttribute('aria-label');
  const described = [block.hint ? `${id}-hint` : '', `${id}-error`].filter(Boolean).join(' ');
  control?.setAttribute('aria-describedby', described);
  if (error) control?.setAttribute('aria-invalid', 'true');
  const optional = block.optional ? el('span', { class: 'optional' }, ' (optional)') : null;
  return el(
    'div',
    { class: `block input${error ? ' wrong' : ''}`, 'data-block': block.block_id },
    group
      ? el('p', { class: 'label' }, plain(block.label), optional)
      : el('label', { class: 'label', for: id }, plain(block.label), optional),
    node,
    block.hint ? el('p', { class: 'hint', id: `${id}-hint` }, plain(block.hint)) : null,
    el('p', { class: 'error', id: `${id}-error` }, error ?? ''),
  );
}

const STATUSES = { pending: '○', in_progress: '◐', complete: '✓', error: '✕' };

/** One task: what it is, how it stands, and what else is said of it. */
const task = (block, world) =>
  el(
    'div',
    { class: `task ${block.status}` },
    el('span', { class: 'task-status', title: block.status.replace('_', ' ') }, STATUSES[block.status]),
    el(
      'div',
      {},
      el('p', { class: 'task-title' }, block.title),
      block.details ? el('div', { class: 'prose faint' }, richText(block.details, world)) : null,
      block.output ? el('div', { class: 'prose' }, richText(block.output, world)) : null,
    ),
  );

const unknown = (block) => el('p', { class: 'block' }, `[${block.type}]`);

const BLOCKS = {
  section,
  input,
  context: contextBlock,
  rich_text: (block, { world }) => el('div', { class: 'block prose' }, richText(block, world)),
  header: (block, { world }) => el('h2', { class: 'block header' }, textNodes(block.text, world)),
  divider: () => el('hr', { class: 'block' }),
  actions: (block, context, fields) =>
    el(
      'div',
      { class: 'block actions' },
      block.elements.map((element) => interactive(block, element, context, fields)),
    ),
  image: (block) =>
    el(
      'figure',
      { class: 'block image' },
      block.title ? el('figcaption', {}, plain(block.title)) : null,
      el('img', { src: block.image_url, alt: block.alt_text }),
    ),
  markdown: (block, { world }) => el('div', { class: 'block prose' }, mrkdwn(block.text.replaceAll('**', '*'), world)),
  table: (block, { world }) =>
    el(
      'div',
      { class: 'block table-block' },
      el(
        'table',
        {},
        block.rows.map((row, index) =>
          el(
            'tr',
            {},
            row.map((cell, column) => {
              const align = block.column_settings?.[column]?.align ?? (cell.type === 'raw_number' ? 'right' : 'left');
              const inside = cell.type === 'rich_text' ? richText(cell, world) : cell.text;
              return el(index === 0 ? 'th' : 'td', { class: align }, inside);
            }),
          ),
        ),
      ),
    ),
  task_card: (block, { world }) => task(block, world),
  plan: (block, { world }) =>
    el(
      'div',
      { class: 'block plan-block' },
      el('p', { class: 'plan-title' }, block.title),
      (block.tasks ?? []).map((one) => task(one, world)),
    ),
  alert: (block, { world }) =>
    el('div', { class: `block alert-block ${block.level ?? 'default'}`, role: 'note' }, textNodes(block.text, world)),
};
