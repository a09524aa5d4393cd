/** Tests of amounts: just below a bound, released twice, too round, or with unlikely first digits. */
import {
  DAY_MS,
  groupBy,
  HOUR_MS,
  idsOf,
  isAbove,
  isPriced,
  keyOf,
  round,
  runs,
  shareOf,
  sumOf,
  timeOf,
  type Priced,
} from './group.ts';
import type { AuditTest, AuditFinding } from './types.ts';

/** An amount below half of a bound is not part of a split. */
const PART_SHARE = 0.5;

const priced = (actions: Parameters<AuditTest['run']>[0]): Priced[] => actions.filter(isPriced);

/** Sums above a tier, asked for in parts below it. Caseware "Splitting of Entries"; IDEA, potential splitting. */
export const splitUnderTier: AuditTest<{ hours: number; nearShare: number; strongShare: number; strongCount: number }> =
  {
    name: 'split-under-tier',
    across: true,
    version: 1,
    question: 'Was one amount asked for in parts, each below a bound that the whole is above?',
    defaults: { hours: 24, nearShare: 0.9, strongShare: 0.8, strongCount: 3 },
    run(actions, { hours, nearShare, strongShare, strongCount }, { tiers }) {
      const findings: AuditFinding[] = [];
      const groups = groupBy(priced(actions), ({ requester, surface, currency }) =>
        keyOf(requester, surface, currency),
      );
      for (const group of groups.values()) {
        const [first] = group;
        for (const tier of tiers.get(first?.surface ?? '') ?? []) {
          // An amount above the tier was judged by it, and one far below is not part of a split.
          const below = group.filter(({ amount }) => !isAbove(amount, tier) && shareOf(amount, tier) >= PART_SHARE);
          const splits = (parts: readonly Priced[]): Priced[][] =>
            runs(parts, hours * HOUR_MS).filter(
              (run) => run.length > 1 && isAbove(sumOf(run.map(({ amount }) => amount)), tier),
            );
          const isStrong = (run: readonly Priced[]): boolean => {
            const close = run.filter(({ amount }) => shareOf(amount, tier) >= strongShare);
            const resources = new Set(run.map(({ resource }) => resource));
            return close.length >= strongCount || (resources.size === 1 && !resources.has(null));
          };
          const strong = splits(below).filter(isStrong);
          const named = new Set(strong.flat());
          const near = splits(below.filter((one) => shareOf(one.amount, tier) > nearShare && !named.has(one)));
          findings.push(
            ...strong.map((run) => splitFinding(run, tier, 'strong')),
            ...near.map((run) => splitFinding(run, tier, 'near')),
          );
        }
      }
      return findings;
    },
  };

function splitFinding(run: readonly Priced[], tier: string, strength: 'strong' | 'near'): AuditFinding {
  const [first] = run;
  const sum = sumOf(run.map(({ amount }) => amount));
  return {
    test: 'split-under-tier',
    version: 1,
    actions: idsOf(run),
    figures: { tier, sum, parts: run.length, strength },
    sentence: `${first?.requester ?? ''} asked for ${run.length} × ${first?.surface ?? ''} of at most ${tier} ${first?.currency ?? ''} each, together ${sum}: one of ${sum} would have been above the bound`,
  };
}

/** More just below a bound than just above it. Caseware. */
export const bunching: AuditTest<{ below: number; above: number; ratio: number; least: number }> = {
  name: 'bunching',
  version: 1,
  question: 'Are there many more amounts just below a bound than just above it?',
  defaults: { below: 0.95, above: 1.05, ratio: 3, least: 20 },
  run(actions, { below, above, ratio, least }, { tiers }) {
    const findings: AuditFinding[] = [];
    const groups = groupBy(priced(actions), ({ surface, currency }) => keyOf(surface, currency));
    for (const group of groups.values()) {
      const { surface = '', currency = '' } = group[0] ?? {};
      for (const tier of tiers.get(surface) ?? []) {
        const under = group.filter(({ amount }) => shareOf(amount, tier) >= below && !isAbove(amount, tier));
        const over = group.filter(({ amount }) => isAbove(amount, tier) && shareOf(amount, tier) <= above);
        if (under.length < least || under.length < ratio * Math.max(1, over.length)) continue;
        findings.push({
          test: 'bunching',
          version: 1,
          actions: idsOf(under),
          figures: { tier, below: under.length, above: over.length },
          sentence: `${under.length} × ${surface} within ${round((1 - below) * 100)} % below ${tier} ${currency}, and ${over.length} within as much above it`,
        });
      }
    }
    return findings;
  },
};

