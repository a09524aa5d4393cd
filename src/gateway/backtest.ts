import { CountersignError, readBounds } from '../contract/index.ts';
import { backtest as judgeAgain, type BacktestReport, type CompiledBundle, type SealedCase } from '../policy/index.ts';
import type { Caller } from '../identity/index.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import { rehearse } from './rehearsal.ts';
import { candidateOf } from './policies.ts';
import { MAX_CASES, sealedCases } from './sealed-cases.ts';
import type { BacktestInput, BacktestView } from './policy-types.ts';

/** Changed verdicts that are named one by one. */
const LISTED_MAX = 200;

/**
 * Judges sealed history again under a candidate bundle, here, so that payloads stay inside. With `base` the verdicts of two bundles
 * are compared instead of the sealed ones with the candidate's.
 */
export async function backtestPolicies(deps: GatewayDeps, caller: Caller, input: BacktestInput): Promise<BacktestView> {
  if (!mayAudit(caller)) throw new CountersignError('forbidden', 'only an auditor or an owner tests history');
  const between = readBounds(input);
  const directory = deps.directory.current(caller.tenant);
  for (const { files } of [input, input.base ?? {}]) if (files !== undefined) await rehearse(directory, files);
  const candidate = await candidateOf(deps, caller.tenant, input);
  const base = input.base === undefined ? null : await candidateOf(deps, caller.tenant, input.base);
  const resolve = (ref: string, actor: Parameters<NonNullable<Parameters<typeof judgeAgain>[2]>>[1]): string[] =>
    directory.resolve(ref, actor);
  const { cases, erased, truncated } = await sealedCases(deps, caller.tenant, { ...input, ...between });
  if (input.files !== undefined) await rehearse(directory, input.files, cases);
  const judged = async (bundle: CompiledBundle, sealed: SealedCase[]): Promise<BacktestReport> =>
    (await deps.bundles.asking(bundle).judged((by) => judgeAgain(by, sealed, resolve))).value;
  const under = new Map(base === null ? [] : (await judged(base, cases)).changed.map(({ name, to }) => [name, to]));
  const report = await judged(
    candidate,
    cases.map((one) => ({ ...one, verdict: under.get(one.name) ?? one.verdict })),
  );
  const lines = [...report.lines];
  if (erased > 0) lines.push(`${erased} more were left out: their payloads were erased`);
  if (truncated) lines.push(`only the newest ${MAX_CASES} verdicts were judged; narrow it with from and to`);
  return {
    bundle: candidate.hash,
    base: base?.hash ?? null,
    total: report.total,
    changed: report.changed.length,
    examples: report.changed.slice(0, LISTED_MAX),
    transitions: report.transitions,
    assumed: report.assumed,
    erased,
    truncated,
    lines,
  };
}
