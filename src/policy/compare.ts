import type { ActionRequest, Facts, Judgement, Verdict } from '../contract/index.ts';
import { canonicalize } from '../canonical/index.ts';
import type { PolicyFile } from './build.ts';
import { caseFacts, readCases, type Resolve } from './cases.ts';
import type { CompiledBundle } from './compiled.ts';
import { evaluate } from './evaluate.ts';
import { requiredFacts } from './facts.ts';
import { sameKey } from './limits.ts';

/** One sealed verdict with what it was made from. */
export interface SealedCase {
  /** How to name it: an action id, or the name of a case. */
  name: string;
  request: ActionRequest;
  facts: Facts;
  verdict: Verdict;
}

/** One action that another bundle judges differently. */
export interface ChangedVerdict {
  name: string;
  from: Verdict;
  to: Verdict;
}

export interface BacktestReport {
  total: number;
  changed: ChangedVerdict[];
  /** Counts by decision, most frequent first. */
  transitions: { from: string; to: string; count: number }[];
  /** How many actions need more facts than were sealed, because the candidate asks for more; see {@link backtest}. */
  assumed: number;
  /** `37 of 1,204 would change: 30 supervise → approve, 7 approve → refuse`, and what was assumed. */
  lines: string[];
}

/**
 * Judges sealed history again under a candidate bundle, each action by the facts of its time. People and limits that
 * only the candidate asks for are not among those facts: people are resolved as the directory has them now, limits taken as
 * unused, and the report counts such actions.
 */
export function backtest(
  candidate: CompiledBundle,
  sealed: readonly SealedCase[],
  resolve: Resolve = () => [],
): BacktestReport {
  const changed: ChangedVerdict[] = [];
  let assumed = 0;
  for (const one of sealed) {
    const { facts, complete } = completeFacts(candidate, one, resolve);
    if (!complete) assumed += 1;
    const { verdict } = evaluate(candidate, one.request, facts);
    if (differs(one.verdict, verdict)) changed.push({ name: one.name, from: one.verdict, to: verdict });
  }
  const transitions = countTransitions(changed);
  const lines = [summary(changed.length, sealed.length, transitions)];
  if (assumed > 0) {
    lines.push(
      `${thousands(assumed)} of them needed people or limits that were not sealed: today’s directory and unused limits were assumed`,
    );
  }
  return { total: sealed.length, changed, transitions, assumed, lines };
}

function completeFacts(bundle: CompiledBundle, one: SealedCase, resolve: Resolve): { facts: Facts; complete: boolean } {
  const need = requiredFacts(bundle, one.request);
  const people = { ...one.facts.people };
  const limits = [...one.facts.limits];
  let complete = true;
  for (const ref of need.people) {
    if (Object.hasOwn(people, ref)) continue;
    people[ref] = resolve(ref, one.request.actor);
    complete = false;
  }
  for (const { limit, key } of need.limits) {
    if (limits.some((fact) => fact.limit === limit && sameKey(fact.key, key))) continue;
    limits.push({ limit, key, used: '0' });
    complete = false;
  }
  return { facts: { ...one.facts, people, limits }, complete };
}

/** Verdicts are equal if they release, park or refuse alike with the same changes. Texts and names do not matter. */
function differs(a: Verdict, b: Verdict): boolean {
  return a.decision !== b.decision || a.mode !== b.mode || canonicalize(a.changes) !== canonicalize(b.changes);
}

function countTransitions(changed: readonly ChangedVerdict[]): BacktestReport['transitions'] {
  const counts = new Map<string, number>();
  for (const { from, to } of changed) {
    const key = `${from.decision} → ${to.decision}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts]
    .map(([key, count]) => {
      const [from = '', to = ''] = key.split(' → ');
      return { from, to, count };
    })
    .sort((a, b) => b.count - a.count || (a.from + a.to < b.from + b.to ? -1 : 1));
}

function summary(changed: number, total: number, transitions: BacktestReport['transitions']): string {
  if (changed === 0) return `none of ${thousands(total)} would change`;
  const each = transitions.map(({ from, to, count }) => `${thousands(count)} ${from} → ${to}`).join(', ');
  return `${thousands(changed)} of ${thousands(total)} would change: ${each}`;
}

function thousands(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

export interface BundleDiff {
  /** Names of policies. */
  added: string[];
  removed: string[];
  /** Policies whose text differs, even if no verdict does. */
  changed: string[];
  /** Cases whose judgement differs. */
  verdicts: (ChangedVerdict & { why: string })[];
  total: number;
}

/**
 * What changes from bundle `a` to bundle `b`: which policies, and which of the cases get another judgement (decision,
 * changes, or the people asked).
 */
export function diffBundles(
  a: CompiledBundle,
  b: CompiledBundle,
  files: readonly PolicyFile[],
  resolve: Resolve,
): BundleDiff {
  const texts = (bundle: CompiledBundle): Map<string, string> =>
    new Map(bundle.policies.map((policy) => [policy.name, canonicalize(policy.source)]));
  const [before, after] = [texts(a), texts(b)];
  const { cases } = readCases(files);
  const verdicts: BundleDiff['verdicts'] = [];
  for (const one of cases) {
    const have = evaluate(a, one.request, caseFacts(a, one, resolve));
    const would = evaluate(b, one.request, caseFacts(b, one, resolve));
    const why = difference(have, would);
    if (why !== null)
      verdicts.push({ name: `${one.file}:${one.line} ${one.name}`, from: have.verdict, to: would.verdict, why });
  }
  return {
    added: [...after.keys()].filter((name) => !before.has(name)).sort(),
    removed: [...before.keys()].filter((name) => !after.has(name)).sort(),
    changed: [...after]
      .filter(([name, text]) => before.has(name) && before.get(name) !== text)
      .map(([name]) => name)
      .sort(),
    verdicts,
    total: cases.length,
  };
}

function difference(a: Judgement, b: Judgement): string | null {
  if (differs(a.verdict, b.verdict)) return `${a.verdict.decision} → ${b.verdict.decision}`;
  const people = (judgement: Judgement): string =>
    canonicalize(judgement.plan?.stages.map((stage) => stage.approvers) ?? []);
  return people(a) === people(b) ? null : `other approvers: ${people(a)} → ${people(b)}`;
}
