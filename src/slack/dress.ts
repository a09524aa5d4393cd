/** Messages with Slack's newer blocks, and their plain form where a workspace refuses those. */
import type { Rendered } from './blocks/index.ts';
import { troubleOf } from './web.ts';

/** What is known about a workspace, until the process restarts. */
export interface Dressing {
  plain: boolean;
}

const NEWER: ReadonlySet<unknown> = new Set(['table', 'plan']);

/**
 * Sends a message in the form that this workspace accepts.
 *
 * @returns The accepted form, with Slack's answer.
 * @throws what `send` throws, except for a refusal of the newer blocks
 */
export async function dressed<T>(
  dressing: Dressing,
  render: (plain: boolean) => Rendered,
  send: (rendered: Rendered) => Promise<T>,
): Promise<{ rendered: Rendered; answer: T }> {
  const rendered = render(dressing.plain);
  try {
    return { rendered, answer: await send(rendered) };
  } catch (error) {
    if (!rendered.blocks.some(({ type }) => NEWER.has(type)) || !refusesBlocks(error)) throw error;
  }
  const plain = render(true);
  const answer = await send(plain);
  dressing.plain = true;
  return { rendered: plain, answer };
}

/** Whether Slack accepted the call but refused its blocks. @throws errors that are not of the Web API */
export function refusesBlocks(error: unknown): boolean {
  const trouble = troubleOf(error);
  return trouble.kind === 'target' && REFUSALS.has(trouble.code);
}

const REFUSALS: ReadonlySet<string> = new Set(['invalid_blocks', 'invalid_blocks_format', 'invalid_arguments']);
