/** Approvals in doubt: of somebody of whom their identity provider said afterwards that it may not have been them. */
import type { ApprovalState } from '../approval/index.ts';
import type { EngineDeps } from './deps.ts';
import type { Life } from './life.ts';

/** Who alone approved, and when at first; null where nobody or several did. */
export function soleApprover(approval: ApprovalState | null): { person: string; at: number } | null {
  const words = (approval?.stages ?? [])
    .flatMap(({ decisions }) => decisions)
    .filter(({ decision }) => decision === 'approve');
  const people = new Set(words.map(({ by }) => by));
  const [first] = words;
  return people.size !== 1 || first === undefined
    ? null
    : { person: first.by, at: Math.min(...words.map(({ at }) => Date.parse(at))) };
}

/**
 * Why nothing is released or redeemed of what one person alone approved before a security event about them, or null. It holds for good: what
 * is still wanted is asked for anew.
 */
export async function inDoubt(
  deps: Pick<EngineDeps, 'register'>,
  { state }: Pick<Life, 'state'>,
): Promise<string | null> {
  const sole = soleApprover(state.approval);
  if (sole === null) return null;
  const at = (await deps.register.current(state.action.tenant)).doubted.get(sole.person);
  if (at === undefined || sole.at > Date.parse(at)) return null;
  return `what \`${sole.person}\` alone approved is frozen: their identity provider ended their sessions afterwards`;
}
