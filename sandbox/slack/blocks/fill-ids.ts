import { shortId } from '../ids.ts';
import { isObject } from '../json.ts';
import type { JsonObject } from '../json.ts';
import { elementsOf } from './blocks.ts';

/**
 * A copy of checked `blocks` in which, as in Slack's answers, every block has a `block_id` and every element an
 * `action_id`.
 */
export function fillIds(blocks: JsonObject[]): JsonObject[] {
  return structuredClone(blocks).map((block) => {
    block['block_id'] ??= shortId();
    for (const element of elementsOf(block)) if (isObject(element)) element['action_id'] ??= shortId();
    return block;
  });
}
