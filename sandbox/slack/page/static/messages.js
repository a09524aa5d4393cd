import { blockNodes } from './blocks.js';
import { clockTime, dayLabel } from './dates.js';
import { el } from './dom.js';
import { emojiNodes, emojiShape } from './emoji-shapes.js';
import { mrkdwn } from './mrkdwn.js';

const initials = (name) =>
  name
    .split(/\s+/)
    .slice(0, 2)
    .map((word) => word.charAt(0).toUpperCase())
    .join('');

/** One of eight colours, always the same for the same id. */
const colour = (id) => [...id].reduce((sum, char) => sum + char.charCodeAt(0), 0) % 8;

function replies(message, all, openThread) {
  const thread = all.filter((entry) => entry.threadTs === message.ts);
  if (thread.length === 0) return null;
  const count = thread.length === 1 ? '1 reply' : `${thread.length} replies`;
  return el('button', { type: 'button', class: 'replies', onclick: () => openThread(message.ts) }, count);
}

/** One message as Slack shows it. */
export function messageNode(message, { world, all, openThread, inThread, dispatch }) {
  const author = world.users.find((user) => user.id === message.user);
  const name = author?.realName ?? message.user;
  const time = clockTime(message.ts, world.user.tz);
  const body = message.blocks.length
    ? blockNodes(message.blocks, { world, values: message.values, dispatch: (...act) => dispatch(message, ...act) })
    : el('div', { class: 'prose' }, mrkdwn(message.text, world));
  const edited = message.edited ? el('span', { class: 'edited' }, ' (edited)') : null;
  return el(
    'article',
    {
      class: `message${message.ephemeral ? ' ephemeral' : ''}`,
      'aria-label': `${name}, ${time}`,
      'data-ts': message.ts,
    },
    message.ephemeral
      ? el(
          'p',
          { class: 'only-you' },
          el('span', { 'aria-hidden': 'true' }, emojiShape('eyes')),
          ' Only visible to you',
        )
      : null,
    el('div', { class: `avatar c${colour(message.user)}`, 'aria-hidden': 'true' }, initials(name)),
    el(
      'div',
      { class: 'content' },
      el(
        'p',
        { class: 'by' },
        el('span', { class: 'name' }, name),
        message.isApp ? el('span', { class: 'app-tag' }, 'APP') : null,
        el('time', { class: 'time' }, time),
      ),
      body,
      (message.unfurls ?? []).map(({ blocks }) => el('div', { class: 'unfurl' }, blockNodes(blocks, { world }))),
      edited,
      message.reactions.length
        ? el(
            'p',
            { class: 'reactions' },
            message.reactions.map((r) =>
              el('span', { class: 'reaction' }, [...emojiNodes(`:${r.name}:`), ` ${r.count}`]),
            ),
          )
        : null,
      inThread ? null : replies(message, all, openThread),
    ),
  );
}

/** Puts `messages` into `box`, leaving what has not changed (and any half-made choice in it) alone. */
export function showMessages(box, messages, context) {
  const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  const before = new Map([...box.children].map((node) => [node.dataset.key, node]));
  const nodes = [];
  let day = '';
  for (const message of messages) {
    const today = dayLabel(message.ts, context.world.user.tz);
    if (today !== day && !context.inThread) {
      nodes.push(keyed(`day ${today}`, before, () => el('h2', { class: 'day' }, el('span', {}, today))));
      day = today;
    }
    const count = context.all.filter((entry) => entry.threadTs === message.ts).length;
    // What the viewer chose in a menu is on the screen already.
    const key = JSON.stringify([context.world.user.id, { ...message, values: null }, count]);
    nodes.push(keyed(key, before, () => messageNode(message, context)));
  }
  if (messages.length === 0) {
    nodes.push(keyed('empty', before, () => el('p', { class: 'empty' }, 'Nothing here yet.')));
  }
  box.replaceChildren(...nodes);
  if (atEnd) box.scrollTop = box.scrollHeight;
}

function keyed(key, before, make) {
  const node = before.get(key) ?? make();
  node.dataset.key = key;
  return node;
}
