import {
  EFFECT_KINDS,
  type ActionRequest,
  type EffectKind,
  type Facts,
  type Judgement,
  type TraceEntry,
  type Verdict,
} from '../contract/index.ts';
import { grantable, underGrant } from './grants.ts';
import { combine, refusedVerdict, type Combined } from './combine.ts';
import type { CompiledBundle, CompiledPolicy } from './compiled.ts';
import { instantOf } from '../canonical/index.ts';
import { judgeByPolicy } from './judge.ts';
import type { Opinion } from './opinion.ts';
import type { Trial } from './trial.ts';
import { leafPaths } from './paths.ts';
import { PERMIT_MAX_MS } from './schema.ts';
import { asVouched, type VouchedRequest } from './vouched.ts';

const neverStop = (): boolean => false;

/** The default time that an executor has to report. */
const OUTCOME_WITHIN_MS = 600_000;

export interface EvaluateOptions {
  /** Records the result of every rule. Off by default. */
  trace?: boolean;
  /**
   * True once the judgement took longer than it may: then whatever is not decided yet is refused with basis `error`. Never, by default;
   * the only thing that the verdict may depend on beside bundle, request and facts.
   */
  late?: () => boolean;
}

/**
 * Judges one validated request by one bundle under one set of facts (contract section 5). Pure: the same three give the same judgement, on
 * any machine, for ever. Never throws: every fault is a refusal with basis `error`. Without a bundle everything is refused.
 */
export function evaluate(
  bundle: CompiledBundle | null,
  request: ActionRequest,
  facts: Facts,
  options: EvaluateOptions = {},
): Judgement {
  const trace: TraceEntry[] = [];
  try {
    if (bundle === null)
      return refusal(null, 'error', 'no policy bundle is in force; publish one and ask again', trace);
    return judge(bundle, request, facts, trace, options);
  } catch {
    return refusal(bundle?.hash ?? null, 'error', 'the action could not be judged; nothing is released', trace);
  }
}

function judge(
  bundle: CompiledBundle,
  request: ActionRequest,
  facts: Facts,
  trace: TraceEntry[],
  options: EvaluateOptions,
): Judgement {
  if (facts.fault !== undefined) return refusal(bundle.hash, 'error', facts.fault, trace);
  if (facts.conflict !== null) return refusal(bundle.hash, 'unclear', facts.conflict, trace);
  const nowMs = instantOf(facts.now);
  if (nowMs === null) return refusal(bundle.hash, 'error', 'the facts hold no time to judge by', trace);
  const heard = asVouched(request, facts);
  const policies = bundle.surfaces.covering(request.surface);
  if (policies.length === 0) {
    return refusal(
      bundle.hash,
      'silence',
      `no policy speaks about surface \`${request.surface}\`; ask its owner to write one`,
      trace,
    );
  }
  const bindings = bundle.conditions.bind(heard, () => facts.now);
  const on: Trial = {
    bundle,
    request: heard,
    facts,
    nowMs,
    bindings,
    late: options.late ?? neverStop,
    trace: options.trace === true ? trace : null,
  };
  const opinions = policies.map((policy) => judgeByPolicy(policy, on));
  const enforced = opinions.filter((opinion) => opinion.policy.mode === 'enforce');
  const watched = enforced.length === opinions.length ? null : combine(opinions, on);
  const held = enforced.length === 0 ? null : combine(enforced, on);
  return judgement(policies, opinions, held, watched, on, trace);
}

/**
 * Puts together what holds (`held`, null when all policies only observe) and what would have been with the observing
 * policies enforced (`watched`, null when none observes).
 */
