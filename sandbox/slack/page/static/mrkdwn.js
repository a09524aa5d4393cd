import { fillDate } from './dates.js';
import { el } from './dom.js';
import { EMOJI } from './emoji.js';
import { emojiNodes } from './emoji-shapes.js';

/** Slack's mrkdwn as nodes: never as HTML text, so that nothing in a message can become markup of the page. */

const unescape = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/** Emoji as characters: for labels, which hold no pictures. */
const emojified = (text) => text.replace(/:([a-z0-9_+'-]+):/g, (whole, name) => EMOJI[name] ?? whole);

/** A link, if its address is one that is safe to follow. */
export function linkNode(href, label) {
  if (!/^(https?|mailto|tel):/i.test(href)) return el('span', {}, label);
  return el('a', { href, target: '_blank', rel: 'noopener noreferrer' }, label);
}

export function userNode(id, world, label) {
  const user = world.users.find((entry) => entry.id === id);
  const own = user?.id === world.user.id ? ' own' : '';
  return el('span', { class: `mention${own}` }, `@${user?.realName ?? label ?? id}`);
}

export function channelNode(id, world, label) {
  const channel = world.channels.find((entry) => entry.id === id);
  return el('span', { class: 'mention' }, `#${channel?.name ?? label ?? id}`);
}

function dateEntity(body, label, world) {
  const [, seconds, format, address] = body.split('^');
  const text = unescape(fillDate(format ?? '', Number(seconds), world.user.tz));
  const shown = Number.isFinite(Number(seconds)) ? text : unescape(label ?? '');
  const time = el('time', { title: unescape(label ?? '') }, shown);
  return address ? linkNode(unescape(address), time) : time;
}

function entity(inside, world) {
  const bar = inside.indexOf('|');
  const body = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? undefined : inside.slice(bar + 1);
  if (body.startsWith('@')) return userNode(body.slice(1), world, label);
  if (body.startsWith('#')) return channelNode(body.slice(1), world, label);
  if (body.startsWith('!date^')) return dateEntity(body, label, world);
  if (body.startsWith('!')) return el('span', { class: 'mention own' }, label ?? `@${body.slice(1).split('^')[0]}`);
  return linkNode(
    unescape(body),
    label === undefined ? unescape(body).replace(/^mailto:/, '') : emojiNodes(unescape(label)),
  );
}

const PAIRS = { '*': 'strong', _: 'em', '~': 's' };

/** Inline marks of one run of text. */
function inline(text, world) {
  const nodes = [];
  let plain = '';
  const flush = () => {
    if (plain !== '') nodes.push(...emojiNodes(unescape(plain)));
    plain = '';
  };
  let at = 0;
  const match = (pattern) => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  while (at < text.length) {
    const char = text[at];
    const before = at === 0 ? ' ' : text[at - 1];
    let found = null;
    let node = null;
    if (char === '<' && (found = match(/<([^<>]+)>/y))) node = entity(found[1], world);
    else if (char === '`' && (found = match(/`([^`\n]+)`/y))) node = el('code', {}, unescape(found[1]));
    else if (PAIRS[char] && !/[A-Za-z0-9]/.test(before)) {
      const mark = char === '*' ? '\\*' : char;
      found = match(new RegExp(`${mark}(?=\\S)([^${mark}\\n]*?\\S)${mark}(?![A-Za-z0-9])`, 'y'));
      if (found) node = el(PAIRS[char], {}, inline(found[1], world));
    } else if (char === 'h' && !/[A-Za-z0-9]/.test(before) && (found = match(/https?:\/\/[^\s<>]+[^\s<>.,;:!?)]/y))) {
      node = linkNode(unescape(found[0]), unescape(found[0]));
    }
    if (found) {
      flush();
      nodes.push(node);
      at += found[0].length;
    } else {
      plain += char;
      at += 1;
    }
  }
  flush();
  return nodes;
}

/** Lines, with `>` quotes gathered. */
function lines(text, world) {
  const nodes = [];
  let quote = null;
  text.split('\n').forEach((line, index) => {
    const quoted = /^(?:&gt;|>)\s?(.*)$/.exec(line);
    if (quoted) {
      if (quote) quote.append('\n');
      else nodes.push((quote = el('blockquote', {})));
      quote.append(...inline(quoted[1], world));
      return;
    }
    if (index > 0 && !quote) nodes.push('\n');
    quote = null;
    nodes.push(...inline(line, world));
  });
  return nodes;
}

/** mrkdwn as nodes, for a `white-space: pre-wrap` box. */
export function mrkdwn(text, world) {
  return text.split('```').flatMap((part, index, parts) => {
    const code = index % 2 === 1 && index < parts.length - 1;
    if (code) return [el('pre', {}, unescape(part.replace(/^\n|\n$/g, '')))];
    const open = index % 2 === 1 ? '```' : '';
    return lines(open + part, world);
  });
}

/** A text object (`plain_text` or `mrkdwn`) as nodes. */
export function textNodes(object, world) {
  if (!object) return [];
  if (object.type === 'mrkdwn') return mrkdwn(object.text, world);
  return emojiNodes(object.text, { names: object.emoji !== false });
}

/** A text object as plain words, for labels. */
export const plain = (object) => (object?.emoji === false ? object.text : emojified(object?.text ?? ''));
