/** Seals a person's message about a parked action, and releases the action if that completes its approval. */
import { sealDecision } from './decisions.ts';
import type { EngineDeps } from './deps.ts';
import { release } from './release.ts';
import type { DecideInput, Decided } from './types.ts';

/**
 * Seals the message, then releases the action if its sealed records approve it. Each step finds its earlier write, so a retry after a crash
 * between them continues with the second.
 */
export async function hear(deps: EngineDeps, input: DecideInput): Promise<Decided> {
  const sealed = await sealDecision(deps, input);
  const { action, approval, refusal, repeated = false } = sealed;
  const counts = refusal === undefined || repeated;
  const complete = counts && action.status === 'supervised' && approval?.status === 'approved';
  return { sealed, released: complete ? await release(deps, { action: input.action }) : null };
}
