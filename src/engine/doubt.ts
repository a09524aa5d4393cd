/** Approvals in doubt: the identity provider said afterwards that the approver may have been somebody else. */
import type { ApprovalState } from '../approval/index.ts';
import type { EngineDeps } from './deps.ts';
import type { Life } from './life.ts';

/** The only approver and their first approval; null where nobody or several approved. */
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
 * Why an action may not be released or redeemed, or null. Only one person approved it, and a security event about them followed. This is
 * final; the requester has to ask again with a new key.
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