function judgement(
  policies: readonly CompiledPolicy[],
  opinions: readonly Opinion[],
  held: Combined | null,
  watched: Combined | null,
  on: Trial,
  trace: TraceEntry[],
): Judgement {
  const observed: Verdict | null = watched === null ? null : { ...watched.verdict, mode: 'observe' };
  const effect = worst(opinions.map(({ rule, policy }) => rule?.effect ?? policy.effect));
  const said = held ?? observedRelease(watched, policies, on);
  const bounds = said.plan === null ? null : grantable(opinions, said.plan, effect);
  const combined = underGrant(said, bounds, on.facts);
  const released = combined.verdict.decision !== 'refuse';
  const full = opinions.some((opinion) => opinion.rule?.log === 'full');
  const disclose = policies.flatMap((policy) => policy.disclose);
  const notify = opinions.flatMap((opinion) => (opinion.rule?.notify ?? opinion.policy.notify).to);
  const digestMs = combined.plan === null ? null : digestOf(opinions, on.request);
  return {
    verdict: combined.verdict,
    observed,
    plan: combined.plan,
    reservations: released ? combined.reservations : [],
    disclose: [
      ...new Set(full ? [...disclose, ...leafPaths(on.request, ['resource', 'params', 'context'])] : disclose),
    ].sort(),
    show: [...new Set(policies.flatMap((policy) => policy.show))].sort(),
    material: materialOf(opinions),
    notify: [...new Set(notify)],
    ...(digestMs === null ? {} : { digestMs }),
    outcomeWithinMs: Math.min(...policies.map((policy) => policy.outcomeWithinMs)),
    collectWithinMs: shortest(policies.map((policy) => policy.collectWithinMs)),
    permitMs: Math.min(...policies.map((policy) => policy.permitMs)),
    releaseAfterMs: Math.max(...policies.map((policy) => policy.releaseAfterMs)),
    retainMs: longestOf(policies),
    effect,
    ...(isOffline(opinions) ? { offline: true as const } : {}),
    review: combined.review,
    ...(combined.grant === undefined ? {} : { grant: combined.grant }),
    trace,
  };
}

/** How long this question to people is gathered with others; null where a policy wants it announced immediately, or it is urgent. */
function digestOf(opinions: readonly Opinion[], { context }: VouchedRequest): number | null {
  if (context?.urgency === 'emergency') return null;
  const asking = opinions.filter(({ draft }) => draft !== null);
  const times = asking.map(({ rule, policy }) => (rule?.notify ?? policy.notify).digestMs);
  return times.includes(null) ? null : shortest(times);
}

/** Every policy has to allow it, and to say that the effect can be undone, because nobody counts uses while the engine is away. */
const isOffline = (opinions: readonly Opinion[]): boolean =>
  opinions.every(({ rule, policy }) => {
    const effect = rule?.effect ?? policy.effect;
    return policy.offline && effect !== null && effect !== 'irreversible';
  });

/** The fields that policies which ask people depend on: required fields, and those that the condition of the asking rule reads. */
function materialOf(opinions: readonly Opinion[]): string[] {
  const paths = opinions
    .filter(({ draft }) => draft !== null)
    .flatMap(({ policy, rule }) => [
      ...policy.requires,
      ...(rule?.when.outline.fields.map((field) => field.path) ?? []),
    ]);
  return [...new Set(paths.filter((path) => /^(params|resource)\./.test(path)))].sort();
}

/** How long a bundle keeps the payload of an action on a surface, in milliseconds; null for ever. */
export const retentionOf = (bundle: CompiledBundle, surface: string): number | null =>
  longestOf(bundle.surfaces.covering(surface));

/** The longest retention of all policies counts; it is unlimited where one policy names none, or none applies. */
function longestOf(policies: readonly CompiledPolicy[]): number | null {
  const retained = policies.map(({ retainMs }) => retainMs);
  return retained.length === 0 || retained.includes(null) ? null : Math.max(...retained.map((ms) => ms ?? 0));
}

/** The worst of the given kinds, or null if there is none. */
function worst(kinds: readonly (EffectKind | null)[]): EffectKind | null {
  return EFFECT_KINDS.findLast((kind) => kinds.includes(kind)) ?? null;
}

/** The smallest of the given values, or null if there is none. */
function shortest(times: readonly (number | null)[]): number | null {
  const given = times.filter((time) => time !== null);
  return given.length === 0 ? null : Math.min(...given);
}

/** Everything is released, unchanged, and says so; limits count as they would have. */
function observedRelease(watched: Combined | null, policies: readonly CompiledPolicy[], on: Trial): Combined {
  const would = watched?.verdict;
  return {
    verdict: {
      decision: 'approve',
      basis: 'rule',
      bundle: on.bundle.hash,
      policy: would?.policy ?? policies[0]?.name ?? null,
      rule: would?.rule ?? null,
      reasons: [`released because the policy only observes; it would have said ${would?.decision ?? 'refuse'}`],
      mode: 'observe',
      changes: null,
    },
    plan: null,
    review: null,
    reservations: watched?.reservations ?? [],
  };
}

function refusal(bundle: string | null, basis: Verdict['basis'], reason: string, trace: TraceEntry[]): Judgement {
  return {
    verdict: refusedVerdict(bundle, basis, reason),
    observed: null,
    plan: null,
    reservations: [],
    disclose: [],
    show: [],
    material: [],
    notify: [],
    outcomeWithinMs: OUTCOME_WITHIN_MS,
    collectWithinMs: null,
    permitMs: PERMIT_MAX_MS,
    releaseAfterMs: 0,
    retainMs: null,
    effect: null,
    review: null,
    trace,
  };
}