/** The same released twice. EZ-R, same-same-same. */
export const duplicate: AuditTest<{ days: number; weakDays: number }> = {
  name: 'duplicate',
  across: true,
  version: 1,
  question: 'Was the same amount released twice?',
  defaults: { days: 30, weakDays: 7 },
  run(actions, { days, weakDays }) {
    const released = priced(actions).filter(({ releasedAt }) => releasedAt !== null);
    const strong = pairs(
      released,
      (one) => (one.resource === null ? null : keyOf(one.surface, one.resource, one.amount, one.currency)),
      days,
    );
    const named = new Set(strong.flat().map(({ action }) => action));
    const weak = pairs(
      // Without a resource, only the requester and the amount can show that two are the same.
      released.filter(({ action, resource }) => resource === null && !named.has(action)),
      (one) => keyOf(one.surface, one.requester, one.amount, one.currency),
      weakDays,
    );
    const say = (group: readonly Priced[], strength: string): AuditFinding => {
      const { surface = '', amount = '', currency = '', resource = null, requester = '' } = group[0] ?? {};
      return {
        test: 'duplicate',
        version: 1,
        actions: idsOf(group),
        figures: { amount, times: group.length, strength },
        sentence: `${surface} of ${amount} ${currency} was released ${group.length} times for ${resource ?? requester}`,
      };
    };
    return [...strong.map((group) => say(group, 'strong')), ...weak.map((group) => say(group, 'weak'))];
  },
};

const pairs = (items: readonly Priced[], key: (item: Priced) => string | null, days: number): Priced[][] =>
  [...groupBy(items, key).values()].flatMap((group) => runs(group, days * DAY_MS).filter(({ length }) => length > 1));

/** Amounts that are too round. AU-C 240; CCH standard journal tests. */
export const roundAmounts: AuditTest<{
  base: number;
  wholeBase: number;
  ratio: number;
  least: number;
  count: number;
  days: number;
}> = {
  name: 'round-amounts',
  version: 1,
  question: 'Does somebody ask for round amounts far more often than others do?',
  defaults: { base: 100, wholeBase: 10_000, ratio: 3, least: 20, count: 3, days: 30 },
  run(actions, { base, wholeBase, ratio, least, count, days }) {
    const isRound = ({ amount }: Priced): boolean => {
      const whole = amount.includes('.') ? base : wholeBase;
      return Number(amount) > 0 && Number(amount) % whole === 0;
    };
    const findings: AuditFinding[] = [];
    for (const surface of groupBy(priced(actions), (one) => keyOf(one.surface, one.currency)).values()) {
      const actors = groupBy(surface, ({ actor }) => actor);
      for (const [actor, theirs] of actors) {
        const others = surface.filter((one) => one.actor !== actor);
        const mine = theirs.filter(isRound);
        if (theirs.length < least || others.length === 0) continue;
        const share = mine.length / theirs.length;
        const usual = others.filter(isRound).length / others.length;
        const dense = mine.some((one, at) => {
          const last = mine[at + count - 1];
          return last !== undefined && timeOf(last.askedAt) - timeOf(one.askedAt) <= days * DAY_MS;
        });
        if (!dense || share < ratio * Math.max(usual, 1 / others.length)) continue;
        findings.push({
          test: 'round-amounts',
          version: 1,
          actions: idsOf(mine),
          figures: { round: mine.length, of: theirs.length, share: round(share), usual: round(usual) },
          sentence: `${mine.length} of ${theirs.length} amounts that ${actor} asked for are round; of the others’ it is ${round(usual * 100)} %`,
        });
      }
    }
    return findings;
  },
};

/** Nigrini's limits of the mean absolute deviation of first digits, as in R's `benford.analysis`. */
const NIGRINI = [
  { below: 0.006, says: 'close' },
  { below: 0.012, says: 'acceptable' },
  { below: 0.015, says: 'marginal' },
] as const;

/** First digits. It looks at requested amounts, never at overrides, because a tier cuts the range of those. */
export const benford: AuditTest<{ least: number; orders: number }> = {
  name: 'benford',
  version: 1,
  question: 'Do the first digits of the amounts asked for come as often as Benford’s law says?',
  defaults: { least: 500, orders: 2 },
  run(actions, { least, orders }) {
    const findings: AuditFinding[] = [];
    for (const group of groupBy(priced(actions), (one) => keyOf(one.surface, one.currency)).values()) {
      const values = group.map(({ amount }) => Math.abs(Number(amount))).filter((value) => value > 0);
      if (values.length < least) continue;
      const [smallest, largest] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
      if (Math.log10(largest / smallest) < orders) continue;
      const counts = Array.from({ length: 9 }, () => 0);
      for (const value of values) {
        const digit = Number(value.toExponential()[0]);
        counts[digit - 1] = (counts[digit - 1] ?? 0) + 1;
      }
      const deviation =
        counts
          .map((count, at) => Math.abs(count / values.length - Math.log10(1 + 1 / (at + 1))))
          .reduce((a, b) => a + b) / 9;
      if (NIGRINI.some(({ below }) => deviation < below)) continue;
      const { surface = '', currency = '' } = group[0] ?? {};
      findings.push({
        test: 'benford',
        version: 1,
        actions: [],
        figures: { surface, currency, amounts: values.length, deviation: round(deviation, 4), ...digits(counts) },
        sentence: `the first digits of ${values.length} amounts of ${surface} in ${currency} do not come as often as expected; that has many innocent reasons, prices among them`,
      });
    }
    return findings;
  },
};

const digits = (counts: readonly number[]): Record<string, number> =>
  Object.fromEntries(counts.map((count, at) => [`digit${at + 1}`, count]));
