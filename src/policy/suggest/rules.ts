/** Rules that would have approved what people approved anyway. They read only what the policy discloses. */
import type { Json } from '../../contract/index.ts';
import { readAmount } from '../amounts.ts';
import { readPath } from '../paths.ts';
import type { AskingRule, DecidedCase, Draft } from './types.ts';

/** One condition on a field, and the cases that meet it. */
interface Part {
  text: string;
  says: string;
  cases: readonly DecidedCase[];
}

type Guard = (path: string, text: string) => string;

/** Values of one field that are tried; a rule with more is unlikely. */
const VALUES_MAX = 20;
/** Drafts of one rule. */
const DRAFTS_MAX = 200;

const PLAIN = /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,120}$/;

/**
 * Every amount up to which people approved, alone and for each value of each field, and every value by itself, if at most `through` of what
 * it covers was refused and at least `least` approved. The one that covers most comes first.
 */
export function ruleDrafts(
  { policy, cases }: AskingRule,
  { through, least }: { through: number; least: number },
): Draft[] {
  const { amount, currency } = policy.sameness;
  const disclosed = policy.disclose.filter((path) => /^(params|resource|context)\./.test(path));
  const money = disclosed.includes(amount) ? amount : null;
  /** A field that may be missing is tested with `has()` first, because reading it would refuse. */
  const guarded = (path: string, text: string): string =>
    path === 'actor.id' || policy.requires.includes(path) ? text : `has(${path}) && ${text}`;
  const units = money !== null && disclosed.includes(currency) ? valuesOf(cases, currency, guarded) : [all(cases)];
  const fields = ['actor.id', ...disclosed.filter((path) => path !== amount && path !== currency)];
  const drafts: Draft[] = [];
  for (const unit of units) {
    for (const part of [all(unit.cases), ...fields.flatMap((path) => valuesOf(unit.cases, path, guarded))]) {
      const bound = money === null ? null : boundOf(part.cases, money, through, guarded);
      const parts = [unit, part, ...(bound === null ? [] : [bound])].filter(({ text }) => text !== '');
      const covered = bound?.cases ?? (money === null ? part.cases : []);
      const approved = covered.filter(({ decided }) => decided === 'approved');
      const refused = covered.filter(({ decided }) => decided === 'refused');
      // Without any condition the rule would approve everything.
      if (parts.length === 0 || approved.length < least || refused.length > through) continue;
      const inside = approved.at(-1);
      if (inside === undefined) continue;
      const outside = cases.find((one) => !covered.includes(one)) ?? null;
      const says = parts.map((one) => one.says).join(', ');
      const when = parts.map(({ text }) => text).join(' && ');
      const promised = approved.length;
      drafts.push({ kind: 'rule', says, promised, when, grants: null, inside, outside, counted: null });
      if (drafts.length === DRAFTS_MAX) return drafts;
    }
  }
  return drafts;
}

const all = (cases: readonly DecidedCase[]): Part => ({ text: '', says: '', cases });

/** Each value of a field that is plain text, with its cases. */
function valuesOf(cases: readonly DecidedCase[], path: string, guarded: Guard): Part[] {
  const groups = new Map<string, DecidedCase[]>();
  for (const one of cases) {
    const value = readPath(one.request, path);
    if (typeof value !== 'string' || !PLAIN.test(value)) continue;
    const group = groups.get(value) ?? [];
    groups.set(value, group);
    group.push(one);
  }
  if (groups.size > VALUES_MAX) return [];
  return [...groups].map(([value, some]) => ({
    text: guarded(path, `${path} == "${value}"`),
    says: `${path} is ${value}`,
    cases: some,
  }));
}

/** The largest amount that people approved with at most `through` refused up to it, and the cases up to it in the order of their amounts. */
function boundOf(cases: readonly DecidedCase[], path: string, through: number, guarded: Guard): Part | null {
  const sorted = cases
    .flatMap((one) => {
      const amount = amountOf(readPath(one.request, path));
      return amount === null ? [] : [{ one, amount }];
    })
    .sort((a, b) => a.amount.value - b.amount.value);
  const last = (at: number): boolean => sorted[at]?.amount.value !== sorted[at + 1]?.amount.value;
  let refused = 0;
  let end = -1;
  for (const [at, { one }] of sorted.entries()) {
    if (one.decided === 'refused') refused += 1;
    if (refused > through) break;
    // All cases of one amount, or none of them.
    if (last(at)) end = at;
  }
  // Not beyond an amount that somebody approved.
  while (end >= 0 && sorted[end]?.one.decided !== 'approved') end -= 1;
  const most = sorted[end];
  if (most === undefined) return null;
  const within = sorted.filter(({ amount }) => amount.value <= most.amount.value).map(({ one }) => one);
  const { text } = most.amount;
  return { text: guarded(path, `${path} <= ${text}`), says: `${path} is at most ${text}`, cases: byDecision(within) };
}

/** Approved ones last, so that the last one is the largest that was approved. */
const byDecision = (cases: readonly DecidedCase[]): DecidedCase[] => [
  ...cases.filter(({ decided }) => decided !== 'approved'),
  ...cases.filter(({ decided }) => decided === 'approved'),
];

function amountOf(json: Json | undefined): { text: string; value: number } | null {
  const read = json === undefined || json === null ? null : readAmount(json);
  return read?.ok === true && read.value >= 0 ? read : null;
}
