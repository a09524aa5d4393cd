import {
  COMMITTED,
  type ActionRequest,
  type ApprovalPlan,
  type Facts,
  type Json,
  type Verdict,
} from '../contract/index.ts';
import { canonicalize } from '../canonical/index.ts';
import type { CompiledBundle } from './compiled.ts';
import { evaluate } from './evaluate.ts';

/** The first reason of a verdict at release: people approved, but policy now refuses. */
export const REFUSED_SINCE = 'approved, but policy has since come to refuse it';

/** A sealed verdict with what it was made from, beside bundle and request. */
export interface SealedVerdict {
  verdict: Verdict;
  facts: Facts;
  /** Left out where only the verdict was sealed, as at a release. */
  observed?: Verdict | null | undefined;
  plan?: ApprovalPlan | null | undefined;
}

export interface Replayed {
  same: boolean;
  /** The verdict of the same bundle, request and facts now. */
  verdict: Verdict;
  /** Which parts differ from what was sealed: `verdict`, `observed`, `plan`. */
  differences: string[];
}

/** The verdict with a commitment wherever one was sealed, because the value is unknown without the action's key. */
function asSealed(verdict: Verdict, sealed: Verdict | null): Verdict {
  if (verdict.changes === null || sealed?.changes == null) return verdict;
  const was = sealed.changes;
  const asSealedAt = (path: string, value: Json): Json => {
    const before = was[path];
    return typeof before === 'string' && COMMITTED.test(before) ? before : value;
  };
  const changes = Object.entries(verdict.changes).map(([path, value]) => [path, asSealedAt(path, value)] as const);
  return { ...verdict, changes: Object.fromEntries(changes) };
}

/**
 * Judges a sealed verdict again: same bundle, same request and same facts give the same verdict (contract section 5), for ever.
 *
 * @param bundle the bundle that the verdict names; null where it names none, and then only a refusal is right
 * @param request the request as it was judged: of a verdict at release, with all changes made
 */
export function replayVerdict(sealed: SealedVerdict, bundle: CompiledBundle | null, request: ActionRequest): Replayed {
  if (bundle === null) {
    const same = sealed.verdict.decision === 'refuse' && sealed.verdict.bundle === null;
    return { same, verdict: sealed.verdict, differences: same ? [] : ['verdict'] };
  }
  const again = evaluate(bundle, request, sealed.facts);
  const since = sealed.verdict.reasons[0] === REFUSED_SINCE ? [REFUSED_SINCE] : [];
  const verdict = { ...again.verdict, reasons: [...since, ...again.verdict.reasons] };
  const differences: string[] = [];
  const check = (name: string, was: unknown, is: unknown): void => {
    if (was !== undefined && canonicalize(was) !== canonicalize(is)) differences.push(name);
  };
  check('verdict', sealed.verdict, asSealed(verdict, sealed.verdict));
  if (since.length === 0) {
    check('observed', sealed.observed, again.observed && asSealed(again.observed, sealed.observed ?? null));
    check('plan', sealed.plan, again.plan);
  }
  return { same: differences.length === 0, verdict, differences };
}
