import { fillDate } from './dates.js';
import { el } from './dom.js';
import { EMOJI } from './emoji.js';
import { emojiNodes } from './emoji-shapes.js';
import { channelNode, linkNode, userNode } from './mrkdwn.js';

/** Slack's rich text as nodes: a text element is shown as it is, whatever is in it. */

const STYLES = { bold: 'strong', italic: 'em', strike: 's', code: 'code' };

function styled(piece, nodes) {
  const names = Object.keys(STYLES).filter((name) => piece.style?.[name]);
  return names.reduce((inside, name) => [el(STYLES[name], {}, inside)], nodes);
}

function dateNode(piece, world) {
  const text = fillDate(piece.format, piece.timestamp, world.user.tz);
  const time = el('time', { title: piece.fallback ?? '' }, text);
  return piece.url ? linkNode(piece.url, time) : time;
}

const PIECES = {
  text: (piece) => (piece.style?.code ? [piece.text] : emojiNodes(piece.text, { names: false })),
  link: (piece) => [linkNode(piece.url, piece.text ?? piece.url)],
  date: (piece, world) => [dateNode(piece, world)],
  user: (piece, world) => [userNode(piece.user_id, world)],
  channel: (piece, world) => [channelNode(piece.channel_id, world)],
  emoji: (piece) => (EMOJI[piece.name] ? emojiNodes(EMOJI[piece.name]) : [`:${piece.name}:`]),
  broadcast: (piece) => [el('span', { class: 'mention own' }, `@${piece.range}`)],
};

const pieces = (elements, world) =>
  elements.flatMap((piece) => styled(piece, (PIECES[piece.type] ?? (() => []))(piece, world)));

const PARTS = {
  rich_text_section: (part, world) => el('p', {}, pieces(part.elements, world)),
  rich_text_quote: (part, world) => el('blockquote', {}, pieces(part.elements, world)),
  rich_text_preformatted: (part, world) => el('pre', {}, pieces(part.elements, world)),
  rich_text_list: (part, world) =>
    el(
      part.style === 'ordered' ? 'ol' : 'ul',
      {},
      part.elements.map((item) => el('li', {}, pieces(item.elements, world))),
    ),
};

/** The parts of a `rich_text` block. */
export const richText = (block, world) => block.elements.map((part) => PARTS[part.type](part, world));
