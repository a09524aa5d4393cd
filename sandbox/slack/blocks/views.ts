import { isObject } from '../json.ts';
import type { Json } from '../json.ts';
import { checkBlocks } from './blocks.ts';
import { Issues, anything, boolean, object, oneOf, optional, required, text } from './check.ts';
import type { Field } from './check.ts';
import { plainText } from './objects.ts';

const shared: Record<string, Field> = {
  blocks: required(anything),
  private_metadata: optional(text(3000, 0)),
  callback_id: optional(text(255, 0)),
  external_id: optional(text(255, 0)),
};

const modal = object({
  type: required(oneOf('modal')),
  title: required(plainText(24)),
  submit: optional(plainText(24)),
  close: optional(plainText(24)),
  clear_on_close: optional(boolean),
  notify_on_close: optional(boolean),
  ...shared,
});

const home = object({ type: required(oneOf('home')), ...shared });

/** What Slack would refuse in a view of `type` (docs.slack.dev/reference/views); empty when all is well. */
export function checkView(view: Json, type: 'modal' | 'home'): string[] {
  const issues = new Issues();
  (type === 'modal' ? modal : home)(view, '/view', issues);
  if (!isObject(view)) return issues.messages;
  const blocks = view['blocks'] ?? [];
  const inputs = Array.isArray(blocks) && blocks.some((block) => isObject(block) && block['type'] === 'input');
  if (type === 'modal' && inputs && view['submit'] === undefined) {
    issues.add('missing required field: submit (a modal with an input block needs one)', '/view');
  }
  return [...issues.messages, ...checkBlocks(blocks, type, '/view/blocks')];
}
