import { byId, el } from './dom.js';
import { emojiShape } from './emoji-shapes.js';

const seen = new Map();

function row(label, active, unread, onclick) {
  const state = `${active ? ' active' : ''}${unread && !active ? ' unread' : ''}`;
  return el(
    'li',
    {},
    el(
      'button',
      { type: 'button', class: `room${state}`, 'aria-current': active ? 'page' : undefined, onclick },
      label,
      unread && !active ? el('span', { class: 'hidden' }, ' (new messages)') : null,
    ),
  );
}

/** The list of channels and the app, with what is new in bold. */
export function showSidebar(world, place, go) {
  const rows = world.channels.map((channel) => {
    const key = `${world.user.id}/${channel.id}`;
    const active = channel.id === place.channel;
    // What was there when the page was opened is not new.
    if (active || !seen.has(key)) seen.set(key, channel.latest);
    const unread = channel.latest > seen.get(key);
    const sign = channel.isPrivate ? (emojiShape('lock') ?? '#') : '#';
    const label = channel.isIm ? world.app.name : [sign, ` ${channel.name}`];
    return { channel, node: row(label, active, unread, () => go({ channel: channel.id, tab: 'messages' })) };
  });
  const group = (title, isIm) => [
    el('h2', {}, title),
    el(
      'ul',
      {},
      rows.filter((entry) => entry.channel.isIm === isIm).map((entry) => entry.node),
    ),
  ];
  byId('sidebar').replaceChildren(...group('Channels', false), ...group('Apps', true));
}
