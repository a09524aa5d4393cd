/** Suggests policy changes that would have asked people less. It runs here, on sealed history, so that payloads stay inside. */
import { CountersignError, readBounds } from '../contract/index.ts';
import type { SuggestionsView } from '../contract/views/index.ts';
import { buildBundle, compileBundle, suggest, type DecidedCase, type SealedCase } from '../policy/index.ts';
import { servingEngines } from '../policy/engines/index.ts';
import type { Caller } from '../identity/index.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import { candidateOf, directoryResolver } from './policies.ts';
import type { SuggestInput } from './policy-types.ts';
import { rehearse } from './rehearsal.ts';
import { sealedCases } from './sealed-cases.ts';

/** Actions whose decisions are read concurrently. */
const PAGE = 50;
/** Suggestions that are listed. */
const LISTED_MAX = 50;

/** @throws CountersignError `forbidden`; `invalid-policy` for files that do not build */
export async function suggestPolicies(
  deps: GatewayDeps,
  caller: Caller,
  { files, surface, through, least, ...times }: SuggestInput,
): Promise<SuggestionsView> {
  if (!mayAudit(caller)) throw new CountersignError('forbidden', 'only an auditor or an owner reads history');
  const { tenant } = caller;
  const directory = deps.directory.current(tenant);
  await rehearse(directory, files);
  await candidateOf(deps, tenant, { files });
  const { cases, erased, truncated } = await sealedCases(deps, tenant, { ...readBounds(times), surface });
  const history = await decidedCases(deps, tenant, cases);
  const suggestions = suggest(files, history, {
    through,
    least,
    resolve: directoryResolver(deps, tenant),
    compile: (changed) => {
      const { bundle } = buildBundle(changed);
      return bundle === null ? null : compileBundle(bundle.source, bundle.hash, servingEngines);
    },
  });
  const count = (decided: DecidedCase['decided']): number => history.filter((one) => one.decided === decided).length;
  return {
    total: cases.length,
    approved: count('approved'),
    refused: count('refused'),
    erased,
    truncated,
    suggestions: suggestions.slice(0, LISTED_MAX),
  };
}

/** Adds how people decided the cases that were asked. */
async function decidedCases(
  { store }: Pick<GatewayDeps, 'store'>,
  tenant: string,
  cases: readonly SealedCase[],
): Promise<DecidedCase[]> {
  const decided: DecidedCase[] = [];
  for (let at = 0; at < cases.length; at += PAGE) {
    const page = cases.slice(at, at + PAGE).map(async (one): Promise<DecidedCase> => {
      if (one.verdict.decision !== 'supervise') return { ...one, decided: null };
      const records = await store.records.ofAction(tenant, one.name);
      const last = records.findLast(
        ({ record }) => record.type === 'decision' && (record.decision === 'approve' || record.decision === 'refuse'),
      )?.record;
      if (last?.type !== 'decision') return { ...one, decided: null };
      return { ...one, decided: last.decision === 'approve' ? 'approved' : 'refused' };
    });
    decided.push(...(await Promise.all(page)));
  }
  return decided;
}
