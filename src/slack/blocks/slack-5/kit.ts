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

/** `verbatim`: Slack creates no link, channel or mention that we did not mark up ourselves. */
export const mrkdwn = (text: string): JsonObject => ({ type: 'mrkdwn', text, verbatim: true });

/** `emoji: false`: `:like_this:` stays as it is. */
export const plain = (text: string, max: number): JsonObject => ({
  type: 'plain_text',
  text: plainText(text, max),
  emoji: false,
});

export const header = (text: string): Block => ({ type: 'header', text: plain(text, LIMITS.header) });
export const section = (text: string, extra: JsonObject = {}): Block => ({
  type: 'section',
  text: mrkdwn(text),
  ...extra,
});
export const context = (...texts: string[]): Block => ({ type: 'context', elements: texts.map(mrkdwn) });
export const divider: Block = { type: 'divider' };

export const fields = (pairs: readonly string[]): Block => ({
  type: 'section',
  fields: pairs.slice(0, LIMITS.fields).map(mrkdwn),
});

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

export const actionsBlock = (blockId: string, elements: JsonObject[]): Block => ({
  type: 'actions',
  block_id: blockId,
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
