import {
  type ActionRequest,
  type Actor,
  type Facts,
  type ExecutionFact,
  type IdentityFact,
  type Json,
  type JsonObject,
  type Judgement,
  actingChain,
  actionRequestSchema,
  ANY,
} from '../contract/index.ts';
import { canonicalize, instantOf } from '../canonical/index.ts';
import { type PolicyFile, kindOfFile } from './build.ts';
import { casesSchema, type CaseWant, type CasesFile } from './cases-schema.ts';
import type { CompiledBundle } from './compiled.ts';
import { evaluate } from './evaluate.ts';
import { requiredFacts } from './facts.ts';
import { oncePerFile } from './once-per-file.ts';
import type { Problem } from './problem.ts';
import { asVouched } from './vouched.ts';
import { readYaml, schemaProblems } from './yaml.ts';

/** People an approver reference means for an actor, as the directory says. */
export type Resolve = (ref: string, actor: Actor) => string[];

/** The default time of a case: a Wednesday noon. */
const DEFAULT_NOW = '2026-11-18T12:00:00.000Z';

/** One row of a cases file, ready to judge. */
export interface PolicyCase {
  file: string;
  /** Line of the row, from 1. */
  line: number;
  name: string;
  request: ActionRequest;
  now: string;
  used: Record<string, string>;
  people: Record<string, string[]>;
  /** Who answers for the actor; null for nobody. */
  owner: string | null;
  conflict: string | null;
  /** What a connector has counted; null where the engine does not execute it. */
  execution: ExecutionFact | null;
  want: CaseWant;
}

export interface CaseResult {
  file: string;
  line: number;
  name: string;
  pass: boolean;
  /** One sentence for each difference from what the case expects. */
  differences: string[];
  judgement: Judgement;
}

export interface PolicyCoverage {
  policy: string;
  /** Times each rule matched, in the order of the policy. */
  rules: { rule: string; hits: number }[];
}

export interface CasesReport {
  results: CaseResult[];
  coverage: PolicyCoverage[];
  /** What is wrong with the case files themselves. */
  problems: Problem[];
}

/** The names of all cases in these files, to compare them with a change that deletes some. */
export const caseNames = (files: readonly PolicyFile[]): string[] =>
  readCases(files).cases.map(({ file, name }) => `${file}: ${name}`);

/** Reads the cases among `files`; others are passed over. Never throws. */
export function readCases(files: readonly PolicyFile[]): { cases: PolicyCase[]; problems: Problem[] } {
  const read = files.filter(({ path }) => kindOfFile(path) === 'cases').map(readFile);
  return { cases: read.flatMap(({ cases }) => cases), problems: read.flatMap(({ problems }) => problems) };
}

const readFile = oncePerFile(({ path, text }: PolicyFile): { cases: PolicyCase[]; problems: Problem[] } => {
  const { yaml, problems } = readYaml(path, text);
  if (yaml === null) return { cases: [], problems };
  const parsed = casesSchema.safeParse(yaml.value);
  if (!parsed.success) return { cases: [], problems: [...problems, ...schemaProblems(yaml, parsed.error, caseFields)] };
  const cases: PolicyCase[] = [];
  for (const [index, row] of parsed.data.cases.entries()) {
    const request = actionRequestSchema.safeParse(mergeJson(parsed.data.given?.request ?? {}, row.request ?? {}));
    const place = yaml.problem(['cases', index], '', null);
    if (request.success) cases.push(caseOf(path, place.line, parsed.data, row, request.data));
    else {
      const why = request.error.issues[0];
      const where = why === undefined ? '' : ` at \`${why.path.join('.')}\`: ${why.message}`;
      problems.push({
        ...place,
        message: `case \`${row.name}\` has no valid request${where}`,
        suggestion: 'see docs/contract.md, section 2',
      });
    }
  }
  return { cases, problems };
});

function caseFields(place: readonly PropertyKey[]): readonly string[] {
  if (place.at(-1) === 'want') return Object.keys(casesSchema.shape.cases.element.shape.want.shape);
  return place.length === 0
    ? ['given', 'cases']
    : ['name', 'request', 'now', 'used', 'people', 'conflict', 'execution', 'want'];
}

function caseOf(
  file: string,
  line: number,
  all: CasesFile,
  row: CasesFile['cases'][number],
  request: ActionRequest,
): PolicyCase {
  const used = Object.entries({ ...all.given?.used, ...row.used }).map(([name, value]) => [name, String(value)]);
  return {
    file,
    line,
    name: row.name,
    request,
    now: new Date(instantOf(row.now ?? all.given?.now ?? DEFAULT_NOW) ?? Number.NaN).toISOString(),
    used: Object.fromEntries(used) as Record<string, string>,
    people: { ...all.given?.people, ...row.people },
    owner: row.owner ?? all.given?.owner ?? null,
    conflict: row.conflict ?? all.given?.conflict ?? null,
    execution: executionOf(request, row.execution ?? all.given?.execution),
    want: row.want,
  };
}

