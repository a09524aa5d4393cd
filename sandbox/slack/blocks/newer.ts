import { boolean, list, number, object, oneOf, optional, required, text, typed } from './check.ts';
import type { Field } from './check.ts';
import { richText } from './rich-text.ts';

/** The insides of `table` and `task_card` (docs.slack.dev/reference/block-kit/blocks/table-block, …/task-card-block). */

const cell = typed({
  raw_text: object({ type: required(oneOf('raw_text')), text: required(text(10_000)) }),
  raw_number: object({ type: required(oneOf('raw_number')), value: required(number), text: required(text(10_000)) }),
  rich_text: object({ type: required(oneOf('rich_text')), elements: richText }),
});

export const tableFields: Record<string, Field> = {
  rows: required(list(list(cell, 20), 100)),
  column_settings: optional(
    list(object({ align: optional(oneOf('left', 'center', 'right')), is_wrapped: optional(boolean) }), 20),
  ),
};

const one = object({ type: required(oneOf('rich_text')), elements: richText });

export const taskFields: Record<string, Field> = {
  task_id: required(text(255)),
  title: required(text(256)),
  status: required(oneOf('pending', 'in_progress', 'complete', 'error')),
  details: optional(one),
  output: optional(one),
};
