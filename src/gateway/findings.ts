/** What the finance tests found in a period, with people's answers. A finding is a question, and its answer is sealed. */
import { AUDIT_TESTS } from '../audit/index.ts';
import { hashOf } from '../canonical/index.ts';
import { checkReason, CountersignError, type JsonObject } from '../contract/index.ts';
import {
  sealedFindingSchema,
  type FindingAnswerView,
  type FindingDetail,
  type Findings,
  type FindingView,
} from '../contract/views/index.ts';
import { insist } from '../engine/seal.ts';
import { newestInChain, sealInChain } from '../engine/chain.ts';
import type { Caller } from '../identity/index.ts';
import { findingChain, type FindingAnswer, type StoredFinding } from '../store/index.ts';
import { mayAudit } from './access.ts';
import type { GatewayDeps } from './deps.ts';
import type { AnswerFindingInput, FindingsQuery } from './finding-types.ts';
import { periodOf } from './period.ts';

/** Findings of one answer. */
const LISTED = 1000;
/** Up to this many actions of a quarter, a request computes the findings itself, so that callers see their own earlier actions. */
const AT_ONCE = 10_000;
/** Actions that are counted. */
const COUNTED = 100_000;
/** Actions that a sealed answer names one by one; all of them are in its digest. */
const NAMED = 500;

/** @throws CountersignError `forbidden`, `invalid-request` */
export async function findings(deps: GatewayDeps, caller: Caller, query: FindingsQuery): Promise<Findings> {
  refuseOthers(caller);
  const tests = AUDIT_TESTS.filter(({ name }) => query.test === undefined || query.test === name);
  if (tests.length === 0) {
    const known = AUDIT_TESTS.map(({ name }) => `\`${name}\``).join(', ');
    throw new CountersignError('invalid-request', `there is no test of that name; known are ${known}`);
  }
  const { tenant } = caller;
  const { test, surface, action, answered } = query;
  const time = periodOf(deps, query);
  const asOf = await upToDate(deps, tenant);
  const [current, answers, actions, periods] = await Promise.all([
    deps.store.findings.list(tenant, { ...time, test, surface, action }, LISTED + 1),
    deps.store.findings.answers(tenant),
    deps.store.facts.count(tenant, { ...time, surface }, 'all', COUNTED),
    deps.store.findings.periods(tenant),
  ]);
  const said = byFinding(answers);
  const listed = current.slice(0, LISTED).map((one) => viewOf(one, said.get(one.id) ?? []));
  const gone = goneOf(said, new Set(current.map(({ id }) => id))).filter(
    (one) =>
      one.lastAt >= time.from &&
      one.firstAt < time.to &&
      (test === undefined || one.test === test) &&
      (surface === undefined || one.surfaces.includes(surface)) &&
      (action === undefined || one.actions.includes(action)),
  );
  const all = [...listed, ...gone].filter((one) => answered === undefined || one.answers.length > 0 === answered);
  const looked = periods.filter(({ computed }) => computed > 0);
  return {
    ...time,
    actions,
    cut: current.length > LISTED || looked.some(({ cut }) => cut),
    behind: periods.filter(({ grown, computed }) => computed < grown).map(({ period }) => period),
    zone: 'UTC',
    tests: tests.map(({ name, version, question, params }) => {
      const ofTest = all.filter((one) => one.test === name);
      const unanswered = ofTest.filter(({ answers: { length } }) => length === 0).length;
      return { name, version, question, params: { ...params }, findings: ofTest.length, unanswered };
    }),
    findings: all.sort(
      (a, b) => Number(a.answers.length > 0) - Number(b.answers.length > 0) || (a.lastAt > b.lastAt ? -1 : 1),
    ),
    asOf,
  };
}

