import type { Json } from '../contract/index.ts';
import type {
  CompiledApproval,
  CompiledLimit,
  CompiledNotify,
  CompiledPolicy,
  CompiledRef,
  CompiledRule,
  CompiledSameness,
  CompiledStage,
} from './compiled.ts';
import { type Conditions, type Expression, type Scope, inexactNumbers, unknownField } from './conditions/index.ts';
import { BREAK_GLASS } from './break-glass.ts';
import type { Fault } from './fault.ts';
import { parseDuration } from './duration.ts';
import { readAmount } from './amounts.ts';
import { authzenFaults } from './authzen.ts';
import type { Policy, PolicyApproval, PolicyRule } from './schema.ts';

/** What the rest of the bundle gives a policy. */
export interface Surroundings {
  conditions: Conditions;
  holidays: Readonly<Record<string, readonly string[]>>;
  cedar: ReadonlySet<string>;
  opa: ReadonlySet<string>;
  /** Whether it comes from a file that can be corrected: then its numbers must be exact. A stored bundle keeps its meaning. */
  fromFile?: boolean;
}

/** Compiles one policy that the schema has accepted. `policy` is null when there is any fault. */
export function compilePolicy(
  source: Policy,
  around: Surroundings,
): { policy: CompiledPolicy | null; faults: Fault[] } {
  const faults: Fault[] = [];
  const holidays = { ...around.holidays, ...source.holidays };
  const names = {
    limits: new Set(Object.keys(source.limits)),
    holidays: new Set(Object.keys(holidays)),
    cedar: around.cedar,
    opa: around.opa,
  };

  const compile = (text: string, kind: Scope['kind'], path: Fault['path'], skipped = 0): Expression | null => {
    const { expression, problems } = around.conditions.compile(text, { kind, ...names });
    for (const problem of problems) faults.push({ ...problem, path, offset: problem.offset + skipped });
    const inexact = around.fromFile === true ? inexactNumbers(text) : [];
    for (const problem of inexact) faults.push({ ...problem, path, offset: problem.offset + skipped });
    return expression;
  };
  const refs = (texts: readonly string[], path: Fault['path']): CompiledRef[] =>
    texts.map((text, index) => {
      const expression = expressionText(text);
      if (expression === null) return { text, expression: null };
      return { text, expression: compile(expression, 'reference', [...path, index], text.length - expression.length) };
    });

  checkPaths(source, faults);
  checkRules(source, faults);
  faults.push(...authzenFaults(source));
  const notified = compileNotify(source.notify);
  const rules = source.rules.map((rule, index): CompiledRule | null => {
    const path: Fault['path'] = ['rules', index];
    const when = compile(rule.when, 'condition', [...path, 'when']);
    const changes = rule.then === 'constrain' ? compileChanges(rule, [...path, 'changes'], compile) : [];
    const approval = rule.then === 'supervise' ? compileApproval(rule.approval, [...path, 'approval'], refs) : null;
    if (when === null) return null;
    const { id, then, because = null, log } = rule;
    const notify = rule.notify === undefined ? notified : compileNotify(rule.notify);
    return { id, then, when, because, notify, log, effect: rule.effect?.kind ?? null, changes, approval };
  });
  const advice = (source.advice ?? []).map(({ ask, stage }, index) => ({
    ask,
    stage: stage === undefined ? null : compileStage(stage, ['advice', index, 'stage'], refs),
  }));
  const breakGlass = source.breakGlass && {
    allow: refs(source.breakGlass.allow, ['breakGlass', 'allow']),
    review: refs(source.breakGlass.review.approvers, ['breakGlass', 'review', 'approvers']),
    withinMs: ms(source.breakGlass.review.within),
    limit:
      source.breakGlass.limit === undefined
        ? null
        : {
            id: `${source.policy}/${BREAK_GLASS}`,
            max: source.breakGlass.limit.max,
            windowMs: ms(source.breakGlass.limit.window),
          },
  };
  if (faults.length > 0 || rules.includes(null)) return { policy: null, faults };
  const policy: CompiledPolicy = {
    name: source.policy,
    source,
    surfaces: source.surfaces,
    mode: source.mode,
    requires: source.requires,
    decimals: source.decimals,
    limits: Object.entries(source.limits).map(([name, limit]) => compileLimit(source.policy, name, limit)),
    rules: rules as CompiledRule[],
    breakGlass: breakGlass ?? null,
    holidays: new Map(Object.entries(holidays).map(([name, days]) => [name, new Set(days)])),
    disclose: source.disclose,
    show: source.show ?? [],
    effect: source.effect?.kind ?? null,
    sameness: compileSameness(source, rules as CompiledRule[]),
    notify: notified,
    outcomeWithinMs: ms(source.outcome.within),
    collectWithinMs: source.collectWithin === undefined ? null : ms(source.collectWithin),
    permitMs: ms(source.permit),
    releaseAfterMs: source.release?.after === undefined ? 0 : ms(source.release.after),
    offline: source.release?.offline === true,
    retainMs: source.retain === undefined ? null : ms(source.retain),
    advice,
    grants: compileGrants(source.grants),
  };
  return { policy, faults };
}

