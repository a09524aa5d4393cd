/**
 * Text for Slack. Everything that came from outside goes through {@link mrkdwnText} or {@link plainText}: nothing in it can mention,
 * link, reorder or hide what a person reads (docs.slack.dev/messaging/formatting-message-text).
 */

/** Controls, which have no place on a line. */
const CONTROL = /\p{Cc}/u;
/** Lone surrogates, which are neither text nor JSON. */
const LONE_SURROGATE = /\p{Surrogate}/u;
/**
 * Characters that are not seen, but change the order or the look of others: all that Unicode calls format characters or ignorable (bidi
 * controls, zero-width ones, fillers, variation selectors, tags), and the Braille cell without dots.
 */
const HIDDEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;
/** What every font may show as it likes: no character, or one that nobody agreed on. */
const UNKNOWN = /[\p{Cn}\p{Co}]/u;

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** One line of visible text; `—` when nothing is left. */
export function clean(text: string): string {
  let out = '';
  for (const char of text) {
    if (LONE_SURROGATE.test(char)) out += '\uFFFD';
    else if (HIDDEN.test(char)) continue;
    else if (UNKNOWN.test(char)) out += '\uFFFD';
    else if (CONTROL.test(char) || char === '\u2028' || char === '\u2029') out += ' ';
    else out += char;
  }
  const line = out.replace(/\s+/gu, ' ').trim();
  return line === '' ? '—' : line;
}

/** Cuts at `max` UTF-16 units, never inside a character; `write` says how a character is written. */
function cut(text: string, max: number, write: (char: string) => string): { text: string; whole: boolean } {
  let out = '';
  let fits = '';
  for (const char of text) {
    const written = write(char);
    if (out.length + written.length > max) return { text: `${fits}…`, whole: false };
    out += written;
    if (out.length < max) fits = out;
  }
  return { text: out, whole: true };
}

const escapeChar = (char: string): string => ENTITIES[char] ?? char;

/** Slack has no way to write these as themselves: what looks like them stands for them. */
const ALIKE: Record<string, string> = { '*': '∗', '~': '∼', '`': 'ˋ' };

/**
 * Takes from outside text what `mrkdwn` would read as markup: bold, italic, strike, code, an emoji's name, a quote. An underscore inside a
 * word, as in `ord_991`, is none.
 */
function unmarked(text: string): string {
  return text
    .replaceAll(/[*~`]/g, (char) => ALIKE[char] ?? char)
    .replaceAll(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, 'ˍ')
    .replaceAll(/:(?=[\p{L}\p{N}_+'-]+:)/gu, '∶')
    .replace(/^>/, '›');
}

/** Outside text for a `mrkdwn` object, at most `max` characters as Slack counts them: nothing in it is markup, on one line. */
export function mrkdwnText(text: string, max: number): string {
  return cut(unmarked(clean(text)), max, escapeChar).text;
}

/** {@link mrkdwnText}, with a link to the rest when it was cut. */
export function mrkdwnOrMore(text: string, max: number, url: string | null): string {
  const excerpt = cut(unmarked(clean(text)), max, escapeChar);
  return excerpt.whole || url === null ? excerpt.text : `${excerpt.text} ${link(url, 'more')}`;
}

/** Outside text for a `plain_text` object, which Slack shows as it is. */
export function plainText(text: string, max: number): string {
  return cut(clean(text), max, (char) => char).text;
}

/** Outside text in code: no formatting inside. */
export function code(text: string, max: number): string {
  return `\`${cut(clean(text).replaceAll('`', 'ˋ'), max, escapeChar).text}\``;
}

/** Longer links are dropped, because they would take the space of the text. */
const MAX_URL = 240;

/** Only links to http(s) pages that cannot end the markup they stand in. */
export function safeUrl(url: string | null): string | null {
  return url !== null && url.length <= MAX_URL && /^https?:\/\/[^\s<>|"`\\]+$/u.test(url) && !/[^\x21-\x7e]/.test(url)
    ? url
    : null;
}

/** @param url Already a {@link safeUrl}. @param words Ours, not from outside. */
export function link(url: string, words: string): string {
  return `<${url.replaceAll('&', '&amp;')}|${words}>`;
}

/** A time in the reader's own zone; where it cannot be shown so, in UTC. @param at Seconds since the epoch. */
export function time(at: number): string {
  const seconds = Math.trunc(at);
  if (!Number.isFinite(seconds) || seconds <= 0 || seconds > 253_402_300_799) return 'an unknown time';
  const utc = `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return `<!date^${seconds}^{date_short_pretty} at {time}|${utc}>`;
}

/** As people see and say an action id; the whole one is in the button's value. */
export const shortId = (action: string): string => [...plainText(action, 64)].slice(0, 12).join('');