/** Counts that a case leaves out are zero. */
function executionOf(
  { execution }: ActionRequest,
  said: CasesFile['cases'][number]['execution'],
): ExecutionFact | null {
  if (execution === undefined) return null;
  const { connector } = execution;
  if (said === undefined) return { connector, settings: UNKNOWN_SETTINGS };
  const { inserted = 0, updated = 0, deleted = 0, statement, writes = [], tables = [] } = said;
  const counted = { inserted, updated, deleted, rows: inserted + updated + deleted };
  return { connector, settings: UNKNOWN_SETTINGS, statement, writes, ...counted, tables };
}
const UNKNOWN_SETTINGS = `sha256:${'0'.repeat(64)}`;

/** Objects merge member by member; everything else is replaced. */
function mergeJson(base: Json, over: Json): Json {
  const maps = [base, over].every((json) => typeof json === 'object' && json !== null && !Array.isArray(json));
  if (!maps) return over;
  const merged: JsonObject = { ...(base as JsonObject) };
  for (const [name, value] of Object.entries(over as JsonObject)) {
    const below = merged[name];
    merged[name] = below === undefined ? value : mergeJson(below, value);
  }
  return merged;
}

/** The facts of a case under a bundle: its own, and those of the directory for people that it does not name. */
export function caseFacts(bundle: CompiledBundle, one: PolicyCase, resolve: Resolve): Facts {
  const identities = one.owner === null ? undefined : ownedBy(one.owner, one.request);
  const { provenance: said } = one.request.context ?? {};
  const vouching = {
    ...(identities === undefined ? {} : { identities }),
    ...(said === undefined ? {} : { provenance: { believed: true, fields: said } }),
    ...(one.execution === null ? {} : { execution: one.execution }),
  };
  const need = requiredFacts(bundle, asVouched(one.request, vouching));
  return {
    now: one.now,
    limits: need.limits.map(({ limit, key }) => ({
      limit,
      key,
      used: one.used[limit] ?? one.used[limit.split('/').at(-1) ?? ''] ?? '0',
    })),
    people: Object.fromEntries(need.people.map((ref) => [ref, one.people[ref] ?? resolve(ref, one.request.actor)])),
    conflict: one.conflict,
    ...vouching,
  };
}

/** The chain as the first key vouches for it, its actor owned by somebody. */
const ownedBy = (owner: string, { actor }: ActionRequest): IdentityFact[] =>
  actingChain(actor).map(({ id }, depth) => ({
    id,
    standing: 'directory',
    spokenFor: true,
    owner: depth === 0 ? owner : null,
    roles: [ANY],
    groups: [ANY],
    claimed: null,
  }));

/** Runs the cases among `files` against a bundle and counts which rules they reach. */
export function runCases(bundle: CompiledBundle, files: readonly PolicyFile[], resolve: Resolve): CasesReport {
  const { cases, problems } = readCases(files);
  const hits = new Map<string, number>();
  const results = cases.map((one): CaseResult => {
    const judgement = evaluate(bundle, one.request, caseFacts(bundle, one, resolve), { trace: true });
    for (const entry of judgement.trace) {
      const rule = `${entry.policy}\n${entry.rule ?? ''}`;
      if (entry.result === 'matched') hits.set(rule, (hits.get(rule) ?? 0) + 1);
    }
    const differences = compare(one.want, judgement);
    return { file: one.file, line: one.line, name: one.name, pass: differences.length === 0, differences, judgement };
  });
  const coverage = bundle.policies.map((policy) => ({
    policy: policy.name,
    rules: policy.rules.map(({ id }) => ({ rule: id, hits: hits.get(`${policy.name}\n${id}`) ?? 0 })),
  }));
  return { results, coverage, problems };
}

function compare(want: CaseWant, have: Judgement): string[] {
  const differences: string[] = [];
  const check = (name: string, wanted: unknown, actual: unknown): void => {
    if (wanted === undefined || canonicalize(wanted) === canonicalize(actual ?? null)) return;
    differences.push(`${name}: want ${canonicalize(wanted)}, have ${canonicalize(actual ?? null)}`);
  };
  const sorted = (people: readonly string[] | undefined): string[] | undefined => people && [...people].sort();
  const { verdict } = have;
  check('decision', want.decision, verdict.decision);
  check('basis', want.basis, verdict.basis);
  check('policy', want.policy, verdict.policy);
  check('rule', want.rule, verdict.rule);
  check('mode', want.mode, verdict.mode);
  check('observed', want.observed, have.observed?.decision ?? null);
  check('approvers', want.approvers?.map(sorted), have.plan?.stages.map((stage) => stage.approvers) ?? []);
  check('changes', want.changes, verdict.changes);
  check('review', sorted(want.review), sorted(have.review?.approvers) ?? []);
  check('notify', want.notify, have.notify);
  if (want.reason !== undefined && !verdict.reasons.some((reason) => reason.includes(want.reason ?? ''))) {
    differences.push(`reason: want one with "${want.reason}", have ${canonicalize(verdict.reasons)}`);
  }
  return differences;
}

/** `payments.refund: 4 of 4 rules`, and the rules that no case reached. */
export function describeCoverage(coverage: PolicyCoverage): string {
  const missed = coverage.rules.filter((rule) => rule.hits === 0).map((rule) => rule.rule);
  const reached = coverage.rules.length - missed.length;
  const tail = missed.length === 0 ? '' : `; no case reaches ${missed.join(', ')}`;
  return `${coverage.policy}: ${reached} of ${coverage.rules.length} rules${tail}`;
}
