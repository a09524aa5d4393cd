/** Random samples of a period's actions, drawn so that nobody can have chosen them. */
import { sample, worksheetOf, type Drawn } from '../audit/index.ts';
import { toBase64 } from '../canonical/index.ts';
import { CountersignError } from '../contract/index.ts';
import type { DrawnSample } from '../contract/views/index.ts';
import { verifiedRecords } from '../engine/sealed-records.ts';
import type { Caller } from '../identity/index.ts';
import { emptyRoot } from '../ledger/index.ts';
import type { ActionFact, FactFilter } from '../store/index.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import type { SampleInput } from './finding-types.ts';
import { periodOf } from './period.ts';

/** Actions that one answer looks at. */
const ACTIONS_MAX = 100_000;
const PAGE = 1000;
/** Actions of one worksheet. */
const WORKSHEET_MAX = 500;

/** Draws a sample. @throws CountersignError `forbidden`, `invalid-request` */
export async function drawSample(deps: GatewayDeps, caller: Caller, input: SampleInput): Promise<DrawnSample> {
  refuseOthers(caller);
  const { size, word, strata, allAbove, from, to, worksheet, ...filter } = input;
  const time = periodOf(deps, { from, to });
  // The log's size and root fix the population, so the caller cannot have chosen it.
  const head = await deps.store.log.head(caller.tenant);
  await deps.readModel.catchUp(caller.tenant);
  const entries = head?.size ?? 0;
  const { facts: all, cut } = await readFacts(deps, caller.tenant, { ...filter, ...time });
  const facts = all.filter(({ firstIndex }) => firstIndex < entries);
  if (cut) {
    throw new CountersignError(
      'invalid-request',
      `there are more than ${ACTIONS_MAX} such actions; ask for a shorter time`,
    );
  }
  const root = toBase64(head?.root ?? emptyRoot());
  const seed = `${root}/${word}`;
  const stratumOf = (fact: ActionFact): string => (strata === undefined ? 'all' : (fact[strata] ?? 'none'));
  const population = facts.map((fact) => ({ id: fact.action, stratum: stratumOf(fact), amount: fact.amount }));
  const drawn = sample(population, { size, seed, allAbove });
  const names = [...new Set(population.map(({ stratum }) => stratum))].sort();
  return {
    ...time,
    population: {
      actions: population.length,
      strata: names.map((name) => ({ name, actions: population.filter(({ stratum }) => stratum === name).length })),
    },
    seed,
    drawn,
    log: { size: entries, root },
    worksheet: worksheet === true ? await filledIn(deps, caller.tenant, drawn, facts) : null,
  };
}

/** From the verified records of each action that was drawn. */
async function filledIn(
  deps: Pick<GatewayDeps, 'store' | 'signers'>,
  tenant: string,
  drawn: readonly Drawn[],
  facts: readonly ActionFact[],
): Promise<DrawnSample['worksheet']> {
  if (drawn.length > WORKSHEET_MAX) {
    throw new CountersignError('invalid-request', `a worksheet has at most ${WORKSHEET_MAX} actions; draw fewer`);
  }
  const byId = new Map(facts.map((fact) => [fact.action, fact]));
  const rows: NonNullable<DrawnSample['worksheet']> = [];
  for (const { id } of drawn) {
    const records = await verifiedRecords(deps, tenant, id);
    const { amountApproved = null, amountExecuted = null } = byId.get(id) ?? {};
    rows.push({ id, cells: worksheetOf(records, { approved: amountApproved, executed: amountExecuted }) });
  }
  return rows;
}

function refuseOthers(caller: Caller): void {
  if (!mayAudit(caller)) throw new CountersignError('forbidden', 'only an auditor or an owner asks this');
}

/** In the order in which they were asked for. */
async function readFacts(
  { store }: Pick<GatewayDeps, 'store'>,
  tenant: string,
  filter: FactFilter,
): Promise<{ facts: ActionFact[]; cut: boolean }> {
  const facts: ActionFact[] = [];
  let cursor: string | undefined;
  do {
    const page = { filter, scope: 'all' as const, sort: 'askedAt' as const, cursor, limit: PAGE };
    const { facts: more, nextCursor } = await store.facts.search(tenant, page);
    facts.push(...more);
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined && facts.length < ACTIONS_MAX);
  return { facts, cut: cursor !== undefined };
}
