/**
 * Rich text (docs.slack.dev/reference/block-kit/blocks/rich-text-block). Slack reads no markup in its text elements, so text from outside
 * stands in them as it is.
 */
import type { JsonObject } from '../../../contract/index.ts';
import type { Block } from './kit.ts';
import { DATE_FORMAT, dateOf, isCut, notified, plainText } from './text.ts';

/** One element of a line. */
export type Piece = JsonObject;
export type Line = readonly Piece[];

const styled = (text: string, style: string): Piece => ({ type: 'text', text, style: { [style]: true } });

/** Words without markup. {@link plainText} has cut and cleaned text from outside. */
export const said = (text: string): Piece => ({ type: 'text', text });
/** Outside text, bold. */
export const strong = (text: string, max: number): Piece => styled(plainText(text, max), 'bold');
/** Outside text in the type of code. */
export const mono = (text: string, max: number): Piece => styled(plainText(text, max), 'code');
/** @param url Already a `safeUrl`. @param text Ours. */
export const linked = (url: string, text: string): Piece => ({ type: 'link', url, text });

/** A time in the reader's own zone. @param at Seconds since the epoch. */
export function dated(at: number): Piece {
  const date = dateOf(at);
  if (date === null) return said('an unknown time');
  return { type: 'date', timestamp: date.seconds, format: DATE_FORMAT, fallback: date.utc };
}

/** A line of pieces; plain strings are words as by {@link said}, empty ones nothing. Words without a style stand in one element. */
export function line(...parts: readonly (string | Piece)[]): Line {
  const pieces: Piece[] = [];
  for (const part of parts) {
    if (part === '') continue;
    const piece = typeof part === 'string' ? said(part) : part;
    const last = pieces.at(-1);
    if (last !== undefined && isBare(last) && isBare(piece)) {
      pieces[pieces.length - 1] = said(`${last.text}${piece.text}`);
    } else pieces.push(piece);
  }
  return pieces;
}

const isBare = (piece: Piece): piece is Piece & { text: string } =>
  piece['type'] === 'text' && typeof piece['text'] === 'string' && piece['style'] === undefined;

/** Outside text, with a link to the rest when it was cut. */
export function saidOrMore(text: string, max: number, url: string | null): Piece[] {
  const excerpt = said(plainText(text, max));
  return url !== null && isCut(text, max) ? [excerpt, said(' '), linked(url, 'more')] : [excerpt];
}

/** Lines of one block, one below the other. */
export const rich = (lines: readonly Line[]): Block => ({
  type: 'rich_text',
  elements: lines.map((elements) => ({ type: 'rich_text_section', elements: [...elements] })),
});

/** A line in words, where no rich text can be. */
export const lineText = (pieces: Line): string =>
  pieces.map(({ text, fallback }) => String(text ?? fallback ?? '')).join('');

/** A line for the `text` of a message, which notifications and screen readers have. */
export const inNotification = (pieces: Line): string =>
  pieces
    .map((piece) => {
      if (piece['type'] !== 'date') return notifiedWhole(lineText([piece]));
      return `<!date^${String(piece['timestamp'])}^${DATE_FORMAT}|${String(piece['fallback'])}>`;
    })
    .join('');

/** Spaces at the ends part the pieces. */
function notifiedWhole(text: string): string {
  const [, before = '', words = '', after = ''] = /^(\s*)(.*?)(\s*)$/su.exec(text) ?? [];
  return words === '' ? `${before}${after}` : `${before}${notified(words, 1000)}${after}`;
}
