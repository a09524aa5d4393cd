/** The Block Kit objects that we use (docs.slack.dev/reference/block-kit). Callers cut their texts to Slack's limits. */
import type { JsonObject } from '../../../contract/index.ts';
import { plainText } from './text.ts';

export type Block = JsonObject;

/** What a message says: `text` is the fallback for notifications and screen readers. */
export interface Rendered {
  text: string;
  blocks: Block[];
}

/** A modal or Home tab as `views.open` and `views.publish` take it. */
export type View = JsonObject & { type: 'modal' | 'home'; blocks: Block[] };

/** Slack's limits (field notes of 2026-11, docs.slack.dev). */
export const LIMITS = {
  messageBlocks: 50,
  viewBlocks: 100,
  section: 3000,
  field: 2000,
  fields: 10,
  header: 150,
  context: 10,
  button: 75,
  option: 75,
  optionValue: 150,
  checkboxes: 10,
  title: 24,
  value: 2000,
  reason: 2000,
} as const;

/** `emoji: false` leaves `:like_this:` unchanged. */
export const plain = (text: string, max: number): JsonObject => ({
  type: 'plain_text',
  text: plainText(text, max),
  emoji: false,
});

export const header = (text: string): Block => ({ type: 'header', text: plain(text, LIMITS.header) });
/** Words of ours, in `mrkdwn`: nothing from outside is ever in them. */
export const help = (text: string): Block => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } });

/**
 * Small words below, one line each, of parts that `plainText` cut and cleaned.
 *
 * @param link A `link`, which only `mrkdwn` can hold: the address is a `safeUrl` and the words are ours.
 */
export const small = (lines: readonly string[], link: string | null = null): Block => ({
  type: 'context',
  elements: [
    { type: 'plain_text', text: lines.join('\n'), emoji: false },
    ...(link === null ? [] : [{ type: 'mrkdwn', text: link, verbatim: true }]),
  ],
});

export const divider: Block = { type: 'divider' };

export interface ButtonLook {
  style?: 'primary' | 'danger';
  label?: string;
}

export const button = (actionId: string, text: string, value: string, look: ButtonLook = {}): JsonObject => ({
  type: 'button',
  action_id: actionId,
  text: plain(text, LIMITS.button),
  value,
  ...(look.style === undefined ? {} : { style: look.style }),
  ...(look.label === undefined ? {} : { accessibility_label: plainText(look.label, LIMITS.button) }),
});

export const linkButton = (actionId: string, text: string, url: string): JsonObject => ({
  type: 'button',
  action_id: actionId,
  text: plain(text, LIMITS.button),
  url,
});

/** @param blockId Null where several of them stand in one list: Slack names them then. */
export const actionsBlock = (blockId: string | null, elements: JsonObject[]): Block => ({
  type: 'actions',
  ...(blockId === null ? {} : { block_id: blockId }),
  elements,
});

export const input = (blockId: string, label: string, element: JsonObject, extra: JsonObject = {}): Block => ({
  type: 'input',
  block_id: blockId,
  label: plain(label, 150),
  element: { action_id: 'value', ...element },
  ...extra,
});

export const option = (text: string, value: string, description?: string): JsonObject => ({
  text: plain(text, LIMITS.option),
  value,
  ...(description === undefined ? {} : { description: plain(description, LIMITS.option) }),
});
