import { boolean, integer, list, object, oneOf, optional, required, text, typed, url } from './check.ts';
import type { Check, Field } from './check.ts';

/** The inside of `rich_text` (docs.slack.dev/reference/block-kit/blocks/rich-text-block). */

const style: Field = optional(
  object(
    Object.fromEntries(['bold', 'italic', 'strike', 'code', 'underline'].map((name) => [name, optional(boolean)])),
  ),
);

function piece(type: string, fields: Record<string, Field>): Check {
  return object({ type: required(oneOf(type)), style, ...fields });
}

/** Slack says no limit of a text; a message has one in all. */
const MAX_TEXT = 12_000;

const pieces: Field = required(
  list(
    typed({
      text: piece('text', { text: required(text(MAX_TEXT)) }),
      link: piece('link', { url: required(url), text: optional(text(MAX_TEXT)), unsafe: optional(boolean) }),
      date: piece('date', {
        timestamp: required(integer(0, 253_402_300_799)),
        format: required(text(1000)),
        url: optional(url),
        fallback: optional(text(1000)),
      }),
      user: piece('user', { user_id: required(text(255)) }),
      channel: piece('channel', { channel_id: required(text(255)) }),
      emoji: piece('emoji', { name: required(text(255)), unicode: optional(text(255)) }),
      broadcast: piece('broadcast', { range: required(oneOf('here', 'channel', 'everyone')) }),
    }),
    1000,
  ),
);

const border: Field = optional(integer(0, 1));
const section: Check = object({ type: required(oneOf('rich_text_section')), elements: pieces });

export const richText: Field = required(
  list(
    typed({
      rich_text_section: section,
      rich_text_quote: object({ type: required(oneOf('rich_text_quote')), elements: pieces, border }),
      rich_text_preformatted: object({ type: required(oneOf('rich_text_preformatted')), elements: pieces, border }),
      rich_text_list: object({
        type: required(oneOf('rich_text_list')),
        style: required(oneOf('bullet', 'ordered')),
        elements: required(list(section, 100)),
        indent: optional(integer(0, 8)),
        offset: optional(integer(0, 1_000_000)),
        border,
      }),
    }),
    100,
  ),
);
