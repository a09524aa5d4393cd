import { asObject, asObjects, asString, isObject } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { Issues, all, boolean, list, object, oneOf, optional, required, text, typed } from './check.ts';
import type { Check, Field } from './check.ts';
import { accessory, actionsElement, inputElement } from './elements.ts';
import { tableFields, taskFields } from './newer.ts';
import { anyText, blockId, either, imageFields, plainText } from './objects.ts';
import { richText } from './rich-text.ts';

/** Where blocks are shown: it decides how many there may be, and which. */
export type Surface = 'message' | 'modal' | 'home';

/** Most blocks on a surface (docs.slack.dev/reference/block-kit/blocks). */
export const MAX_BLOCKS: Record<Surface, number> = { message: 50, modal: 100, home: 100 };

/** Characters of `markdown` blocks in one payload, all together. */
const MAX_MARKDOWN = 12_000;

/** Characters of all cells of a table. */
const MAX_TABLE = 10_000;
/** Slack says no number of these; a screen has room for so much. */
const MAX_TITLE = 256;
const MAX_TASKS = 50;

function block(type: string, fields: Record<string, Field>): Check {
  return object({ type: required(oneOf(type)), block_id: blockId, ...fields });
}

const contextElement = typed({
  plain_text: plainText(3000),
  mrkdwn: anyText(3000),
  image: object({ type: required(oneOf('image')), ...imageFields }),
});

const table = block('table', tableFields);
const taskCard = block('task_card', taskFields);

const common: Record<string, Check> = {
  section: all(
    block('section', {
      text: optional(anyText(3000)),
      fields: optional(list(anyText(2000), 10)),
      accessory: optional(accessory),
      expand: optional(boolean),
    }),
    either('text', 'fields'),
  ),
  divider: block('divider', {}),
  header: block('header', { text: required(plainText(150)) }),
  context: block('context', { elements: required(list(contextElement, 10)) }),
  actions: block('actions', { elements: required(list(actionsElement, 25)) }),
  image: block('image', { ...imageFields, title: optional(plainText(2000)) }),
  input: block('input', {
    label: required(plainText(2000)),
    element: required(inputElement),
    hint: optional(plainText(2000)),
    optional: optional(boolean),
    dispatch_action: optional(boolean),
  }),
  rich_text: block('rich_text', { elements: richText }),
};

const KINDS: Record<Surface, Check> = {
  message: typed({
    ...common,
    markdown: block('markdown', { text: required(text(MAX_MARKDOWN)) }),
    table,
    task_card: taskCard,
    plan: block('plan', { title: required(text(MAX_TITLE)), tasks: optional(list(taskCard, MAX_TASKS, 0)) }),
  }),
  modal: typed({
    ...common,
    alert: block('alert', {
      text: required(anyText(200)),
      level: optional(oneOf('default', 'info', 'warning', 'error', 'success')),
    }),
  }),
  home: typed(common),
};

/**
 * What Slack would refuse in `blocks`, worded as it does; empty when all is well.
 * Block types Slack has and the sandbox has not (video, data_table, card …) are refused as unsupported.
 * @param path JSON pointer of `blocks` itself.
 */
export function checkBlocks(blocks: Json, surface: Surface, path = '/blocks'): string[] {
  const issues = new Issues();
  list(KINDS[surface], MAX_BLOCKS[surface], 0)(blocks, path, issues);
  const objects = asObjects(blocks);
  checkIds(objects, path, issues);
  const tables = objects.filter((entry) => entry['type'] === 'table');
  if (tables.length > 1) issues.add('only one table is allowed per message', path);
  if (textLength(tables) > MAX_TABLE) {
    issues.add(`a table must be less than ${String(MAX_TABLE + 1)} characters in all`, path);
  }
  const markdown = objects.filter((entry) => entry['type'] === 'markdown');
  if (markdown.reduce((sum, entry) => sum + (asString(entry['text'])?.length ?? 0), 0) > MAX_MARKDOWN) {
    issues.add(`markdown blocks must be less than ${String(MAX_MARKDOWN + 1)} characters in all`, path);
  }
  return issues.messages;
}

function checkIds(blocks: JsonObject[], path: string, issues: Issues): void {
  const blockIds = new Set<Json>();
  blocks.forEach((entry, index) => {
    const id = entry['block_id'];
    if (id !== undefined && blockIds.has(id)) {
      issues.add(`\`block_id\` already exists: ${String(id)}`, `${path}/${String(index)}/block_id`);
    }
    if (id !== undefined) blockIds.add(id);
    const actionIds = new Set<Json>();
    for (const element of elementsOf(entry)) {
      const action = element['action_id'];
      if (action !== undefined && actionIds.has(action)) {
        issues.add(`\`action_id\` already exists: ${String(action)}`, `${path}/${String(index)}`);
      }
      if (action !== undefined) actionIds.add(action);
    }
  });
}

/** The interactive elements of a block: an `actions` block's, a section's accessory, an input's element. */
export function elementsOf(block: JsonObject): JsonObject[] {
  if (block['type'] === 'actions') return asObjects(block['elements']);
  const single = block['type'] === 'input' ? block['element'] : block['accessory'];
  return isObject(single) && single['type'] !== 'image' ? [single] : [];
}

/** All characters of text objects in `blocks`; Slack refuses a message of too many (`msg_blocks_too_long`). */
export function textLength(blocks: JsonObject[]): number {
  let sum = 0;
  const walk = (value: Json): void => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (isObject(value)) {
      if (typeof value['text'] === 'string') sum += value['text'].length;
      Object.values(value).forEach(walk);
    }
  };
  blocks.forEach(walk);
  return sum;
}

/** A text object's text. */
export function textOf(value: Json | undefined): string {
  return asString(asObject(value)['text']) ?? '';
}