/** The expression of a text that starts with `=`, without it and the blanks after it; null for a plain text. */
export function expressionText(text: string): string | null {
  return text.startsWith('=') ? text.slice(1).trimStart() : null;
}

function ms(duration: string): number {
  const value = parseDuration(duration);
  if (value === null) throw new Error(`\`${duration}\` is not a duration`);
  return value;
}

/** How long a human's no stands where policy says nothing. */
const STANDS_MS = 24 * 3_600_000;

function standsMsOf(stands: Policy['refusalStands']): number {
  if (stands === 0) return 0;
  return stands === undefined || stands === 'ask' ? STANDS_MS : ms(stands);
}

function compileSameness(source: Policy, rules: readonly CompiledRule[]): CompiledSameness {
  const { amount = 'params.amount', currency = 'params.currency', refusalStands: stands } = source;
  const { requires, disclose, show = [] } = source;
  const paths = new Set([...requires, ...disclose, ...show]);
  for (const { when } of rules) for (const { path } of when.outline.fields) paths.add(path);
  const named = [...paths].sort();
  const below = (root: string, without: readonly string[]): string[] =>
    named.filter((path) => path.startsWith(`${root}.`) && !without.includes(path));
  return {
    fields: source.effect?.same ?? null,
    named: {
      resource: below('resource', ['resource.type', 'resource.version']),
      params: below('params', [amount, currency]),
    },
    amount,
    currency,
    standsMs: standsMsOf(stands),
    ask: stands === 'ask',
  };
}

function compileNotify(notify: Policy['notify']): CompiledNotify {
  return Array.isArray(notify) ? { to: notify, digestMs: null } : { to: notify.to, digestMs: ms(notify.digest) };
}

function compileGrants(grants: Policy['grants']): CompiledPolicy['grants'] {
  if (grants === undefined) return null;
  const upTo = grants.upTo === undefined ? null : readAmount(grants.upTo);
  return { upTo: upTo?.ok === true ? upTo.text : null, uses: grants.uses, withinMs: ms(grants.within) };
}

function compileLimit(policy: string, name: string, limit: Policy['limits'][string]): CompiledLimit {
  const max = readAmount(limit.max);
  return {
    id: `${policy}/${name}`,
    name,
    key: limit.key,
    sum: 'sum' in limit ? limit.sum : null,
    windowMs: ms(limit.window),
    max: max.ok ? max.text : '0',
  };
}

