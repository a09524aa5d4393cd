/**
 * Text for Slack. Everything that came from outside goes through {@link plainText} into an element that reads no markup: a `plain_text`
 * object or a text element of rich text. Nothing in it can mention, link, reorder or hide what a person reads
 * (docs.slack.dev/messaging/formatting-message-text).
 */

/** Controls, which have no place on a line. */
const CONTROL = /\p{Cc}/u;
/** Lone surrogates, which are neither text nor JSON. */
const LONE_SURROGATE = /\p{Surrogate}/u;
/**
 * Characters that are not seen, but change the order or the look of others: all that Unicode calls format characters or ignorable (bidi
 * controls, zero-width ones, Hangul fillers, variation selectors, tags), and the blanks that it counts among letters and signs: the Braille
 * cell without dots, the null notehead, the Egyptian blanks, the Khitan filler.
 */
const HIDDEN =
  /[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Variation_Selector}\u2800\u{1d159}\u{13441}\u{13442}\u{16fe4}]/u;
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

/**
 * Outside text for the `text` of a message with blocks, at most `max` characters as Slack counts them. Only notifications and screen
 * readers have it, and Slack has no form of it without markup; nothing in it is markup then, on one line.
 */
export function notified(text: string, max: number): string {
  return cut(unmarked(clean(text)), max, escapeChar).text;
}

/** Outside text for a `plain_text` object, which Slack shows unchanged. */
export function plainText(text: string, max: number): string {
  return cut(clean(text), max, (char) => char).text;
}

/** The beginning of what a person typed, line breaks and all. */
export const cutWhole = (text: string, max: number): string => cut(text, max, (char) => char).text;

/** Whether {@link plainText} leaves something out. */
export const isCut = (text: string, max: number): boolean => !cut(clean(text), max, (char) => char).whole;

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

/** How Slack writes a time for its reader. */
export const DATE_FORMAT = '{date_short_pretty} at {time}';

/**
 * Whole seconds of a time that can be shown, and the words for where no date can be; null for any other.
 *
 * @param at Seconds since the epoch.
 */
export function dateOf(at: number): { seconds: number; utc: string } | null {
  const seconds = Math.trunc(at);
  if (!Number.isFinite(seconds) || seconds <= 0 || seconds > 253_402_300_799) return null;
  return { seconds, utc: `${new Date(seconds * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC` };
}

/** `a, b and c`, at most `max` of them. */
export function list(items: readonly string[], max: number): string {
  const listed = items.slice(0, max);
  const more = items.length - listed.length;
  if (more > 0) return `${listed.join(', ')} and ${more} more`;
  const last = listed.at(-1);
  return listed.length < 2 ? (last ?? 'nobody') : `${listed.slice(0, -1).join(', ')} and ${last}`;
}

/** First letter in upper case, one full stop at the end: for texts of ours that are written as parts of a sentence. */
export function sentence(text: string): string {
  const line = text.trim();
  const ended = /[.!?…]$/u.test(line) ? line : `${line}.`;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}

/** Characters that a form shows of an error. */
const FORM_ERROR_MAX = 500;

/** An error as a form shows it at its field: one sentence with one full stop, which ends in what came of it. */
export function formError(message: string, result: string): string {
  const parts = message
    .trim()
    .split(/[.!?…]+(?:\s+|$)/u)
    .filter((part) => part !== '');
  const room = FORM_ERROR_MAX - result.length - 3;
  return sentence(`${parts.join('; ').slice(0, room)}: ${result}`);
}

/** As people see and say an action id; the whole one is in the button's value. */
export const shortId = (action: string): string => [...plainText(action, 64)].slice(0, 12).join('');
