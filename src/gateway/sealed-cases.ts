/** Sealed verdicts with what they were made from, to be judged again. */
import type { SealedCase } from '../policy/index.ts';
import type { GatewayDeps } from './deps.ts';
import { judgedRequest } from './replay.ts';
import type { BacktestInput } from './policy-types.ts';

/** The most verdicts of one query, the newest first. */
export const MAX_CASES = 10_000;
const PAGE = 100;

/** Sealed history, newest first. Only first verdicts: the one at release is about the same action. */
export async function sealedCases(
  deps: GatewayDeps,
  tenant: string,
  { from, to, surface }: Pick<BacktestInput, 'from' | 'to' | 'surface'>,
  max = MAX_CASES,
): Promise<{ cases: SealedCase[]; erased: number; truncated: boolean }> {
  const cases: SealedCase[] = [];
  let erased = 0;
  const looked = await deps.register.current(tenant);
  for (let cursor: string | undefined; ;) {
    const page = await deps.store.records.list(tenant, { type: 'verdict', from, to, surface }, cursor, PAGE);
    const requests = await Promise.all(page.records.map(({ record }) => judgedRequest(deps, record)));
    for (const [i, { record }] of page.records.entries()) {
      if (record.type !== 'verdict' || record.seq !== 0) continue;
      // Nobody asked for a drill.
      if (deps.register.drills.find(looked, tenant, record.action) !== null) continue;
      if (cases.length === max) return { cases, erased, truncated: true };
      const request = requests[i] ?? null;
      if (request === null) erased += 1;
      else cases.push({ name: record.action, request, facts: record.facts, verdict: record.verdict });
    }
    if (page.nextCursor === null) return { cases, erased, truncated: false };
    cursor = page.nextCursor;
  }
}