/** One finding. @throws CountersignError `forbidden`, `not-found` */
export async function finding(deps: GatewayDeps, caller: Caller, id: string): Promise<FindingDetail> {
  refuseOthers(caller);
  await upToDate(deps, caller.tenant);
  const view = await findingView(deps, caller.tenant, id);
  const test = AUDIT_TESTS.find(({ name }) => name === view.test);
  return { ...view, question: test?.question ?? null, params: test === undefined ? null : { ...test.params } };
}

/**
 * Seals a person's answer to a finding. It is shown beside the finding.
 *
 * @throws CountersignError `forbidden` for a key, and for people who are neither auditors nor owners; `not-found`
 */
export async function answerFinding(
  deps: GatewayDeps,
  caller: Caller,
  id: string,
  { conclusion, reason }: AnswerFindingInput,
): Promise<FindingDetail> {
  refuseOthers(caller);
  if (caller.kind !== 'person') {
    throw new CountersignError(
      'forbidden',
      'a key is no person; answer a finding with the token of an auditor or owner',
    );
  }
  checkReason(reason);
  const { tenant } = caller;
  await upToDate(deps, tenant);
  const { answers: _answers, found: _found, actions, ...about } = await findingView(deps, tenant, id);
  const size = (await deps.readModel.catchUp(tenant, 0)).size;
  const body: JsonObject = {
    finding: { ...about, actions: actions.slice(0, NAMED), count: actions.length, digest: hashOf(actions) },
    conclusion,
    log: { size },
  };
  await insist(async () => {
    const chain = findingChain(id);
    const sealed = await sealInChain(deps, {
      tenant,
      type: 'finding',
      chain,
      after: await newestInChain(deps, tenant, 'finding', chain),
      at: deps.now().toISOString(),
      by: caller.id,
      reason,
      body,
      attestedBy: deps.keys.attestation,
    });
    return sealed.existing ? null : sealed;
  });
  return finding(deps, caller, id);
}

/** Rows and findings include what the log holds. */
async function upToDate(deps: GatewayDeps, tenant: string): Promise<Findings['asOf']> {
  const asOf = await deps.readModel.catchUp(tenant);
  await deps.findingWatch.refresh(tenant, AT_ONCE);
  return asOf;
}

async function findingView(deps: GatewayDeps, tenant: string, id: string): Promise<FindingView> {
  const [stored, answers] = await Promise.all([
    deps.store.findings.get(tenant, id),
    deps.store.findings.answers(tenant, [id]),
  ]);
  if (stored !== null) return viewOf(stored, answers);
  const [gone] = goneOf(byFinding(answers), new Set());
  if (gone === undefined)
    throw new CountersignError('not-found', 'there is no such finding; GET /v1/findings lists them');
  return gone;
}

function byFinding(answers: readonly FindingAnswer[]): Map<string, FindingAnswer[]> {
  const said = new Map<string, FindingAnswer[]>();
  for (const answer of answers) said.set(answer.finding, [...(said.get(answer.finding) ?? []), answer]);
  return said;
}

/** Answered findings that no test makes any more, as their sealed answers show them. */
function goneOf(said: ReadonlyMap<string, FindingAnswer[]>, current: ReadonlySet<string>): FindingView[] {
  return [...said].flatMap(([id, answers]) => {
    if (current.has(id)) return [];
    const { data } = sealedFindingSchema.safeParse(answers.at(-1)?.body['finding']);
    if (data === undefined) return [];
    const { count: _count, ...finding } = data;
    return [{ ...viewOf(finding, answers), found: false }];
  });
}

const viewOf = (finding: StoredFinding, answers: readonly FindingAnswer[]): FindingView => ({
  ...finding,
  found: true,
  answers: answers.map(saidOf),
});

const saidOf = ({ by, at, reason, body, record }: FindingAnswer): FindingAnswerView => ({
  by,
  at,
  conclusion: String(body['conclusion']),
  reason,
  record,
});

function refuseOthers(caller: Caller): void {
  if (!mayAudit(caller)) throw new CountersignError('forbidden', 'only an auditor or an owner asks this');
}