function compileChanges(
  rule: Extract<PolicyRule, { then: 'constrain' }>,
  path: Fault['path'],
  compile: (text: string, kind: Scope['kind'], path: Fault['path'], skipped: number) => Expression | null,
): CompiledRule['changes'] {
  return Object.keys(rule.changes)
    .sort()
    .map((target) => {
      const value = rule.changes[target] as Json;
      const text = typeof value === 'string' ? expressionText(value) : null;
      if (text === null || typeof value !== 'string') return { path: target, literal: value, expression: null };
      const expression = compile(text, 'value', [...path, target], value.length - text.length);
      return { path: target, literal: undefined, expression };
    });
}

function compileApproval(
  approval: PolicyApproval,
  path: Fault['path'],
  refs: (texts: readonly string[], path: Fault['path']) => CompiledRef[],
): CompiledApproval {
  return {
    stages: approval.stages.map((stage, index) => compileStage(stage, [...path, 'stages', index], refs)),
    expiresMs: ms(approval.expires),
    extendUpToMs: approval.extendUpTo === undefined ? null : ms(approval.extendUpTo),
    reason: approval.reason,
    fourEyes: approval.fourEyes,
    mayChange: approval.mayChange,
    via: approval.via,
    blind: approval.blind === 'accepted',
  };
}

function compileStage(
  stage: PolicyApproval['stages'][number],
  path: Fault['path'],
  refs: (texts: readonly string[], path: Fault['path']) => CompiledRef[],
): CompiledStage {
  return {
    name: stage.name,
    approvers: refs(stage.approvers, [...path, 'approvers']),
    quorum: stage.quorum,
    refusals: stage.refusals,
    remindMs: stage.remind === undefined ? null : ms(stage.remind),
    escalate: stage.escalate
      ? { afterMs: ms(stage.escalate.after), to: refs(stage.escalate.to, [...path, 'escalate', 'to']) }
      : null,
    assurance: stage.assurance ?? null,
  };
}

/** Paths that the schema accepts, but that no request can have. */
function checkPaths(source: Policy, faults: Fault[]): void {
  const lists: [Fault['path'], readonly string[]][] = [
    [['requires'], source.requires],
    [['decimals'], source.decimals],
    [['disclose'], source.disclose],
    [['show'], source.show ?? []],
    [['amount'], source.amount === undefined ? [] : [source.amount]],
    [['currency'], source.currency === undefined ? [] : [source.currency]],
    [['effect', 'same'], source.effect?.same ?? []],
    ...Object.entries(source.limits).map(([name, limit]): [Fault['path'], string[]] => [
      ['limits', name, 'key'],
      limit.key,
    ]),
    ...Object.entries(source.limits).flatMap(([name, limit]): [Fault['path'], string[]][] =>
      'sum' in limit ? [[['limits', name, 'sum'], [limit.sum]]] : [],
    ),
  ];
  for (const [path, texts] of lists) {
    texts.forEach((text, index) => {
      const problem = unknownField(text);
      if (problem !== null)
        faults.push({
          path: ['sum', 'amount', 'currency'].includes(String(path.at(-1))) ? path : [...path, index],
          offset: 0,
          ...problem,
        });
    });
  }
}

/** Names used twice, and spans that end before they start. */
function checkRules(source: Policy, faults: Fault[]): void {
  const seen = new Set<string>();
  source.rules.forEach((rule, index) => {
    const path: Fault['path'] = ['rules', index];
    if (seen.has(rule.id)) {
      faults.push({
        path: [...path, 'id'],
        offset: 0,
        message: `rule \`${rule.id}\` is there twice`,
        suggestion: 'rename one',
      });
    }
    seen.add(rule.id);
    if (rule.then !== 'supervise') return;
    const { approval } = rule;
    if (approval.extendUpTo !== undefined && ms(approval.extendUpTo) <= ms(approval.expires)) {
      faults.push({
        path: [...path, 'approval', 'extendUpTo'],
        offset: 0,
        message: `\`extendUpTo\` is not longer than \`expires\` (${approval.expires})`,
        suggestion: 'count it from the start of the wait, or leave it out',
      });
    }
  });
}
